"""What is let go again: look-up sets after a time, and the oldest of everything where it takes too many bytes.

Rows that are deleted leave room in their tables, not smaller tables: so what counts against `max_bytes` is what the
rows that are there take, estimated from their number and width, with their indexes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tipd.store.flux.runs import MONTHLY
from tipd.store.frames import MOST_ROWS
from tipd.store.partitions import hold_nobody_up

if TYPE_CHECKING:
    from tipd.store.connection import Connection

FORGOTTEN_FOR = timedelta(hours=2)  # longer than the tracker keeps anything unstored
SHARE = 0.02  # of what there is, the oldest go at once: finer than a month, coarser than a row

TABLES = ("flux_run", "flux_score", "dns_observation")
# Bytes a row in table and indexes, beside what its own columns say: header, alignment, index entries (measured by
# benchmarks/pivot.py).
_OVERHEAD = {"flux_run": 70, "flux_score": 75, "dns_observation": 190}
_ROWS = """
SELECT greatest(sum(c.reltuples), 0)::bigint AS rows FROM pg_class AS c
 WHERE c.relkind = 'r' AND (c.oid = $1::text::regclass
    OR c.oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = $1::text::regclass))
"""
_WIDTH = """
SELECT coalesce(sum(avg_width), 0)::float8 AS width FROM pg_stats
 WHERE tablename = $1 AND schemaname = current_schema() AND inherited = $2
"""
_OLDEST_MONTH = "SELECT min(first) AS first FROM flux_run"
_SAMPLE = 5000
_EDGE = """
SELECT percentile_disc($1::float8) WITHIN GROUP (ORDER BY {column}) AS edge
  FROM (SELECT {column} FROM {table} TABLESAMPLE SYSTEM ($2::float4) LIMIT 100000) AS few
"""
_DELETE = """
DELETE FROM {table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM {table} WHERE {column} <= $1 LIMIT $2))
"""
_COLUMN = {"flux_score": "at", "dns_observation": "last"}
_AGE_OUT = "DELETE FROM flux_forgotten WHERE at < $1"


class Thinned(NamedTuple):
    """What was let go: months of look-up sets, rows of the other tables, and the bytes that are left (estimated)."""

    months: list[str]
    rows: int
    bytes: int


async def bytes_of(connection: Connection) -> dict[str, int]:
    """Return how many bytes the rows of each table take, estimated."""
    found = {}
    for table in TABLES:
        rows = await connection.fetchval(_ROWS, table)
        width = await connection.fetchval(_WIDTH, table, table == "flux_run")
        found[table] = round(rows * ((width or 0) + _OVERHEAD[table])) if rows else 0
    return found


async def take_stock(connection: Connection) -> dict[str, int]:
    """Count anew, by samples, and return bytes by table."""
    for table in TABLES:
        await connection.execute(f"ANALYZE {table}")
    return await bytes_of(connection)


async def drop_months(connection: Connection, before: datetime) -> list[str]:
    """Drop the months of look-up sets that end before that (in the writer's transaction). Raises TryAgain."""
    await hold_nobody_up(connection)
    old = await MONTHLY.past(connection, before)
    for name in old:
        await connection.execute(f"DROP TABLE {name}")
    return old


async def oldest_month(connection: Connection) -> tuple[str, datetime] | None:
    """Return the oldest month of look-up sets but the last, and its end; None where there is no other."""
    months = await MONTHLY.months(connection)
    filled = [name for name in months if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {name})")]  # noqa: S608
    if len(filled) < 2:
        return None
    return filled[0], MONTHLY.bounds_of(filled[0])[1]


async def edge(connection: Connection, table: str) -> datetime | None:
    """Return the moment up to which the oldest rows of a table go; None where it is empty."""
    column = _COLUMN.get(table, "first")
    rows = await connection.fetchval(_ROWS, table) or 1
    percent = min(100.0, max(0.5, 100 * 50_000 / max(rows, 1)))
    return await connection.fetchval(  # type: ignore[no-any-return]
        _EDGE.format(column=column, table=table), SHARE, percent
    )


async def delete_old(connection: Connection, table: str, until: datetime) -> int:
    """Delete up to 20,000 rows that end at `until` or before (in the writer's transaction); return how many."""
    column = _COLUMN.get(table, "first")
    done = await connection.execute(_DELETE.format(table=table, column=column), until, MOST_ROWS)
    return int(done.rpartition(" ")[2])


async def keep_up(connection: Connection, now: datetime) -> None:
    """Make months ahead; let what was forgotten a while ago be taken in again, should the DNS still say it."""
    await MONTHLY.ensure_ahead(connection, now)
    await connection.execute(_AGE_OUT, now - FORGOTTEN_FOR)
