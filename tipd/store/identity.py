"""`store_id`: the name of this log of findings; a cursor is good only with the store_id it was got with.

It is new when the log began anew or may have gone back: another cluster (system identifier), another timeline (a
restore to a point in time, a promoted standby), or another findings table (a restored dump has new object numbers;
so has a copy of the database). What the database itself says is compared with what it noted the last time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from tipd.store.connection import Connection
    from tipd.store.pool import Pool

_LOCK = 0x74697064_00000002  # "tipd", 2: whoever settles the identity
_MARKS = ("system_identifier", "timeline", "finding_table")

# The timeline of the write-ahead log now: the control file's is only as new as the last checkpoint.
_SAYS = """
SELECT (SELECT system_identifier FROM pg_control_system())::text AS system_identifier,
       substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline,
       (SELECT oid FROM pg_database WHERE datname = current_database())::text || '/' || 'finding'::regclass::oid::text
           AS finding_table
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """The store's name; `previous` is the one before where it has just changed, and `why` says by which marks."""

    store_id: str
    previous: str | None = None
    why: tuple[str, ...] = ()


async def settle(pool: Pool) -> Identity:
    """Return the identity, noting a new one where it changed; call it after migrating and whenever the pool is back."""
    return await pool.run(settle_on)


async def keep(pool: Pool) -> str:
    """Note the present marks under the store_id there is: after a move that lost nothing (`tipd db upgrade`)."""
    return await pool.run(keep_on)


async def settle_on(connection: Connection) -> Identity:
    """Do as `settle` does, in one transaction of this connection."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        noted, says = await _noted(connection), await _says(connection)
        changed = tuple(mark for mark in _MARKS if noted.get(mark) != says[mark])
        known = noted.get("store_id")
        if known is not None and not changed:
            return Identity(known)
        fresh = str(uuid4())
        await _note(connection, {"store_id": fresh, **says})
    return Identity(fresh, known, changed if known is not None else ())


async def keep_on(connection: Connection) -> str:
    """Do as `keep` does."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        known = (await _noted(connection)).get("store_id") or str(uuid4())
        await _note(connection, {"store_id": known, **await _says(connection)})
    return known


async def _noted(connection: Connection) -> dict[str, str]:
    rows = await connection.fetch("SELECT name, value FROM meta WHERE name = ANY($1::text[])", ["store_id", *_MARKS])
    return {row["name"]: json.loads(row["value"]) for row in rows}


async def _says(connection: Connection) -> dict[str, str]:
    row = await connection.fetchrow(_SAYS)
    assert row is not None  # noqa: S101 - a SELECT without FROM has a row
    return {mark: row[mark] for mark in _MARKS}


async def _note(connection: Connection, facts: dict[str, str]) -> None:
    for name, value in facts.items():
        await connection.execute(
            "INSERT INTO meta (name, value) VALUES ($1, $2::jsonb) ON CONFLICT (name) DO UPDATE SET value = $2::jsonb",
            name,
            json.dumps(value),
        )
