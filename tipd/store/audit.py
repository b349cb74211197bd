"""The audit: who did what by hand, to what, and why; kept for good."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.clock import Clock
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

LONGEST = 2000  # characters of a subject or a reason
_LARGEST = 2**63 - 1
_INSERT = "INSERT INTO audit (at, by, action, subject, reason, data) VALUES ($1, $2, $3, $4, $5, $6)"
_READ = "SELECT id, at, by, action, subject, reason, data FROM audit WHERE id < $1 ORDER BY id DESC LIMIT $2"


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One act: `by` names its caller (`uid 0`, `token 1f…`), `action` is a word such as `allow.added`."""

    id: int
    at: datetime
    by: str
    action: str
    subject: str
    reason: str
    data: dict[str, Any]


class Audit:
    """Notes acts and reads them back; nothing here changes or removes one."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def note(
        self, by: str, action: str, subject: str, reason: str = "", data: Mapping[str, Any] | None = None
    ) -> None:
        """Note an act now; committed when this returns. Raises StoreAway."""
        await self._writer.write(insert, self._clock.now(), by, action, subject, reason, data)

    async def read(self, *, before: int | None = None, limit: int = 100) -> list[Act]:
        """Return at most `limit` acts, the newest first; with `before`, those whose id is smaller."""
        rows = await self._pool.run(_read, _LARGEST if before is None else min(before, _LARGEST), limit)
        return [_act(row) for row in rows]


async def insert(  # noqa: PLR0917 - the columns of the table, in their order
    connection: Connection,
    at: datetime,
    by: str,
    action: str,
    subject: str,
    reason: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Note an act in a writer's transaction: with what was done, or not at all. Asyncio-flavoured."""
    text = None if not data else to_json(dict(data))
    await connection.execute(_INSERT, at, by, action, storable(subject)[:LONGEST], storable(reason)[:LONGEST], text)


async def _read(connection: Connection, before: int, limit: int) -> list[Row]:
    return await connection.fetch(_READ, before, limit)


def _act(row: Row) -> Act:
    fields = dict(row)
    fields["data"] = {} if fields["data"] is None else msgspec.json.decode(fields["data"])
    return Act(**fields)
