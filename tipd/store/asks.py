"""What one process asks of another on the same database: a round of a module now, for a source by name.

An ask is a row beside the due times, taken by whichever process runs the module; NOTIFY only makes it quick. It moves
no due time: that is the lease of who works on a source, and a source's own floor holds for whoever asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tipd.store.connection import Connection
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

CHANNEL = "tipd_asks"


class Asks:
    """Asks wait until they are taken, and are taken once."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def ask(self, module: str, name: str, at: datetime) -> None:
        """Store an ask; one that waits already is not doubled."""
        await self._writer.write(_ask, _unit(module, name), module, at)

    async def take(self, module: str) -> list[str]:
        """Take what waits for the module and return the names. Raises StoreAway."""
        if not await self._pool.run(_waits, _unit(module, "")):
            return []
        return await self._writer.write(_take, _unit(module, ""))

    def listen(self, hear: Callable[[str | None], None]) -> None:
        """Call `hear(module)` when something was asked, `hear(None)` when that may have been missed."""
        self._pool.listen(CHANNEL, hear)


def _unit(module: str, name: str) -> str:
    return f"ask:{module}:{name}"


async def _ask(connection: Connection, unit: str, module: str, at: datetime) -> None:
    await connection.execute("INSERT INTO schedule (name, due) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", unit, at)
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, module)


async def _waits(connection: Connection, prefix: str) -> bool:
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM schedule WHERE starts_with(name, $1))", prefix))


async def _take(connection: Connection, prefix: str) -> list[str]:
    rows = await connection.fetch("DELETE FROM schedule WHERE starts_with(name, $1) RETURNING name", prefix)
    return sorted(row["name"].removeprefix(prefix) for row in rows)
