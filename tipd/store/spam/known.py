"""Which mails are stored already. Asyncio-flavoured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.store.spam import archives, incoming

if TYPE_CHECKING:
    from tipd.store.connection import Connection

_THERE = """
SELECT DISTINCT a.n - 1 AS place FROM unnest($1::bigint[], $2::bytea[]) WITH ORDINALITY AS a (hash, tail, n)
 CROSS JOIN LATERAL (SELECT 1 FROM spam_mail AS m
        WHERE m.hash = a.hash AND m.tail = a.tail AND ($3::integer IS NULL OR m.source_id = $3) OFFSET 0) AS there
"""


async def known(
    connection: Connection, halves: tuple[list[int], list[bytes]], source: str | None, member: str
) -> set[int]:
    """Return the places of those that are there, brought by that source (None: by any)."""
    source_id = None
    if source is not None:
        source_id = await connection.fetchval("SELECT id FROM source WHERE name = $1", source)
        if source_id is None:
            return set()
    found = {row["place"] for row in await connection.fetch(_THERE, *halves, source_id)}
    if member and source_id is not None:
        floor = await incoming.floor(connection)
        found |= set(await archives.held_before(connection, source_id, member, halves[0], floor))
    return found
