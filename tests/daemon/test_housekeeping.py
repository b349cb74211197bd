"""Chores: room on the disk, partitions, sizes."""

from datetime import timedelta

import pytest
import trio

from tipd import log
from tipd.daemon import housekeeping as room
from tipd.daemon.housekeeping import Housekeeping
from tipd.errors import StoreAway
from tipd.store.settings import FindingsSettings, StoreSettings


class Store:
    """Counts the chores; is away while told so."""

    def __init__(self):
        self.kept = []
        self.away = False
        self.available = True

    async def upkeep(self, keep):
        if self.away:
            raise StoreAway("away")
        self.kept.append(keep)
        return ["finding_2025_01"]


class Scheduler:
    """Notes what is paused."""

    def __init__(self):
        self.paused = {}

    def names(self):
        return ["blacklist"]

    def pause(self, name, reason):
        self.paused[name] = reason

    def resume(self, name):
        del self.paused[name]


class Sink:
    """Keeps the facts."""

    def __init__(self):
        self.facts = {}

    def note(self, **facts):
        self.facts |= facts

    def beat(self):
        pass


@pytest.fixture
def disk():
    return {"free": 10 * 2**30}


@pytest.fixture
def keeper(tmp_path, disk):
    return Housekeeping(
        Store(),
        log.get("test"),
        Sink(),
        Sink(),
        store_settings=StoreSettings(min_free="1GB"),
        findings_settings=FindingsSettings(keep="400d"),
        state_dir=tmp_path,
        free=lambda _path: disk["free"],
    )


async def test_collecting_pauses_below_min_free_and_goes_on_above(keeper, disk, autojump_clock):
    scheduler = Scheduler()
    async with trio.open_nursery() as nursery:
        await nursery.start(keeper.run, scheduler)
        assert (scheduler.paused, keeper.notes()) == ({}, [])
        disk["free"] = 5
        await trio.sleep(room.ROOM_EVERY + 1)
        assert scheduler.paused == {"blacklist": "the disk is short of room"}
        assert "collecting is paused" in keeper.notes()[0]
        disk["free"] = 2 * 2**30
        await trio.sleep(room.ROOM_EVERY + 1)
        assert (scheduler.paused, keeper.notes()) == ({}, [])
        nursery.cancel_scope.cancel()


async def test_a_disk_that_is_short_at_the_start_pauses_before_anything_runs(keeper, disk):
    disk["free"] = 0
    scheduler = Scheduler()
    async with trio.open_nursery() as nursery:
        await nursery.start(keeper.run, scheduler)
        assert scheduler.paused
        nursery.cancel_scope.cancel()


async def test_chores_are_done_every_hour_and_again_soon_when_the_store_is_away(keeper, autojump_clock):
    store = keeper._store
    async with trio.open_nursery() as nursery:
        await nursery.start(keeper.run, Scheduler())
        await trio.sleep(1)
        assert store.kept == [timedelta(days=400)]
        store.away = True
        await trio.sleep(room.CHORES_EVERY)
        assert len(store.kept) == 1
        store.away = False
        await trio.sleep(room.ROOM_EVERY)
        assert len(store.kept) == 2
        nursery.cancel_scope.cancel()


async def test_the_nursery_tree_says_when_the_store_is_away(keeper, autojump_clock):
    async with trio.open_nursery() as nursery:
        await nursery.start(keeper.run, Scheduler())
        await trio.sleep(2)
        assert keeper._store_health.state == "running"
        keeper._store.available = False
        await trio.sleep(2)
        assert keeper._store_health.state == "backoff"
        keeper._store.available = True
        await trio.sleep(2)
        assert keeper._store_health.state == "running"
        nursery.cancel_scope.cancel()
