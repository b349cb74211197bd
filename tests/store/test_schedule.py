"""Due times survive."""

from __future__ import annotations

from datetime import timedelta

from support.stores import START, open_store

from tipd.nursery.contract import Due


async def test_due_times_survive_a_restart(dsn: str) -> None:
    async with open_store(dsn) as store:
        assert await store.schedule.load("module:blacklist") is None
        await store.schedule.save("module:blacklist", due=START, last_run=None, failures=0)
        later = START + timedelta(hours=1)
        await store.schedule.save("module:blacklist", due=later, last_run=START, failures=2)
    async with open_store(dsn) as store:
        assert await store.schedule.load("module:blacklist") == Due("module:blacklist", later, START, 2)
        assert await store.schedule.load("module:listing") is None
