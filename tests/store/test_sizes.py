"""Bytes by table, and growth by day."""

from __future__ import annotations

from datetime import timedelta

from support.stores import START, HandClock, note, open_store

TODAY = START.date()


async def test_partitions_and_indexes_count_for_their_table(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        before = await store.sizes.tables()
        assert {"finding", "sighting", "source", "round", "token", "database"} <= set(before)
        assert not any(name.startswith("finding_2") for name in before)
        await store.writer.tell([note(number) for number in range(5000)])
        after = await store.sizes.tables()
        assert after["finding"] - before["finding"] > 5000 * 50
        assert after["database"] >= sum(size for name, size in after.items() if name != "database")
        assert list(after.values()) == sorted(after.values(), reverse=True)


async def test_growth_is_by_day_since_the_first_noted(dsn: str) -> None:
    async with open_store(dsn) as store:
        assert await store.sizes.growth(TODAY) == {}
        await store.sizes.note(TODAY - timedelta(days=4))
        await store.sizes.note(TODAY - timedelta(days=4))
        before = await store.sizes.tables()
        await store.writer.tell([note(number) for number in range(5000)])
        await store.sizes.note(TODAY - timedelta(days=1))
        growth = await store.sizes.growth(TODAY)
        grown = (await store.sizes.tables())["finding"] - before["finding"]
        assert growth["finding"] == grown / 4
        assert growth["round"] == 0
