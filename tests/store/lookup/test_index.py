import contextlib
import ipaddress
import json
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipd.model.allow import Allowance, AllowList
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex
from tipd.store.lookup.answers import SourceFacts

START = datetime(2026, 3, 15, tzinfo=UTC)
SOURCES = {  # as in conftest.py
    1: SourceFacts("one", 0.5, Tlp.CLEAR),
    2: SourceFacts("two", 0.5, Tlp.GREEN),
    3: SourceFacts('th"ree', 0.9, Tlp.AMBER),
}
NOBODY = AllowList()


def ask(index: LookupIndex, *values: str, max_tlp: Tlp = Tlp.RED, allow: AllowList = NOBODY) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values, max_tlp, allow))["results"]


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
@given(
    entries=st.lists(st.tuples(VALUES, st.integers(1, 3), st.sampled_from(Tlp)), max_size=30),
    asked=st.lists(VALUES, max_size=30),
    allowed=st.lists(VALUES, max_size=3),
    max_tlp=st.sampled_from(Tlp),
)
def test_answers_are_those_of_the_plainest_model(
    index_of: Any, entries: list, asked: list, allowed: list, max_tlp: Tlp
) -> None:
    listed: dict[str, dict[int, Tlp]] = {}
    for value, source, mark in entries:
        try:
            listed.setdefault(canonical(value, poison=False).value, {})[source] = mark
        except RefusedValue:
            continue
    index = index_of((value, source, mark) for value, sources in listed.items() for source, mark in sources.items())
    assert index.entries == len(listed)
    allow = allowing(allowed)
    shown = {
        value: seen
        for value, sources in listed.items()
        if (seen := {source for source, mark in sources.items() if max(mark, SOURCES[source].tlp) <= max_tlp})
    }
    for text, result in zip(asked, ask(index, *asked, max_tlp=max_tlp, allow=allow), strict=True):
        assert result["value"] == text
        assert sorted(match["value"] for match in result["matches"]) == naive(shown, text)
        voices = {source for match in result["matches"] for source in shown[match["value"]]}
        assert result["sources"] == [SOURCES[source].name for source in sorted(voices)]
        vetoed = bool(voices) and allow.covers(Kind(result["kind"]), result.get("canonical", text))
        assert result["listed"] is (bool(voices) and not vetoed)
        assert (result["confidence"] > 0) is result["listed"]
        assert ("allowed" in result) is vetoed


def allowing(texts: list[str]) -> AllowList:
    found = []
    for text in texts:
        with contextlib.suppress(RefusedValue):
            found.append(canonical(text, poison=False))
    return AllowList.of(
        Allowance(kind=one.kind, value=one.value, reason="ours", by="me", created=START) for one in set(found)
    )


def test_what_is_allowed_is_told_with_who_allows_it(index_of: Any) -> None:
    index = index_of([("192.0.2.0/24", 1), ("192.0.2.5", 3)])
    allow = allowing(["192.0.2.5"])
    red, green = (ask(index, "192.0.2.5", max_tlp=mark, allow=allow)[0] for mark in (Tlp.RED, Tlp.GREEN))
    assert (red["listed"], red["confidence"], red["sources"]) == (False, 0.0, ["one", 'th"ree'])
    assert red["allowed"] == {"value": "192.0.2.5", "reason": "ours", "until": None}
    assert green["sources"] == ["one"]
    assert [match["value"] for match in green["matches"]] == ["192.0.2.0/24"]
    assert ask(index, "192.0.2.6", allow=allow)[0]["listed"]
    # What is on no list that the asker may see is not said to be allowed either: that would be a hint.
    assert "allowed" not in ask(index_of([("192.0.2.5", 3)]), "192.0.2.5", max_tlp=Tlp.GREEN, allow=allow)[0]


def test_an_entry_is_told_to_who_may_know_of_it(index_of: Any) -> None:
    # Everybody sees the host listed; the name above it, which is allowed, stands only under amber+strict.
    index = index_of([("www.example.org", 1), ("example.org", 3, Tlp.AMBER_STRICT), ("192.0.2.5", 1)])
    allow = allowing(["example.org", "192.0.2.0/24"])
    named, plain = ({"value": value, "reason": "ours", "until": None} for value in ("example.org", "192.0.2.0/24"))
    bare = [{"value": value, "reason": "", "until": None} for value in ("www.example.org", "192.0.2.5")]
    for mark, told in (
        (Tlp.CLEAR, bare),
        (Tlp.GREEN, bare),
        (Tlp.AMBER, [bare[0], plain]),
        (Tlp.AMBER_STRICT, [named, plain]),
        (Tlp.RED, [named, plain]),
    ):
        found = ask(index, "WWW.example[.]org", "192.0.2.5", max_tlp=mark, allow=allow)
        assert [one["allowed"] for one in found] == told, mark
        assert not any(one["listed"] for one in found)


def test_the_mark_of_a_source_may_change(index_of: Any) -> None:
    index = index_of([("192.0.2.5", 1), ("192.0.2.6", 1, Tlp.RED)])
    for mark, shown in ((Tlp.CLEAR, True), (Tlp.AMBER, False), (Tlp.GREEN, True)):
        index.replace(index.contents, {1: SourceFacts("one", 0.5, mark)})
        first, second = ask(index, "192.0.2.5", "192.0.2.6", max_tlp=Tlp.GREEN)
        assert (first["listed"], second["listed"]) == (shown, False)
    index.replace(index.contents, {})  # one that is not known is shown to nobody but whoever sees all
    assert not ask(index, "192.0.2.5", max_tlp=Tlp.AMBER_STRICT)[0]["listed"]
    assert ask(index, "192.0.2.5")[0]["sources"] == ["source 1"]


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
        answer = await index.answer(values, Tlp.RED, AllowList())
        nursery.cancel_scope.cancel()
    assert turns > before
    assert answer == index.lookup(values, Tlp.RED, AllowList())


def test_figures(index_of: Any) -> None:
    index = index_of([("192.0.2.7", 1), ("192.0.2.7", 2), ("example.org", 1)])
    assert (index.ready, index.entries, index.loaded, index.behind) == (True, 2, 9, 0)
    assert index.bytes >= 2 * 8
    index.known_seq = 12
    assert index.behind == 3


async def test_what_takes_long_is_answered_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    whole = LookupIndex._answered

    def counted(self: LookupIndex, questions: Any, *rest: Any) -> bytes:
        steps.append(len(questions.values))
        return whole(self, questions, *rest)

    monkeypatch.setattr(LookupIndex, "_answered", counted)
    index = LookupIndex(3)
    deep = [f"{'a.' * 120}{number}.org" for number in range(3000)]
    assert json.loads(await index.answer(deep, Tlp.RED, AllowList())) == json.loads(
        index.lookup(deep, Tlp.RED, AllowList())
    )
    *parts, last = steps  # the last is `lookup`, which asks at once
    assert (sum(parts), last) == (3000, 3000)
    assert max(parts) < 1000
    steps.clear()
    ordinary = ["198.51.100.7"] * 10_000
    await index.answer(ordinary, Tlp.RED, AllowList())
    await index.answer([], Tlp.RED, AllowList())
    await index.answer(["x" * 10**6], Tlp.RED, AllowList())
    assert steps == [10_000, 0, 1]
