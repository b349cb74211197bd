"""Due times of modules and other scheduled units: what `nursery.contract.ScheduleStore` asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.nursery.contract import Due

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_SAVE = """
INSERT INTO schedule (name, due, last_run, failures) VALUES ($1, $2, $3, $4)
    ON CONFLICT (name) DO UPDATE SET due = excluded.due, last_run = excluded.last_run, failures = excluded.failures
"""


class Schedule:
    """One row a unit."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def load(self, name: str) -> Due | None:
        """Return what is stored for the unit, or None. Raises StoreAway."""
        row = await self._pool.run(_load, name)
        return None if row is None else Due(row["name"], row["due"], row["last_run"], row["failures"])

    async def save(self, name: str, *, due: datetime | None, last_run: datetime | None, failures: int) -> None:
        """Store it; committed when this returns."""
        await self._writer.write(_save, name, due, last_run, failures)


async def _load(connection: Connection, name: str) -> Row | None:
    return await connection.fetchrow("SELECT name, due, last_run, failures FROM schedule WHERE name = $1", name)


async def _save(
    connection: Connection, name: str, due: datetime | None, last_run: datetime | None, failures: int
) -> None:
    await connection.execute(_SAVE, name, due, last_run, failures)
