"""How intervals begin, and how open ones hear what their rows say now."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from support.stores import START, HandClock, names, open_store, whole_log, write_closed, write_opened

from tipd.model.finding import INDICATOR_MARKED
from tipd.model.tlp import Tlp
from tipd.store.connection import Connection
from tipd.store.sources import Declared
from tipd.store.store import Store

HOST = "host1.example.org"


async def declare(store: Store, name: str = "feed") -> int:
    await store.sources.declare("blacklist", {name: Declared(digest=b"d")})
    return next(row.id for row in await store.sources.all() if row.name == name)


async def say(store: Store, source: int, folder: Path, *numbers: int, **beside: Any) -> int:
    """Apply a round with these indicators; return how many were listed."""
    round_id = await store.rounds.begin(source)
    opened = write_opened(folder / "o", store.hash_seed, names(*(numbers or (1,))), **beside)
    return (await store.rounds.apply(round_id, source, opened, None))[0]


async def rows(store: Store, sql: str) -> list[tuple[Any, ...]]:
    async def read(connection: Connection) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await connection.fetch(sql)]

    return await store.pool.run(read)


async def state(store: Store) -> list[tuple[Any, ...]]:
    return await rows(store, "SELECT context::text, tlp, until, seen FROM sighting ORDER BY opened")


async def test_a_finding_tells_what_the_row_says(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    end = START.replace(year=2100)
    assert await say(store, source, tmp_path, context={"port": 80}, tlp=3, until=end) == 1
    assert await state(store) == [('{"port": 80}', 3, end, None)]
    assert await rows(store, "SELECT data::text, tlp FROM finding") == [('{"port": 80}', 3)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"context": {"port": 80}}),
        ({"context": {"port": 80}}, {}),
        ({"context": {"port": 80}}, {"context": {"port": [80, 443]}}),
        ({"until": START.replace(year=2100)}, {"until": START.replace(year=2101)}),
        ({"until": START.replace(year=2100)}, {}),
    ],
)
async def test_what_changed_is_changed_in_place_and_not_told(
    store: Store, tmp_path: Path, before: dict[str, Any], after: dict[str, Any]
) -> None:
    source = await declare(store)
    assert await say(store, source, tmp_path, **before) == 1
    assert await say(store, source, tmp_path, **after) == 0
    (context, tlp, until, seen) = (await state(store))[0]
    said = after.get("context")
    assert (context, tlp, until, seen) == (
        None if said is None else str(said).replace("'", '"'),
        None,
        after.get("until"),
        None,
    )
    assert len(await whole_log(store)) == 1
    assert await rows(store, "SELECT count(*) FROM sighting") == [(1,)]


async def test_a_changed_mark_is_told(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    await say(store, source, tmp_path, 1, 2, tlp=1)
    await say(store, source, tmp_path, 1, tlp=4)
    assert await rows(store, "SELECT kind, subject_value, tlp FROM finding ORDER BY seq OFFSET 2") == [
        (INDICATOR_MARKED, HOST, 4)
    ]


async def test_a_row_marked_later_is_told_so_in_old_findings_too(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await store.sources.declare("blacklist", {"feed": Declared(tlp=Tlp.CLEAR)})
        source = next(row.id for row in await store.sources.all())

        async def marks() -> list[Tlp]:
            return [finding.mark for finding in await whole_log(store) if finding.subject == names(1)[0]]

        async def leave() -> None:
            closed = write_closed(tmp_path / "c", store.hash_seed, names(1))
            await store.rounds.apply(await store.rounds.begin(source), source, None, closed)

        for step in (lambda: say(store, source, tmp_path, 1, 2), leave, lambda: say(store, source, tmp_path, 1, 2)):
            await step()
            clock.move(timedelta(hours=1))
        assert await marks() == [Tlp.CLEAR] * 3
        await say(store, source, tmp_path, 1, tlp=4)
        # What it said in an interval that had ended before stays as it was.
        assert await marks() == [Tlp.CLEAR, Tlp.CLEAR, Tlp.RED, Tlp.RED]
        clock.move(timedelta(hours=1))
        await leave()
        assert await marks() == [Tlp.CLEAR, Tlp.CLEAR, Tlp.RED, Tlp.RED, Tlp.RED]
        other = [finding.mark for finding in await whole_log(store) if finding.subject == names(2)[0]]
        assert set(other) == {Tlp.CLEAR}


async def test_what_says_the_same_is_not_written_again(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    beside = {"context": {"b": [1, 2], "a": "x"}, "tlp": 2}
    await say(store, source, tmp_path, **beside)
    before = await rows(store, "SELECT ctid::text, xmin::text FROM sighting")
    changed = await rows(store, "SELECT last_change FROM source")
    await say(store, source, tmp_path, context={"a": "x", "b": [1, 2]}, tlp=2)
    assert await rows(store, "SELECT ctid::text, xmin::text FROM sighting") == before
    assert await rows(store, "SELECT last_change FROM source") == changed


async def test_a_changed_context_makes_what_is_made_of_the_list_new(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await declare(store)
        await say(store, source, tmp_path, context={"port": 80})
        clock.move(timedelta(hours=1))
        await say(store, source, tmp_path, context={"port": 81})
        assert await rows(store, "SELECT last_change FROM source") == [(clock.now(),)]


async def test_what_vanished_and_stands_in_its_list_again_ages_no_more(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    await say(store, source, tmp_path)
    round_id = await store.rounds.begin(source)
    closed = write_closed(tmp_path / "c", store.hash_seed, names(1))
    await store.rounds.apply(round_id, source, None, closed, vanished=START)
    assert (await state(store))[0][3] is not None
    assert await say(store, source, tmp_path) == 0
    assert await state(store) == [(None, None, None, None)]
    assert len(await whole_log(store)) == 1


async def test_what_has_ended_by_its_own_word_is_not_listed(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await declare(store)
        assert await say(store, source, tmp_path, until=START) == 0
        assert await say(store, source, tmp_path, until=START + timedelta(microseconds=1)) == 1


async def test_what_is_blocked_is_never_taken_in(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    await say(store, source, tmp_path, 2)

    async def block(connection: Connection) -> None:
        await connection.execute("INSERT INTO blocked (key, created) SELECT key, now() FROM sighting")
        await connection.execute("UPDATE sighting SET closed = now(), reason = 'withdrawn'")

    await store.writer.write(block)
    assert await say(store, source, tmp_path, 1, 2, 3) == 2
    assert [finding.subject for finding in (await whole_log(store))[1:]] != names(1, 2)
    assert await rows(store, "SELECT value FROM sighting WHERE closed IS NULL ORDER BY value") == [
        ("host1.example.org",),
        ("host3.example.org",),
    ]


async def test_one_source_s_word_is_not_another_s(store: Store, tmp_path: Path) -> None:
    first, second = await declare(store), await declare(store, "other")
    await say(store, first, tmp_path, context={"port": 1})
    await say(store, second, tmp_path, context={"port": 2})
    assert sorted(row[0] for row in await state(store)) == ['{"port": 1}', '{"port": 2}']
