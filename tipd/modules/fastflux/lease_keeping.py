"""Who probes: the one process that holds the lease in the store, and only while it is sure to hold it.

The lease is valid for 15 s and renewed each 5 s. Its end is counted from before the store was asked, by trio's clock,
with a second to spare: whoever takes over later knows that nothing was asked after the end that the store has.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import trio

from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.modules.fastflux.needs import LeaseStore

VALID = timedelta(seconds=15)
RENEW_EVERY = 5.0  # seconds
SPARE = 1.0  # seconds before the end in which nothing is asked any more
AGAIN = 1.0
AT_LEAST = 0.1  # seconds between two looks at who holds it


class LeaseKeeping:
    """`acquire` waits until the lease is ours, `keep` holds it until it is lost, `give_back` ends it.

    `until`: until when (trio's clock) something may be asked; `moved` is called with it whenever it changes.
    """

    def __init__(self, lease: LeaseStore, clock: Clock, log: Log, moved: Callable[[float], None]) -> None:
        """Hold nothing yet."""
        self.holder = uuid4()  # not from the daemon's own chance: two processes with one seed must differ
        self.until = 0.0
        self._lease = lease
        self._clock = clock
        self._log = log
        self._moved = moved
        self._ours = False

    async def acquire(self, others: Callable[[], None] = lambda: None) -> float:
        """Wait until nobody else holds it; return when (seconds since 1970) the last one may have asked, 0: never.

        `others` is called while another process holds it. The store being away is waited for.
        """
        told = False
        while True:
            begun = trio.current_time()
            try:
                taken = await self._lease.take(self.holder, self._clock.now(), VALID)
            except StoreAway:
                await trio.sleep(AGAIN)
                continue
            if taken.ours:
                self._ours = True
                self._move(begun)
                return taken.former_until.timestamp() if taken.former_until else 0.0
            if not told:
                self._log.info("another process probes, waiting for it to end")
                told = True
            others()
            await trio.sleep(self._rest(taken.former_until))

    def _rest(self, until: datetime | None) -> float:
        """Return after how long to ask again while it is another's: when it would end, if it is not renewed."""
        left = (until - self._clock.now()).total_seconds() if until is not None else 0.0
        return min(max(AT_LEAST, left), RENEW_EVERY)

    async def keep(self) -> None:
        """Renew it until it is another's; while the store is away it is tried again, and runs out meanwhile."""
        while True:
            await trio.sleep(RENEW_EVERY)
            if not await self._renew():
                self._set(0.0)
                self._log.warning("the lease on probing was lost to another process")
                return

    async def _renew(self) -> bool:
        while True:
            begun = trio.current_time()
            try:
                held = await self._lease.renew(self.holder, self._clock.now(), VALID)
            except StoreAway:
                await trio.sleep(AGAIN)
                continue
            if held:
                self._move(begun)
            return held

    async def give_back(self) -> None:
        """Ask nothing any more and let another process take it; the store being away, it runs out by itself."""
        self._ours = False  # a renewal that is under way must not bring it back
        self._set(0.0)
        try:
            await self._lease.give_back(self.holder, self._clock.now())
        except StoreAway:
            self._log.warning("the lease could not be given back, it runs out by itself")

    def _move(self, begun: float) -> None:
        if self._ours:
            self._set(begun + VALID.total_seconds() - SPARE)

    def _set(self, until: float) -> None:
        self.until = until
        self._moved(until)
