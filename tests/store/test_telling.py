"""Findings on their way into the log."""

from __future__ import annotations

import pytest
from support.stores import START, names

from tipd.model.finding import NewFinding
from tipd.model.indicator import Indicator
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store import telling
from tipd.store.sources import Declared
from tipd.store.store import Store


def test_the_key_is_made_where_it_is_missing() -> None:
    (one,) = names(1)
    assert telling.told(NewFinding(kind="a.b", module="m", subject=one), 7).key == key_of(7, one.kind, one.value)
    assert telling.told(NewFinding(kind="a.b", module="m", subject=one, key=3), 7).key == 3
    assert telling.told(NewFinding(kind="a.b", module="m"), 7).key is None


def test_a_subject_no_column_can_hold_is_made_to_fit() -> None:
    row = telling.told(NewFinding(kind="a.b", module="m", subject=Indicator(Kind.URL, "http://example.org/\0")), 7)
    assert row.subject_value == "http://example.org/\N{REPLACEMENT CHARACTER}"
    assert row.key == key_of(7, Kind.URL, row.subject_value)


@pytest.mark.parametrize("word", ["", "a b", "a\0", "a'b", "x" * 101])
def test_kinds_and_modules_are_words(word: str) -> None:
    with pytest.raises(ValueError, match="words"):
        telling.told(NewFinding(kind=word, module="m"), 7)
    with pytest.raises(ValueError, match="words"):
        telling.told(NewFinding(kind="a.b", module=word), 7)


async def test_unknown_sources_are_named(store: Store) -> None:
    await store.sources.declare("blacklist", {"a": Declared()})
    assert set(await store.pool.run(telling.source_ids, ["a", "a"])) == {"a"}
    assert await store.pool.run(telling.source_ids, []) == {}
    with pytest.raises(ValueError, match="not declared: 'b'"):
        await store.pool.run(telling.source_ids, ["a", "c", "b"])


async def test_rows_are_numbered_in_their_order(store: Store) -> None:
    await store.partitions.ensure(START)
    rows = [telling.told(NewFinding(kind="a.b", module="m", data={"n": number}), 7) for number in range(300)]
    seqs = await store.writer.write(telling.insert, rows, START, {})
    assert seqs == list(range(seqs[0], seqs[0] + 300))
    assert [finding.data["n"] for finding in await store.findings.read(0)] == list(range(300))
    assert await store.writer.write(telling.insert, [], START, {}) == []
