"""How far each sink has come, which process tells it, and whether its receiver said that it is gone for good.

A sink is told by one process at a time: it holds the row's lease and renews it. The cursor moves only for the holder,
and only from where the holder thought it was; so what two processes do at worst is to send a message twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.store.text import storable

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from tipd.model.finding import NewFinding
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

LEASE = 40.0  # seconds: whoever waits looks every 20, so that another goes on within a minute
_LONGEST_WHY = 500

_BEGIN = """
INSERT INTO reader_cursor (reader, seq, at)
SELECT 'sink:' || $1, greatest((SELECT max(seq) FROM finding), pruned), clock_timestamp() FROM finding_floor
    ON CONFLICT (reader) DO NOTHING
"""
# By the database's clock: the processes' own may differ.
_HOLD = """
INSERT INTO sink AS s (name, holder, held_until, target)
VALUES ($1, $2, clock_timestamp() + make_interval(secs => $3), $4)
    ON CONFLICT (name) DO UPDATE
   SET holder = excluded.holder, held_until = excluded.held_until, target = excluded.target,
       stopped = CASE WHEN s.target = excluded.target THEN s.stopped END,
       why = CASE WHEN s.target = excluded.target THEN s.why END
 WHERE s.holder = excluded.holder OR s.holder IS NULL OR s.held_until < clock_timestamp()
RETURNING pending, stopped, why
"""
_MINE = "EXISTS (SELECT FROM sink WHERE name = $1 AND holder = $2)"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a sink stands: `seq` was told; `pending` ends the message that was begun; `stopped`, since when and why."""

    seq: int
    pending: int | None = None
    stopped: datetime | None = None
    why: str | None = None


class Sinks:
    """The rows of the sinks."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def hold(self, name: str, holder: UUID, target: bytes) -> Place | None:
        """Take or renew the lease for `LEASE` seconds; None where another process has it.

        A sink that is seen first begins at the log's end; one whose receiver changed is not stopped any more.
        """
        return await self._writer.write(_hold, name, holder, target)

    async def begin(self, name: str, holder: UUID, until: int | None) -> bool:
        """Note where the message ends that is sent from now on; False: the sink is another's."""
        return await self._writer.write(_begin, name, holder, until)

    async def move(self, name: str, holder: UUID, seq: int, to: int) -> bool:
        """Move the cursor from `seq` on and forget what was pending; False: the sink is another's, or moved."""
        return await self._writer.write(_move, name, holder, seq, to)

    async def stop(self, name: str, holder: UUID, at: datetime, why: str, finding: NewFinding) -> None:
        """Note that the receiver is gone for good, and tell it."""
        await self._writer.write(_stop, name, holder, at, storable(why)[:_LONGEST_WHY], findings=[finding])

    async def resume(self, name: str) -> bool:
        """Let a stopped sink go on; False where it was not stopped."""
        return await self._writer.write(_resume, name)

    async def release(self, name: str, holder: UUID) -> None:
        """Give the lease back, so that another process may go on at once."""
        await self._writer.write(_release, name, holder)

    async def all(self) -> dict[str, Place]:
        """Return where every sink stands that ever was, by name."""
        return {row["name"]: _place(row) for row in await self._pool.run(_all)}


def _place(row: Any) -> Place:
    return Place(seq=row["seq"], pending=row["pending"], stopped=row["stopped"], why=row["why"])


async def _hold(connection: Connection, name: str, holder: UUID, target: bytes) -> Place | None:
    row = await connection.fetchrow(_HOLD, name, holder, LEASE, target)
    if row is None:
        return None
    await connection.execute(_BEGIN, name)
    seq = await connection.fetchval("SELECT seq FROM reader_cursor WHERE reader = 'sink:' || $1", name)
    return Place(seq=seq, pending=row["pending"], stopped=row["stopped"], why=row["why"])


async def _begin(connection: Connection, name: str, holder: UUID, until: int | None) -> bool:
    done = await connection.execute("UPDATE sink SET pending = $3 WHERE name = $1 AND holder = $2", name, holder, until)
    return bool(done == "UPDATE 1")


async def _move(connection: Connection, name: str, holder: UUID, seq: int, to: int) -> bool:
    done = await connection.execute(
        f"UPDATE reader_cursor SET seq = $4, at = clock_timestamp()"  # noqa: S608 - a condition of ours
        f" WHERE reader = 'sink:' || $1 AND seq = $3 AND {_MINE}",
        name,
        holder,
        seq,
        to,
    )
    if done == "UPDATE 1":
        await connection.execute("UPDATE sink SET pending = NULL WHERE name = $1", name)
    return bool(done == "UPDATE 1")


async def _stop(connection: Connection, name: str, holder: UUID, at: datetime, why: str) -> None:
    await connection.execute(
        "UPDATE sink SET stopped = $3, why = $4 WHERE name = $1 AND holder = $2", name, holder, at, why
    )


async def _resume(connection: Connection, name: str) -> bool:
    done = await connection.execute(
        "UPDATE sink SET stopped = NULL, why = NULL WHERE name = $1 AND stopped IS NOT NULL", name
    )
    return bool(done == "UPDATE 1")


async def _release(connection: Connection, name: str, holder: UUID) -> None:
    await connection.execute(
        "UPDATE sink SET holder = NULL, held_until = NULL WHERE name = $1 AND holder = $2", name, holder
    )


async def _all(connection: Connection) -> list[Row]:
    return await connection.fetch(
        "SELECT name, seq, pending, stopped, why FROM sink JOIN reader_cursor ON reader = 'sink:' || name ORDER BY name"
    )
