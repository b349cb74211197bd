"""Lets the modules of this process run when another process asks for it: an API that runs apart from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway
from tipd.nursery.bell import Bell

if TYPE_CHECKING:
    from tipd.log import Log
    from tipd.nursery.scheduler import Scheduler
    from tipd.store.store import Store

LOOK_EVERY = 30.0  # seconds: a notification is a hint and may be lost
_RETRY = 2.0


class Asked:
    """Takes asks out of the store and hands them to the scheduler."""

    def __init__(self, store: Store, scheduler: Scheduler, log: Log) -> None:
        self._store = store
        self._scheduler = scheduler
        self._log = log
        self._bell = Bell()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Look at once, whenever somebody asks, and now and then; runs until cancelled."""
        task_status.started()
        if not self._scheduler.names():
            return
        self._store.asks.listen(lambda _module: self._bell.ring())
        while True:
            try:
                for module in self._scheduler.names():
                    await self._pass_on(module)
                pause = LOOK_EVERY
            except StoreAway:
                pause = _RETRY
            await self._bell.wait(pause)

    async def _pass_on(self, module: str) -> None:
        names = await self._store.asks.take(module)
        if names:
            self._log.info("another process asks for a round", module=module, names=names)
            self._scheduler.run_now(module, names)
