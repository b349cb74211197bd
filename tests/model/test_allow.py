"""The matcher of the allowlist, held against the standard library's idea of networks and names."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.allow import Allowance, AllowList, readable
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind

START = datetime(2026, 3, 15, 12, tzinfo=UTC)


def allow(text: str, until: datetime | None = None) -> Allowance:
    indicator = canonical(text, poison=False)
    return Allowance(kind=indicator.kind, value=indicator.value, reason="ours", by="uid 0", created=START, until=until)


def allowing(*texts: str) -> AllowList:
    return AllowList.of(allow(text) for text in texts)


@pytest.mark.parametrize(
    ("entry", "value", "covered"),
    [
        ("192.0.2.5", "192.0.2.5", True),
        ("192.0.2.5", "192.0.2.6", False),
        ("192.0.2.5", "192.0.2.4/31", False),
        ("192.0.2.0/24", "192.0.2.5", True),
        ("192.0.2.0/24", "192.0.2.0/24", True),
        ("192.0.2.0/24", "192.0.2.128/25", True),
        ("192.0.2.0/24", "192.0.0.0/16", False),
        ("192.0.2.0/24", "http://192.0.2.9/a", True),
        ("192.0.2.0/24", "http://198.51.100.9/a", False),
        ("2001:db8::/32", "2001:db8::1", True),
        ("2001:db8::/32", "http://[2001:db8::1]:8080/x", True),
        ("2001:db8::1", "2001:db8::2", False),
        ("2001:db8::/96", "192.0.2.5", False),
        ("example.org", "example.org", True),
        ("example.org", "a.b.example.org", True),
        ("example.org", "notexample.org", False),
        ("www.example.org", "example.org", False),
        ("example.org", "https://www.example.org/x?y", True),
        ("example.org", "https://example.org.example.net/", False),
        ("example.org", "someone@example.org", False),
        ("someone@example.org", "someone@example.org", True),
        ("https://example.org/x", "https://example.org/x", True),
        ("https://example.org/x", "https://example.org/y", False),
        ("https://example.org/x", "example.org", False),
        ("AS64500", "AS64500", True),
        ("AS64500", "AS64501", False),
        ("a" * 40, "a" * 40, True),
        ("a" * 64, "b" * 64, False),
    ],
)
def test_what_an_entry_covers(entry: str, value: str, covered: bool) -> None:
    asked = canonical(value, poison=False)
    mine = allowing(entry, "203.0.113.77", "elsewhere.example.com")
    assert mine.covers(asked.kind, asked.value) is covered
    found = mine.covering(asked.kind, asked.value)
    assert (found is not None and found.value == canonical(entry, poison=False).value) is covered


def test_a_hash_is_allowed_as_a_certificate_too() -> None:
    mine = allowing("a" * 40, "b" * 64)
    assert mine.covers(Kind.CERT_SHA1, "a" * 40)
    assert mine.covers(Kind.CERT_SHA256, "b" * 64)
    assert not mine.covers(Kind.CERT_SHA256, "c" * 64)


def test_the_nearest_entry_is_named() -> None:
    mine = allowing("192.0.0.0/16", "192.0.2.0/24", "example.org", "b.example.org")
    for kind, value, nearest in (
        (Kind.IPV4, "192.0.2.1", "192.0.2.0/24"),
        (Kind.IPV4, "192.0.3.1", "192.0.0.0/16"),
        (Kind.DOMAIN, "a.b.example.org", "b.example.org"),
        (Kind.DOMAIN, "c.example.org", "example.org"),
    ):
        found = mine.covering(kind, value)
        assert found is not None
        assert found.value == nearest


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0.0.0.0/0", "too_wide"),
        ("::/0", "too_wide"),
        ("128.0.0.0/1", "too_wide"),
        ("com", "public_suffix"),
        ("co.uk", "public_suffix"),
        ("", "empty"),
        ("not a value", "malformed"),
        ("192.0.2.0/33", "malformed"),
        ("192.0.2.1-192.0.2.9", "malformed"),
    ],
)
def test_what_may_not_be_allowed(text: str, reason: str) -> None:
    with pytest.raises(RefusedValue) as refused:
        readable(text)
    assert refused.value.reason == reason


def test_private_addresses_may_be_allowed() -> None:
    assert readable("10.1.2.3").value == "10.1.2.3"
    assert readable("10.0.0.0/8").value == "10.0.0.0/8"
    assert readable("hxxp://example[.]org/x").kind is Kind.URL


def test_entries_end_by_time() -> None:
    hour = timedelta(hours=1)
    mine = AllowList.of([allow("192.0.2.1", START + hour), allow("192.0.2.2", START + 2 * hour), allow("192.0.2.3")])
    assert mine.ends == START + hour
    assert mine.at(START) is mine
    later = mine.at(START + hour)
    assert not later.covers(Kind.IPV4, "192.0.2.1")
    assert later.covers(Kind.IPV4, "192.0.2.2")
    last = later.at(START + 3 * hour)
    assert last.ends is None
    assert [entry.value for entry in last.entries] == ["192.0.2.3"]
    assert not AllowList()
    assert not AllowList().covers(Kind.IPV4, "192.0.2.1")
    assert AllowList().carve("192.0.2.0/24") is None


def test_carving() -> None:
    mine = allowing("192.0.2.128/25", "192.0.2.5", "2001:db8::1", "198.51.100.0/24")
    assert mine.carve("203.0.113.0/24") is None
    assert mine.carve("2001:db9::/32") is None
    assert mine.carve("198.51.100.0/25") == []
    assert [one.value for one in mine.carve("192.0.2.0/24") or ()] == [
        "192.0.2.0/30",
        "192.0.2.4",
        "192.0.2.6/31",
        "192.0.2.8/29",
        "192.0.2.16/28",
        "192.0.2.32/27",
        "192.0.2.64/26",
    ]
    assert len(mine.carve("2001:db8::/32") or ()) == 96


def _small() -> st.SearchStrategy[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Networks inside one /24 and one /120, so that they meet often."""
    four = st.builds(
        lambda host, length: ipaddress.ip_network((f"192.0.2.{host}", length), strict=False),
        st.integers(0, 255),
        st.integers(22, 32),
    )
    six = st.builds(
        lambda host, length: ipaddress.ip_network((f"2001:db8::{host:x}", length), strict=False),
        st.integers(0, 255),
        st.integers(118, 128),
    )
    return st.one_of(four, six)


def _text(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    return str(network.network_address) if network.prefixlen == network.max_prefixlen else str(network)


@given(st.lists(_small(), max_size=8), _small())
def test_networks_as_the_standard_library_sees_them(entries: list, asked) -> None:
    mine = allowing(*map(_text, entries))
    around = [entry for entry in entries if entry.version == asked.version and asked.subnet_of(entry)]
    value = canonical(_text(asked), poison=False)
    found = mine.covering(value.kind, value.value)
    assert (found is not None) == bool(around)
    if found is not None:
        assert ipaddress.ip_network(found.value).prefixlen == max(entry.prefixlen for entry in around)


@given(st.lists(_small(), max_size=8), _small().filter(lambda network: network.num_addresses > 1))
def test_carving_leaves_exactly_what_is_not_allowed_in_the_fewest_networks(entries: list, listed) -> None:
    allowed = {
        address for entry in entries if entry.version == listed.version for address in entry if address in listed
    }
    carved = allowing(*map(_text, entries)).carve(str(listed))
    if carved is None:
        assert not allowed
        return
    assert allowed
    networks = [ipaddress.ip_network(one.value) for one in carved]
    assert {address for network in networks for address in network} == set(listed) - allowed
    assert networks == list(ipaddress.collapse_addresses(networks))
    assert all((one.kind is Kind.NETWORK) == ("/" in one.value) for one in carved)


_LABEL = st.sampled_from(["a", "b", "example"])


@given(
    st.lists(st.lists(_LABEL, min_size=1, max_size=3), max_size=4),
    st.lists(_LABEL, min_size=1, max_size=4),
    st.booleans(),
)
def test_names_are_covered_by_themselves_and_what_is_above(
    entries: list[list[str]], asked: list[str], as_url: bool
) -> None:
    names = [".".join([*labels, "org"]) for labels in entries]
    name = ".".join([*asked, "org"])
    expected = any(name == entry or name.endswith(f".{entry}") for entry in names)
    mine = AllowList.of(allow(entry) for entry in names)
    value = canonical(f"http://{name}/x" if as_url else name, poison=False)
    assert mine.covers(value.kind, value.value) is expected
