"""Monthly partitions: ahead of time, and dropped whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import trio
from support.stores import HandClock, note, numbers, open_store, whole_log

from tipd.errors import TryAgain
from tipd.store.partitions import bounds_of, month_of
from tipd.store.store import Store


async def partitions(store: Store) -> list[str]:
    async def look(connection: Any) -> list[str]:
        rows = await connection.fetch(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'finding'::regclass ORDER BY 1"
        )
        return [row["name"] for row in rows]

    return await store.pool.run(look)


@pytest.mark.parametrize(
    ("at", "month", "after"),
    [
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), "finding_2026_01", datetime(2026, 2, 1, tzinfo=UTC)),
        (datetime(2026, 12, 1, tzinfo=UTC), "finding_2026_12", datetime(2027, 1, 1, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), "finding_2028_02", datetime(2028, 3, 1, tzinfo=UTC)),
        (
            datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "finding_2025_12",
            datetime(2026, 1, 1, tzinfo=UTC),
        ),
    ],
)
def test_months_are_those_of_utc(at: datetime, month: str, after: datetime) -> None:
    assert month_of(at) == month
    first, end = bounds_of(month)
    assert first <= at < end == after


def test_a_name_that_is_no_month_is_refused() -> None:
    with pytest.raises(ValueError, match="does not match"):
        bounds_of("finding; DROP TABLE finding")


async def test_three_months_are_there_from_the_start(dsn: str) -> None:
    async with open_store(dsn, HandClock(datetime(2026, 12, 31, 23, tzinfo=UTC))) as store:
        assert await partitions(store) == ["finding_2026_12", "finding_2027_01", "finding_2027_02"]
        await store.partitions.ensure(datetime(2026, 12, 31, tzinfo=UTC))
        assert len(await partitions(store)) == 3


async def test_a_clock_that_leaps_finds_its_partition_made(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        for number, days in enumerate((0, 400, -2000, 1)):
            clock.move(timedelta(days=days))
            await store.writer.tell([note(number)])
        assert numbers(await whole_log(store)) == [0, 1, 2, 3]


async def test_only_months_wholly_past_are_dropped(dsn: str) -> None:
    clock = HandClock(datetime(2026, 1, 20, tzinfo=UTC))
    async with open_store(dsn, clock) as store:
        for number in range(3):
            await store.writer.tell([note(number)])
            clock.move(timedelta(days=30))
        now = datetime(2026, 4, 10, tzinfo=UTC)
        assert await store.partitions.prune(timedelta(days=400), now) == []
        assert await store.partitions.prune(timedelta(days=68), now) == ["finding_2026_01"]
        assert numbers(await whole_log(store)) == [1, 2]
        assert await store.partitions.prune(timedelta(days=68), now) == []
        with pytest.raises(ValueError, match="positive"):
            await store.partitions.prune(timedelta(0), now)


async def test_a_reader_in_the_way_puts_it_off_and_holds_nobody_up(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.partitions.LOCK_WITHIN_MS", 50)
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await store.writer.tell([note(1)])
        clock.move(timedelta(days=100))

        async def hold(connection: Any) -> None:
            async with connection.transaction():
                await connection.fetch("SELECT * FROM finding")
                await connection.execute("SELECT pg_sleep(0.6)")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(store.pool.run, hold)
            await trio.sleep(0.2)
            with pytest.raises(TryAgain):
                await store.partitions.prune(timedelta(days=10), clock.now())
            await store.writer.tell([note(2)])
        assert numbers(await whole_log(store)) == [1, 2]
        assert await store.partitions.prune(timedelta(days=10), clock.now())


async def test_what_others_attached_to_the_log_is_left_alone(dsn: str) -> None:
    clock = HandClock(datetime(2026, 1, 20, tzinfo=UTC))
    async with open_store(dsn, clock) as store:
        await store.writer.tell([note(1)])

        async def attach(connection: Any) -> None:
            await connection.execute("CREATE TABLE finding_archive PARTITION OF finding DEFAULT")
            await connection.execute(
                "CREATE TABLE finding_2020 PARTITION OF finding FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')"
            )

        await store.pool.run(attach)
        assert await store.partitions.prune(timedelta(days=30), datetime(2026, 3, 20, tzinfo=UTC)) == [
            "finding_2026_01"
        ]
        assert {"finding_archive", "finding_2020"} <= set(await partitions(store))


async def test_what_a_clock_that_stood_back_wrote_goes_and_the_rest_can_be_resumed(dsn: str) -> None:
    clock = HandClock(datetime(2026, 1, 20, tzinfo=UTC))
    async with open_store(dsn, clock) as store:
        await store.writer.tell([note(1)])
        clock.move(timedelta(days=-2000))
        await store.writer.tell([note(2)])
        clock.move(timedelta(days=2000))
        await store.writer.tell([note(3)])
        await store.partitions.prune(timedelta(days=400), clock.now())
        first, last = await store.findings.bounds()
        assert (first, last) == (3, 3)
        assert numbers(await store.findings.read(first - 1)) == [3]
