"""What is watched: all there is, loaded at the start, then what people and lists change, by revision.

No name is asked for before `max(its stored due time, the end of the former holder's lease + its TTL)`: due times are
stored late, so the one that probed before may have asked again and not said so. The tracker spreads what is due at
once, so that no storm arises.
"""

from __future__ import annotations

import gc
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway
from tipd.model.flux import CANDIDATE, DROPPED, REVIVED, State
from tipd.nursery.bell import Bell

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tipd.log import Log
    from tipd.model.flux import KnownName
    from tipd.modules.fastflux.needs import Flux, Tracker

PAGE = 1000  # names a step: making values of a page holds the loop for some milliseconds
AHEAD = 2  # pages that are read while one is taken
POLL = 10.0  # seconds: a change of tags is told by no finding
AGAIN = 2.0
KINDS = frozenset({CANDIDATE, REVIVED, DROPPED})


class Watched:
    """`load` fills the tracker once, `follow` keeps it true; `heard` is told of commits."""

    def __init__(self, flux: Flux, tracker: Tracker, log: Log) -> None:
        """Know nothing yet."""
        self._flux = flux
        self._tracker = tracker
        self._log = log
        self._bell = Bell()
        self.revision = 0

    def heard(self, _last_seq: int, kinds: frozenset[str]) -> None:
        """Wake where names came or went."""
        if not kinds or not kinds.isdisjoint(KINDS):
            self._bell.ring()

    async def load(self, former_until: float) -> int:
        """Hand every name that is not dropped to the tracker; return how many. Raises StoreAway.

        `former_until`: when (seconds since 1970) the last process may have asked, 0: never.
        """
        self.revision = await self._flux.revision()  # before: what changes meanwhile is followed
        number = 0
        begun = trio.current_time()
        async with self._pages() as pages:
            async for page in pages:
                self._tracker.take(page, former_until)
                number += len(page)
                await trio.lowlevel.checkpoint()
        # What is watched stays: the collector need not go over it again and again.
        gc.freeze()
        self._log.info("names are under watch", names=number, seconds=round(trio.current_time() - begun, 1))
        return number

    @asynccontextmanager
    async def _pages(self) -> AsyncIterator[trio.MemoryReceiveChannel[Sequence[KnownName]]]:
        """Give the pages there are, some read ahead: the database is at the next while the tracker takes one."""
        away: StoreAway | None = None
        sending, receiving = trio.open_memory_channel["Sequence[KnownName]"](AHEAD)

        async def read() -> None:
            nonlocal away
            try:
                async with sending, aclosing(self._flux.load(page=PAGE)) as pages:
                    async for page in pages:
                        await sending.send(page)
            except StoreAway as error:
                away = error

        async with trio.open_nursery() as nursery:
            nursery.start_soon(read)
            async with receiving:
                yield receiving
        if away is not None:
            raise away

    async def follow(self) -> None:
        """Take over what changes, for ever; waits while the store is away."""
        while True:
            pause = POLL
            try:
                await self.catch_up()
            except StoreAway:
                pause = AGAIN
            await self._bell.wait(pause)

    async def catch_up(self) -> None:
        """Take over what changed since the last time."""
        while changed := await self._flux.changed_since(self.revision, PAGE):
            self._take(changed)
            self.revision = max(self.revision, changed[-1].revision)
            await trio.lowlevel.checkpoint()

    def _take(self, changed: Sequence[KnownName]) -> None:
        gone = [name.id for name in changed if name.state is State.DROPPED]
        if gone:
            self._tracker.drop(gone)
        stay = [name for name in changed if name.state is not State.DROPPED]
        if stay:
            self._tracker.take(stay, 0.0)
