"""Who probes: one process of those that share a store, by compare and set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uuid import UUID

    from tipd.store.connection import Connection
    from tipd.store.writer import Writer

# A lease that ends later than any is given for was written under a clock that stood ahead.
PLAUSIBLE = timedelta(hours=1)

_STANDS = "SELECT holder, held_until FROM flux_lease FOR UPDATE"
_TAKE = "UPDATE flux_lease SET holder = $1, held_until = $2"
_RENEW = "UPDATE flux_lease SET held_until = $2 WHERE holder = $1 RETURNING 1"
_GIVE_BACK = "UPDATE flux_lease SET holder = NULL, held_until = least(held_until, $2) WHERE holder = $1"


class Taken(NamedTuple):
    """Whether the lease is ours now; until when the former holder (`ours`) or the present one may probe, if any."""

    ours: bool
    former_until: datetime | None


class Lease:
    """Takes, renews and gives back the one lease there is; raises StoreAway as every write.

    `holder`: who took it in this process the last time; None: nobody, or it was given back.
    """

    def __init__(self, writer: Writer) -> None:
        self.holder: UUID | None = None
        self._writer = writer

    async def take(self, holder: UUID, now: datetime, valid: timedelta) -> Taken:
        """Take the lease until `now + valid` where nobody holds it, or it ran out, or it is ours already."""
        taken = await self._writer.write(_take, holder, now, now + valid)
        if taken.ours:
            self.holder = holder
        return taken

    async def renew(self, holder: UUID, now: datetime, valid: timedelta) -> bool:
        """Hold it until `now + valid`; False where somebody else took it."""
        return await self._writer.write(_renew, holder, now + valid)

    async def give_back(self, holder: UUID, now: datetime) -> None:
        """Let go of it at once; when its holder stopped (`now`) stays known. Nothing where it is not ours."""
        await self._writer.write(_give_back, holder, now)
        self.holder = None


async def _take(connection: Connection, holder: UUID, now: datetime, until: datetime) -> Taken:
    row = await connection.fetchrow(_STANDS)
    if row is None:
        raise LookupError("flux_lease has lost its row")
    former = row["held_until"]
    if former is not None and former > now + PLAUSIBLE:
        former = until
    elif row["holder"] not in (None, holder) and former is not None and former > now:
        return Taken(ours=False, former_until=former)
    await connection.execute(_TAKE, holder, until)
    return Taken(ours=True, former_until=former)


async def _renew(connection: Connection, holder: UUID, until: datetime) -> bool:
    return await connection.fetchval(_RENEW, holder, until) is not None


async def _give_back(connection: Connection, holder: UUID, now: datetime) -> None:
    await connection.execute(_GIVE_BACK, holder, now)
