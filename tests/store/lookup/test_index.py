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


def ask(index: LookupIndex, *values: str) -> list[dict[str, Any]]:
    return json.loads(index.lookup(values))["results"]


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


async def test_what_takes_long_is_answered_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[int] = []
    whole = LookupIndex._answered

    def counted(self: LookupIndex, questions: Any) -> bytes:
        steps.append(len(questions.values))
        return whole(self, questions)

    monkeypatch.setattr(LookupIndex, "_answered", counted)
    index = LookupIndex(3)
    deep = [f"{'a.' * 120}{number}.org" for number in range(3000)]
    assert json.loads(await index.answer(deep)) == json.loads(index.lookup(deep))
    *parts, last = steps  # the last is `lookup`, which asks at once
    assert (sum(parts), last) == (3000, 3000)
    assert max(parts) < 1000
    steps.clear()
    ordinary = ["198.51.100.7"] * 10_000
    await index.answer(ordinary)
    await index.answer([])
    await index.answer(["x" * 10**6])
    assert steps == [10_000, 0, 1]
