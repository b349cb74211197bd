"""What is done once an hour: the oldest is thinned out, and names' marks are taken anew from their sources'."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway, TryAgain
from tipd.nursery.bell import Bell

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.log import Log
    from tipd.modules.fastflux.needs import Flux
    from tipd.modules.fastflux.settings import FluxSettings

EVERY = 3600.0  # seconds
SOON = 5.0  # seconds from a changed mark of a source to that of its names; several changes are taken together
AGAIN = 60.0


class Chores:
    """`run` does them for ever; `marks_changed` has the marks taken anew soon."""

    def __init__(self, flux: Flux, settings: FluxSettings, log: Log) -> None:
        """Nothing is done yet."""
        self._flux = flux
        self._most = settings.most_bytes
        self._keep = timedelta(seconds=settings.seconds("keep_samples"))
        self._log = log
        self._bell = Bell()
        self.bytes = 0  # of passive DNS and look-up sets, when it was looked last

    def marks_changed(self) -> None:
        """Say that a source's mark has changed."""
        self._bell.ring()

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Do all of it at once and every hour, and the marks when a source's changed."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._thin, may)
            nursery.start_soon(self._remark, may)

    async def _thin(self, may: Callable[[], bool]) -> None:
        while True:
            pause = EVERY
            try:
                if may():
                    thinned = await self._flux.thin(self._most, self._keep)
                    self.bytes = thinned.bytes
                    if thinned.months or thinned.rows:
                        self._log.info("the oldest samples are gone", months=thinned.months, rows=thinned.rows)
            except (StoreAway, TryAgain):
                pause = AGAIN
            await trio.sleep(pause)

    async def _remark(self, may: Callable[[], bool]) -> None:
        while True:
            if may():
                with suppress(StoreAway):
                    changed = await self._flux.remark()
                    if changed:
                        self._log.info("names are marked anew", names=changed)
            if await self._bell.wait(EVERY):
                await trio.sleep(SOON)
