"""Monthly partitions, of the findings log before others: made ahead, dropped whole when retention has passed them."""

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
 WHERE i.inhparent = $1::text::regclass ORDER BY c.relname
"""


class Monthly:
    """The monthly partitions of one table: `finding_2026_03` of `finding`."""

    def __init__(self, table: str) -> None:
        """`table` is partitioned by a range of moments."""
        self.table = table
        self._month = re.compile(rf"{table}_\d{{4}}_(0[1-9]|1[0-2])", re.ASCII)

    def month_of(self, at: datetime) -> str:
        """Return the name of the partition that holds rows of that time."""
        return f"{self.table}_{at.astimezone(UTC):%Y_%m}"

    def bounds_of(self, month: str) -> tuple[datetime, datetime]:
        """Return the first moment of a partition and the first after it. Raises ValueError for another name."""
        first = datetime.strptime(month, f"{self.table}_%Y_%m").replace(tzinfo=UTC)
        return first, (first + timedelta(days=32)).replace(day=1)

    async def ensure(self, connection: Connection, at: datetime) -> None:
        """Make the partition for that time where it is missing (asyncio-flavoured; under the writers' lock)."""
        month = self.month_of(at)
        if await connection.fetchval("SELECT to_regclass($1) IS NOT NULL", month):
            return
        first, after = (moment.isoformat() for moment in self.bounds_of(month))
        await connection.execute(
            f"CREATE TABLE {month} PARTITION OF {self.table} FOR VALUES FROM ('{first}') TO ('{after}')"
        )

    async def ensure_ahead(self, connection: Connection, now: datetime) -> None:
        """Make this month's partition and those of the next two, so that no busy moment has to."""
        at = now
        for _ in range(MONTHS_AHEAD + 1):
            await self.ensure(connection, at)
            at = self.bounds_of(self.month_of(at))[1]

    async def months(self, connection: Connection) -> list[str]:
        """Return the partitions that are months, the oldest first; what others attached is not ours to touch."""
        rows = await connection.fetch(_PARTITIONS, self.table)
        return [row["name"] for row in rows if self._month.fullmatch(row["name"])]

    async def past(self, connection: Connection, before: datetime) -> list[str]:
        """Return the partitions that end at that moment or before it, the oldest first."""
        return [name for name in await self.months(connection) if self.bounds_of(name)[1] <= before]


async def hold_nobody_up(connection: Connection) -> None:
    """Wait a short while at most to drop a partition: it waits for readers, and whoever comes after waits for it."""
    await connection.execute(f"SET LOCAL lock_timeout = {LOCK_WITHIN_MS}")


FINDINGS = Monthly("finding")


def month_of(at: datetime) -> str:
    """Return the name of the partition that holds findings of that time."""
    return FINDINGS.month_of(at)


def bounds_of(month: str) -> tuple[datetime, datetime]:
    """Return the first moment of a findings' partition and the first after it. Raises ValueError for another name."""
    return FINDINGS.bounds_of(month)


async def ensure(connection: Connection, at: datetime) -> None:
    """Make the findings' partition for that time where it is missing (asyncio-flavoured; under the writers' lock)."""
    await FINDINGS.ensure(connection, at)


async def ensure_ahead(connection: Connection, now: datetime) -> None:
    """Make the findings' partitions of this month and the next two."""
    await FINDINGS.ensure_ahead(connection, now)


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
    await hold_nobody_up(connection)
    old = await FINDINGS.past(connection, before)
    for name in old:
        last = await connection.fetchval(f"SELECT max(seq) FROM {name}")  # noqa: S608 - bounds_of has vouched for it
        await connection.execute("UPDATE finding_floor SET pruned = greatest(pruned, $1)", last or 0)
        await connection.execute(f"DROP TABLE {name}")
    return old
