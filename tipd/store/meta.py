"""Facts about this database, by name; values are JSON."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.store.text import to_json

if TYPE_CHECKING:
    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_PUT = "INSERT INTO meta (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class Meta:
    """Reads and writes facts."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def get(self, name: str) -> Any:
        """Return the value, None where there is none. Raises StoreAway."""
        return await self._pool.run(get, name)

    async def put(self, name: str, value: Any) -> None:
        """Store the value; committed when this returns."""
        await self._writer.write(put, name, value)


async def get(connection: Connection, name: str) -> Any:
    """Return the value, None where there is none (asyncio-flavoured)."""
    value = await connection.fetchval("SELECT value FROM meta WHERE name = $1", name)
    return None if value is None else msgspec.json.decode(value)


async def put(connection: Connection, name: str, value: Any) -> None:
    """Store the value (asyncio-flavoured)."""
    await connection.execute(_PUT, name, to_json(value))


async def hash_seed(connection: Connection) -> int:
    """Return the seed of this database's keys, 0 <= seed < 2**64, drawn at the first call ever (`tipd.model.key`)."""
    drawn = to_json(secrets.randbits(64))
    await connection.execute("INSERT INTO meta (name, value) VALUES ('hash_seed', $1) ON CONFLICT DO NOTHING", drawn)
    return int(await get(connection, "hash_seed"))
