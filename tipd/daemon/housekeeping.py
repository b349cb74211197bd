"""Chores beside the modules: partitions made ahead and dropped, sizes noted, room on the disk watched."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import trio

from tipd.config import duration, size
from tipd.errors import StoreAway, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tipd.log import Log
    from tipd.nursery.contract import HealthSink
    from tipd.nursery.scheduler import Scheduler
    from tipd.store.settings import FindingsSettings, StoreSettings
    from tipd.store.store import Store

ROOM_EVERY = 10.0  # seconds
CHORES_EVERY = 3600.0
STORE_EVERY = 1.0


class Housekeeping:
    """`run` does the chores for ever; `short` says whether the disk is short of room."""

    def __init__(
        self,
        store: Store,
        log: Log,
        health: HealthSink,
        store_health: HealthSink,
        *,
        store_settings: StoreSettings,
        findings_settings: FindingsSettings,
        state_dir: Path,
        free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        """`free` tells how many bytes are left where a path lies."""
        self._store = store
        self._log = log
        self._health = health
        self._store_health = store_health
        self._keep = duration(findings_settings.keep)
        self._min_free = size(store_settings.min_free)
        self._state_dir = state_dir
        self._free = free
        self.short = False

    async def run(self, scheduler: Scheduler, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Watch the room every few seconds, do the chores every hour; what is away is waited for."""
        self.watch_room(scheduler)
        task_status.started()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._watch_room, scheduler)
            nursery.start_soon(self._do_chores)
            nursery.start_soon(self._show_store)

    def notes(self) -> list[str]:
        """Return what `/readyz` notes while tipd serves on: nothing or one sentence."""
        return [f"less than {self._min_free} bytes are free: collecting is paused"] if self.short else []

    def watch_room(self, scheduler: Scheduler) -> None:
        """Pause collecting when the disk of the state folder is short of room, resume when it is not."""
        free = self._free(self._state_dir)
        short = free < self._min_free
        self._health.note(free_bytes=free)
        if short == self.short:
            return
        self.short = short
        for name in scheduler.names():
            if short:
                scheduler.pause(name, "the disk is short of room")
            else:
                scheduler.resume(name)
        say = self._log.error if short else self._log.info
        say("the disk is short of room, collecting pauses" if short else "there is room again", free_bytes=free)

    async def _watch_room(self, scheduler: Scheduler) -> None:
        while True:
            await trio.sleep(ROOM_EVERY)
            self.watch_room(scheduler)

    async def _show_store(self) -> None:
        """Keep the store's node true: a database that is away is a state."""
        while True:
            self._store_health.state = "running" if self._store.available else "backoff"
            await trio.sleep(STORE_EVERY)

    async def _do_chores(self) -> None:
        while True:
            try:
                await self.chores()
                pause = CHORES_EVERY
            except (StoreAway, TryAgain):
                pause = ROOM_EVERY
            await trio.sleep(pause)

    async def chores(self) -> None:
        """Make the coming partitions, drop old ones, note the sizes of the day; raises StoreAway or TryAgain."""
        for name in await self._store.upkeep(self._keep):
            self._log.info("findings past their time are gone", partition=name)
