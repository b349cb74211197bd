"""The findings log's monthly partitions: made ahead, dropped whole when retention has passed them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tipd.store.connection import Connection
    from tipd.store.writer import Writer

MONTHS_AHEAD = 2
LOCK_WITHIN_MS = 2000

_PARTITIONS = """
SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'finding'::regclass ORDER BY c.relname
"""


_MONTH = re.compile(r"finding_\d{4}_(0[1-9]|1[0-2])", re.ASCII)


def month_of(at: datetime) -> str:
    """Return the name of the partition that holds findings of that time."""
    return f"finding_{at.astimezone(UTC):%Y_%m}"


def bounds_of(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a partition and the first after it. Raises ValueError for another name."""
    first = datetime.strptime(month, "finding_%Y_%m").replace(tzinfo=UTC)
    return first, (first + timedelta(days=32)).replace(day=1)


async def ensure(connection: Connection, at: datetime) -> None:
    """Make the partition for that time where it is missing (asyncio-flavoured; the writers' lock must be held)."""
    month = month_of(at)
    if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", month):
        return
    first, after = bounds_of(month)
    await connection.execute(
        f"CREATE TABLE {month} PARTITION OF finding FOR VALUES FROM ('{first.isoformat()}') TO ('{after.isoformat()}')"
    )


async def ensure_ahead(connection: Connection, now: datetime) -> None:
    """Make this month's partition and those of the next two, so that no busy moment has to."""
    at = now
    for _ in range(MONTHS_AHEAD + 1):
        await ensure(connection, at)
        at = bounds_of(month_of(at))[1]


class Partitions:
    """What the daemon asks for once an hour."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def ensure(self, now: datetime) -> None:
        """Make the partitions of this month and the next two."""
        await self._writer.write(ensure_ahead, now)

    async def prune(self, keep: timedelta, now: datetime) -> list[str]:
        """Drop the partitions whose every finding is older than `keep`; return their names.

        The floor moves in the same transaction: a reader sees the findings, or is told that they are gone. Raises
        ValueError when `keep` is not positive, TryAgain when readers are in the way for too long.
        """
        if keep <= timedelta(0):
            raise ValueError(f"findings are kept for a positive time, not {keep}")
        return await self._writer.write(_prune, now - keep, alone=True)


async def _prune(connection: Connection, before: datetime) -> list[str]:
    # Dropping waits for whoever reads the log, and whoever comes after waits for us.
    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WITHIN_MS}")
    # What somebody else attached to the log is not ours to drop.
    names = [row["name"] for row in await connection.fetch(_PARTITIONS) if _MONTH.fullmatch(row["name"])]
    old = [name for name in names if bounds_of(name)[1] <= before]
    for name in old:
        last = await connection.fetchval(f"SELECT max(seq) FROM {name}")  # noqa: S608 - bounds_of has vouched for it
        await connection.execute("UPDATE finding_floor SET pruned = greatest(pruned, $1)", last or 0)
        await connection.execute(f"DROP TABLE {name}")
    return old
