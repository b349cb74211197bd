"""Which archives this process has taken: leased for half a minute, renewed while read, given back after a crash.

`due` is the lease. Until when it was taken is noted beforehand, so that what a killed process held is due at once when
the next one starts here, and not only when the lease has passed.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import msgspec
import trio

from tipd.errors import StoreAway, TryAgain
from tipd.modules.spamtrap.states import MODULE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.store.sources import SourceRow

LEASE = timedelta(seconds=30)
RENEW_EVERY = 8.0  # seconds


class LeaseStore(Protocol):
    """`store.sources`, as far as leases go."""

    async def lease(
        self, module: str, now: datetime, lease_for: timedelta, names: Sequence[str] | None = None, *, due: bool = False
    ) -> list[SourceRow]:
        """Take those that are due, or those named."""
        ...

    async def give_back(self, module: str, until: datetime, dues: Mapping[str, datetime]) -> None:
        """End the lease that ends at `until`."""
        ...


class Leases:
    """The leases of one process; the state folder has one that reads archives."""

    def __init__(self, note: Path, clock: Clock, log: Log) -> None:
        """`note`: the file that says until when they were taken."""
        self._note = note
        self._clock = clock
        self._log = log
        self._held: set[str] = set()
        self._untils: list[datetime] = []

    async def give_back(self, sources: LeaseStore, names: Sequence[str]) -> None:
        """Make due what a process held that was killed here."""
        now = self._clock.now()
        for until in await trio.to_thread.run_sync(self._noted):
            await sources.give_back(MODULE, until, dict.fromkeys(names, now))

    async def take(self, sources: LeaseStore, names: Sequence[str], among: Sequence[str]) -> list[SourceRow]:
        """Lease what is due among these, or those named."""
        rows = await self._lease(sources, names or among, due=not names)
        self._held = {row.name for row in rows}
        return rows

    def settled(self, name: str) -> None:
        """Hold it no more."""
        self._held.discard(name)

    async def renew(self, sources: LeaseStore) -> None:
        """Hold the leases while archives are read, which may take hours; runs until cancelled."""
        while True:
            await trio.sleep(RENEW_EVERY)
            if not self._held:
                continue
            try:
                await self._lease(sources, sorted(self._held), due=False)
            except (StoreAway, TryAgain):
                continue

    async def _lease(self, sources: LeaseStore, names: Sequence[str], *, due: bool) -> list[SourceRow]:
        now = self._clock.now()
        self._untils = [*self._untils[-1:], now + LEASE]
        try:
            await trio.to_thread.run_sync(self._write)
        except OSError as error:  # a full disk is no reason not to read: after a crash the lease has to pass
            self._log.warning("the lease is not noted", error=str(error))
        return await sources.lease(MODULE, now, LEASE, names, due=due)

    def _write(self) -> None:
        self._note.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._note.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(self._untils))
        fresh.replace(self._note)

    def _noted(self) -> list[datetime]:
        try:
            return msgspec.json.decode(self._note.read_bytes(), type=list[datetime])
        except (OSError, msgspec.MsgspecError, ValueError):
            return []
