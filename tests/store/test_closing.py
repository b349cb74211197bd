"""How intervals end, and how recent rows vanish."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
from support.pg import scanned, thrown_away
from support.stores import START, HandClock, names, open_store, whole_log, write_closed, write_opened

from tipd.store import beginning, closing
from tipd.store.closing import Change
from tipd.store.store import Store

HOUR = timedelta(hours=1)


async def listed(store: Store, folder: Path, *numbers: int) -> int:
    (row,) = await store.sources.declare("blacklist", {"feed": None})
    round_id = await store.rounds.begin(row.id)
    await store.rounds.apply(round_id, row.id, write_opened(folder / "o", store.hash_seed, names(*numbers)), None)
    return row.id


async def rows_of(store: Store) -> dict[str, tuple]:
    async def look(connection):
        return await connection.fetch("SELECT value, closed, reason, seen FROM sighting ORDER BY value, opened")

    return {row["value"]: (row["closed"], row["reason"], row["seen"]) for row in await store.pool.run(look)}


async def test_recent_rows_that_vanish_stay_listed_and_are_not_told(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await listed(store, tmp_path, 1, 2)
        clock.move(3 * HOUR)
        closed = write_closed(tmp_path / "c", store.hash_seed, names(2))
        round_id = await store.rounds.begin(source)
        assert await store.rounds.apply(round_id, source, None, closed, vanished=START + HOUR) == (0, 0)
        rows = await rows_of(store)
        assert rows["host2.example.org"] == (None, None, START + HOUR)
        assert rows["host1.example.org"] == (None, None, None)
        clock.move(HOUR)
        assert await store.rounds.apply(round_id, source, None, closed, vanished=START + 2 * HOUR) == (0, 0)
        assert (await rows_of(store))["host2.example.org"][2] == START + HOUR  # the last time it is known to have been
        assert [finding.kind for finding in await whole_log(store)] == ["indicator.listed"] * 2
        (row,) = await store.sources.all()
        assert (row.entries, row.last_round) == (2, None)


async def test_a_row_is_never_last_seen_before_it_was_first_or_after_now(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await listed(store, tmp_path, 1, 2)
        for number, said, kept in ((1, START - HOUR, START), (2, START + 9 * HOUR, START + HOUR)):
            change = Change(1, source, START + HOUR)
            await store.writer.write(closing.vanish, change, keys_of(store, number), said)
            assert (await rows_of(store))[f"host{number}.example.org"][2] == kept


async def test_an_interval_does_not_end_before_it_began(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await listed(store, tmp_path, 1)
        clock.move(-timedelta(days=400))  # the wall clock was wrong, then or now
        await store.rounds.close_all(1, source, reason=closing.SOURCE_GONE)
        assert (await rows_of(store))["host1.example.org"][:2] == (START, "source_gone")


async def test_what_others_close_is_counted_for_polls_under_way(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await listed(store, tmp_path, 1, 2, 3)
        before = await store.pool.run(_moves)
        await store.rounds.apply(1, source, None, write_closed(tmp_path / "c", store.hash_seed, names(1)))
        assert await store.pool.run(_moves) == before
        await store.rounds.close_all(1, source, reason=closing.SOURCE_REMOVED)
        assert await store.pool.run(_moves) > before


async def test_rows_that_aged_where_they_stand_are_forgotten_with_their_source(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await listed(store, tmp_path, 1, 2)
        await store.writer.write(closing.close, Change(1, source, START), keys_of(store, 1), closing.AGED, alone=True)
        assert (await rows_of(store))["host1.example.org"] == (START, "aged", None)
        await store.rounds.close_all(1, source, reason=closing.SOURCE_GONE)
        assert await rows_of(store) == {
            "host1.example.org": (START, "aged", START),
            "host2.example.org": (START, "source_gone", None),
        }
        assert [f.data["reason"] for f in await whole_log(store) if f.kind == "indicator.delisted"] == [
            "aged",
            "source_gone",
        ]


def keys_of(store: Store, *numbers: int) -> list[int]:
    from tipd.model.key import key_of

    return [key_of(store.hash_seed, one.kind, one.value) for one in names(*numbers)]


async def _moves(connection) -> int:
    return await connection.fetchval("SELECT moves FROM source")


_STANDING = """
INSERT INTO sighting (key, opened, closed, opened_round, source_id, kind, reason, value)
SELECT key, now(), now(), 1, $1, 1, 'aged', key FROM generate_series(1, 3000) AS key
"""


async def test_rows_that_stand_no_more_are_found_by_their_keys_whatever_the_planner_knows(store: Store) -> None:
    (source,) = await store.sources.declare("blacklist", {"feed": None})

    async def explain(connection):
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute("PREPARE stand (int, bigint[]) AS " + closing._STAND_NO_MORE)
        await connection.execute("EXECUTE stand (1, '{}')")  # planned while nothing stands
        await connection.execute(_STANDING, source.id)
        keys = ",".join(map(str, range(2001, 4001)))
        plan = await connection.fetchval(
            f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE stand ({source.id}, '{{{keys}}}')",
        )
        return plan, await connection.fetchval("SELECT count(*) FROM sighting WHERE seen = closed")

    plan, number = await store.writer.write(explain)
    assert number == 1000
    assert thrown_away(msgspec.json.decode(plan)[0]["Plan"]) < 10_000


_OPEN = """
INSERT INTO sighting (key, opened, opened_round, source_id, kind, value)
SELECT key, now(), 1, $1, 1, key FROM generate_series(1, 20000) AS key
"""


async def test_a_few_of_many_rows_are_found_by_their_keys_before_there_are_statistics(store: Store) -> None:
    """A first load and the poll after it: no row is read but those that are named, however many are open."""
    (source,) = await store.sources.declare("blacklist", {"feed": None})

    async def explain(connection):
        await connection.execute(_OPEN, source.id)
        await connection.execute(beginning._FRESH)
        await connection.execute(
            "INSERT INTO fresh SELECT key, 1, key, '{\"port\": 80}', 3 FROM generate_series(1, 50) AS key"
        )
        at = await connection.fetchval("SELECT now()")
        how = "EXPLAIN (ANALYZE, FORMAT JSON) "
        again = await connection.fetchval(how + beginning._AGAIN, source.id, at, "indicator.marked", None)
        gone = [*range(1001, 1051)]
        close = await connection.fetchval(
            how + closing._CLOSE, at, 1, source.id, "indicator.delisted", "left", gone, None
        )
        count = "SELECT count(*) FILTER (WHERE tlp = 3), count(*) FILTER (WHERE reason = 'left') FROM sighting"
        return again, close, tuple(await connection.fetchrow(count))

    again, close, done = await store.writer.write(explain)
    assert done == (50, 50)
    for plan in (msgspec.json.decode(explained)[0]["Plan"] for explained in (again, close)):
        assert scanned(plan) + thrown_away(plan) < 1000
