import ipaddress
import json
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.store.lookup import LookupIndex
from tipd.store.lookup.answers import confidence


def ask(index: LookupIndex, *values: str) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values))["results"]


def test_the_shape_of_an_answer(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.7", 3)])
    assert ask(index, "192.0.2.7", "192.0.2.8") == [
        {
            "value": "192.0.2.7",
            "kind": "ipv4",
            "listed": True,
            "confidence": 0.95,
            "sources": ["one", 'th"ree'],
            "matches": [{"kind": "ipv4", "value": "192.0.2.7", "how": "exact"}],
        },
        {"value": "192.0.2.8", "kind": "ipv4", "listed": False, "confidence": 0.0, "sources": [], "matches": []},
    ]
    assert json.loads(index.lookup([])) == {"results": []}


def test_what_cannot_be_read_is_an_answer_too(index_of: Any) -> None:
    results = ask(index_of([]), "", "no indicator", 'a"b\\c\n\x04', "\ud800", "300.1.1.1", "x" * 9000, "-")
    assert [(result["kind"], result["listed"], result["matches"]) for result in results] == [(None, False, [])] * 7
    assert [result["error"] for result in results] == [
        "empty",
        *["malformed"] * 4,
        "too_long",
        "malformed",
    ]
    assert results[2]["value"] == 'a"b\\c\n\x04'


def test_private_and_public_names_are_answered_without_judging(index_of: Any) -> None:
    results = ask(index_of([]), "10.0.0.1", "co.uk", "localhost", "0.0.0.0/0")
    assert [result["kind"] for result in results] == ["ipv4", "domain", "domain", "network"]
    assert not any("error" in result for result in results)


def test_the_canonical_form_stands_beside_what_was_asked(index_of: Any) -> None:
    index = index_of([("example.org", 1), ("192.0.2.7", 1), ("http://example.net/", 2)])
    for asked, form in [
        ("EXAMPLE[.]org", "example.org"),
        ("192.0.2[.]7", "192.0.2.7"),
        ("192.0.2.7:80", "192.0.2.7"),
        ("hxxp://Example.NET", "http://example.net/"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
    ]:
        (result,) = ask(index, asked)
        assert (result["value"], result["canonical"], result["listed"]) == (asked, form, True)
    assert "canonical" not in ask(index, "example.org")[0]


@pytest.mark.parametrize(
    ("asked", "matches"),
    [
        ("192.0.2.7", [("192.0.2.7", "exact"), ("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.200", [("192.0.2.0/24", "contained")]),
        ("192.0.2.0/25", [("192.0.2.0/25", "exact"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.64/26", [("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.2.65/26", [("192.0.2.0/25", "contained"), ("192.0.2.0/24", "contained")]),
        ("192.0.0.0/16", []),
        ("2001:db8::1", [("2001:db8::1", "exact"), ("2001:db8::/64", "contained"), ("2001:db8::/32", "contained")]),
        ("2001:DB8:0:0::2", [("2001:db8::/64", "contained"), ("2001:db8::/32", "contained")]),
        ("2001:db8::/64", [("2001:db8::/64", "exact"), ("2001:db8::/32", "contained")]),
        ("2001:db9::/64", []),
        ("www.bad.example.org", [("bad.example.org", "parent"), ("example.org", "parent")]),
        ("bad.example.org", [("bad.example.org", "exact"), ("example.org", "parent")]),
        ("WWW.bad.example.org", [("bad.example.org", "parent"), ("example.org", "parent")]),
        ("notexample.org", []),
        ("http://www.example.org/a?b=c", [("example.org", "host")]),
        (
            "http://bad.example.org/page",
            [("http://bad.example.org/page", "exact"), ("bad.example.org", "host"), ("example.org", "host")],
        ),
        ("https://user@192.0.2.7:8443/x", [("192.0.2.7", "host"), ("192.0.2.0/25", "host"), ("192.0.2.0/24", "host")]),
        ("http://[2001:db8::1]/", [("2001:db8::1", "host"), ("2001:db8::/64", "host"), ("2001:db8::/32", "host")]),
        ("someone@example.org", [("someone@example.org", "exact")]),
        ("A" * 40, [("a" * 40, "exact")]),
        ("AS64500", [("AS64500", "exact")]),
    ],
)
def test_what_matches_and_how(index_of: Any, asked: str, matches: list[tuple[str, str]]) -> None:
    index = index_of(
        [(value, 1) for value in ("192.0.2.7", "192.0.2.0/25", "2001:db8::1", "2001:db8::/64", "example.org")]
        + [(value, 2) for value in ("192.0.2.0/24", "2001:db8::/32", "bad.example.org", "http://bad.example.org/page")]
        + [(value, 3) for value in ("someone@example.org", "a" * 40, "AS64500")]
    )
    (result,) = ask(index, asked)
    assert [(match["value"], match["how"]) for match in result["matches"]] == matches
    assert result["listed"] is bool(matches)
    assert all(match["kind"] == canonical(match["value"], poison=False).kind for match in result["matches"])


def test_a_source_counts_once(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.0/24", 1), ("192.0.2.0/25", 2)])
    assert ask(index, "192.0.2.7")[0]["confidence"] == 0.75
    assert ask(index, "192.0.2.7")[0]["sources"] == ["one", "two"]
    assert confidence([1.0, 0.2]) == 1.0


VALUES = st.one_of(
    st.builds("{}.{}.{}.{}/{}".format, *[st.sampled_from([0, 1, 128, 255])] * 4, st.integers(0, 32)),
    st.builds(
        lambda bits, length: str(ipaddress.ip_network((bits << 120, length), strict=False)),
        st.integers(32, 40),
        st.integers(0, 128),
    ),
    st.lists(st.sampled_from(["a", "b", "c-d", "xn--bcher-kva"]), min_size=1, max_size=4).map(
        lambda parts: ".".join([*parts, "org"])
    ),
    st.builds(
        "http://{}/{}".format,
        st.sampled_from(["a.org", "b.a.org", "1.1.0.1", "[2000::1]"]),
        st.sampled_from(["", "x", "X?y"]),
    ),
    st.sampled_from(["a@b.org", "ä.org", "f" * 32, "AS1", "..", "1.2.3", '"', "1.1.1.1:80", "a.ORG"]),
)


def naive(listed: dict[str, set[int]], text: str) -> list[str]:
    """Return all listed values that hold the text, by the plainest means."""
    try:
        asked = canonical(text, poison=False)
    except RefusedValue:
        return []
    host = asked.value
    found = {asked.value}
    if asked.kind is Kind.URL:
        host = asked.value.split("/")[2].strip("[]")
    if asked.kind in (Kind.URL, Kind.DOMAIN):
        labels = host.split(".")
        found |= {".".join(labels[at:]) for at in range(len(labels) - 1)}
    try:
        inner = ipaddress.ip_network(host)
    except ValueError:
        return sorted(found & set(listed))
    found.add(host)
    for value in listed:
        if "/" in value and "://" not in value:
            outer = ipaddress.ip_network(value)
            if outer.version == inner.version and inner.subnet_of(outer):
                found.add(value)
    return sorted(found & set(listed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(entries=st.lists(st.tuples(VALUES, st.integers(1, 3)), max_size=30), asked=st.lists(VALUES, max_size=30))
def test_answers_are_those_of_the_plainest_model(index_of: Any, entries: list, asked: list) -> None:
    listed: dict[str, set[int]] = {}
    for value, source in entries:
        try:
            listed.setdefault(canonical(value, poison=False).value, set()).add(source)
        except RefusedValue:
            continue
    index = index_of((value, source) for value, sources in listed.items() for source in sources)
    assert index.entries == len(listed)
    for text, result in zip(asked, ask(index, *asked), strict=True):
        assert result["value"] == text
        assert sorted(match["value"] for match in result["matches"]) == naive(listed, text)
        voices = {source for match in result["matches"] for source in listed[match["value"]]}
        assert result["sources"] == [{1: "one", 2: "two", 3: 'th"ree'}[source] for source in sorted(voices)]


async def test_answering_lets_others_run(index_of: Any) -> None:
    index = index_of([("example.org", 1)])
    values = ["ü" * 60 + f"{n}.example" for n in range(400)] + ["example.org"]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await trio.lowlevel.checkpoint()
        before = turns
        answer = await index.answer(values)
        nursery.cancel_scope.cancel()
    assert turns > before
    assert answer == index.lookup(values)


def test_figures(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.7", 2), ("example.org", 1)])
    assert (index.ready, index.entries, index.loaded, index.behind) == (True, 2, 9, 0)
    assert index.bytes >= 2 * 8
    index.known_seq = 12
    assert index.behind == 3
