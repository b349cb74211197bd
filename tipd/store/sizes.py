"""How many bytes each table takes, and how fast it grows."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

WHOLE = "database"
GROWTH_OVER = timedelta(days=30)

# A partition counts for its parent; indexes and TOAST count for their table.
_TABLES = """
SELECT coalesce(parent.relname, c.relname) AS name, sum(pg_total_relation_size(c.oid))::bigint AS bytes
  FROM pg_class c
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  LEFT JOIN pg_class parent ON parent.oid = i.inhparent
 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
 GROUP BY 1
UNION ALL
SELECT 'database', pg_database_size(current_database())
 ORDER BY 2 DESC, 1
"""
_NOTE = "INSERT INTO size_day (day, name, bytes) SELECT $1, u.name, u.bytes FROM unnest($2::text[], $3::bigint[]) AS u"
_FIRST = "SELECT DISTINCT ON (name) name, day, bytes FROM size_day WHERE day >= $1 AND day < $2 ORDER BY name, day"


class Sizes:
    """Bytes by table; `"database"` is the whole of it."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def tables(self) -> dict[str, int]:
        """Return bytes by table with its partitions and indexes, greatest first. Raises StoreAway."""
        return await self._pool.run(tables)

    async def note(self, today: date) -> None:
        """Keep today's sizes (once a day; again the same day changes nothing)."""
        await self._writer.write(_note, today, await self.tables())

    async def growth(self, today: date) -> dict[str, float]:
        """Return bytes a day by table, since the first day noted in the last 30; none before a day has passed."""
        before = await self._pool.run(_first, today - GROWTH_OVER, today)
        now = await self.tables()
        return {name: (now[name] - was) / (today - day).days for name, (day, was) in before.items() if name in now}


async def tables(connection: Connection) -> dict[str, int]:
    """Return bytes by table (asyncio-flavoured)."""
    return {row["name"]: row["bytes"] for row in await connection.fetch(_TABLES)}


async def _note(connection: Connection, today: date, sizes: Mapping[str, int]) -> None:
    await connection.execute(f"{_NOTE} (name, bytes) ON CONFLICT DO NOTHING", today, list(sizes), list(sizes.values()))


async def _first(connection: Connection, after: date, before: date) -> dict[str, tuple[date, int]]:
    return {row["name"]: (row["day"], row["bytes"]) for row in await connection.fetch(_FIRST, after, before)}
