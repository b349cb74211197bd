"""Watches: what matches, what does not, and the same as the slow way says."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.kind import Kind
from tipd.model.watch import NO_WATCHES, Watch, Watches, WatchFault

ALL = Watches(
    [
        Watch(name="nets", networks=["198.51.100.0/24", "203.0.113.7", "2001:db8::/32", "192.0.2.0/255.255.255.0"]),
        Watch(name="as", asns=[64500]),
        Watch(name="names", domains=["example.org", "Bücher.example"]),
        Watch(name="words", patterns=["(?i)acme", "^https://pay"]),
        Watch(name="alike", looks_like=["example.org"]),
        Watch(name="inner", networks=["198.51.100.0/28"]),
    ],
    asn_of=lambda address: 64500 if address == "192.0.2.200" else None,
)


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        (Kind.IPV4, "198.51.100.7", ("nets", "inner")),
        (Kind.IPV4, "198.51.100.16", ("nets",)),
        (Kind.IPV4, "198.51.101.0", ()),
        (Kind.IPV4, "203.0.113.7", ("nets",)),
        (Kind.IPV4, "203.0.113.8", ()),
        (Kind.IPV4, "192.0.2.200", ("nets", "as")),
        (Kind.IPV6, "2001:db8::1", ("nets",)),
        (Kind.IPV6, "2001:db9::", ()),
        (Kind.NETWORK, "198.51.0.0/16", ("nets", "inner")),
        (Kind.NETWORK, "198.51.100.0/30", ("nets", "inner")),
        (Kind.NETWORK, "198.51.100.128/25", ("nets",)),
        (Kind.NETWORK, "203.0.113.4/30", ("nets",)),
        (Kind.NETWORK, "10.0.0.0/8", ()),
        (Kind.NETWORK, "2001::/16", ("nets",)),
        (Kind.ASN, "AS64500", ("as",)),
        (Kind.ASN, "AS64501", ()),
        (Kind.DOMAIN, "example.org", ("names",)),
        (Kind.DOMAIN, "a.b.example.org", ("names",)),
        (Kind.DOMAIN, "xn--bcher-kva.example", ("names",)),
        (Kind.DOMAIN, "notexample.org", ("alike",)),
        (Kind.DOMAIN, "unrelated.net", ()),
        (Kind.DOMAIN, "acme.net", ("words",)),
        (Kind.URL, "https://www.example.org:8443/x?y#z", ("names",)),
        (Kind.URL, "https://user:example.org@unrelated.net/", ()),
        (Kind.URL, "http://198.51.100.99/a", ("nets",)),
        (Kind.URL, "http://[2001:db8::7]:81/", ("nets",)),
        (Kind.URL, "https://pay.unrelated.net/ACME", ("words",)),
        (Kind.URL, "http://unrelated.net/example.org", ()),
        (Kind.EMAIL, "someone@mail.example.org", ("names",)),
        (Kind.EMAIL, "example.org@unrelated.net", ()),
        (Kind.SHA256, "00" * 32, ()),
    ],
)
def test_matching(kind: Kind, value: str, names: tuple[str, ...]) -> None:
    assert ALL.match(kind, value) == names
    assert {name for name, _ in ALL.why(kind, value)} == set(names)


@pytest.mark.parametrize(
    ("watch", "key", "at"),
    [
        (Watch(name="x", networks=["192.0.2.0/24", "192.0.2.0/33"]), "networks", 1),
        (Watch(name="x", networks=["example.org"]), "networks", 0),
        (Watch(name="x", domains=["exa mple.org"]), "domains", 0),
        (Watch(name="x", looks_like=["example.org", ""]), "looks_like", 1),
        (Watch(name="x", patterns=["fine", "(broken"]), "patterns", 1),
        (Watch(name="x", patterns=["a" * 2001]), "patterns", 0),
        (Watch(name="x", patterns=["(a{1000}){1000}"]), "patterns", 0),
    ],
)
def test_a_fault_says_where(watch: Watch, key: str, at: int) -> None:
    with pytest.raises(WatchFault) as caught:
        Watches([Watch(name="first", domains=["example.org"]), watch])
    assert (caught.value.watch, caught.value.key, caught.value.at) == (1, key, at)
    assert str(caught.value)


def test_no_watches() -> None:
    assert not NO_WATCHES
    assert NO_WATCHES.match(Kind.IPV4, "192.0.2.1") == ()
    assert ALL


networks = st.builds(
    lambda number, prefix: ipaddress.ip_network((number >> (32 - prefix) << (32 - prefix), prefix)),
    st.integers(0xC0000000, 0xC00001FF),
    st.integers(20, 32),
)


@given(st.lists(st.lists(networks, max_size=5), max_size=4), st.integers(0xC0000000, 0xC00001FF), networks)
def test_networks_as_the_slow_way_says(lists, number, network) -> None:
    watches = Watches([Watch(name=str(at), networks=[str(one) for one in nets]) for at, nets in enumerate(lists)])
    address = ipaddress.ip_address(number)
    holding = tuple(str(at) for at, nets in enumerate(lists) if any(address in one for one in nets))
    assert watches.match(Kind.IPV4, str(address)) == holding
    touching = tuple(str(at) for at, nets in enumerate(lists) if any(network.overlaps(one) for one in nets))
    assert watches.match(Kind.NETWORK, str(network)) == touching


@given(st.sampled_from(list(Kind)), st.text(max_size=60))
def test_no_value_breaks_it(kind: Kind, value: str) -> None:
    assert isinstance(ALL.match(kind, value), tuple)
