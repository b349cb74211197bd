"""Names and upstreams that one transaction mentions, by their places; stored first, then the rows that mention them.

Names that are missing are made; what is blocked for good is not taken in, nor what was forgotten a moment ago and is
still in somebody's memory: rows that mention it find no number for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.canonical.domain import canonical_name
from tipd.model.indicator import RefusedValue
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.flux import names, tuples

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection

_COLUMNS = ("n", "name", "key")
_TABLES = """
CREATE TEMPORARY TABLE IF NOT EXISTS flux_named (
    n integer, name text COLLATE "C", key bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS flux_ids (n integer, id integer) ON COMMIT DELETE ROWS
"""
_LEAVE_OUT = """
DELETE FROM flux_named WHERE key IN (SELECT key FROM blocked UNION ALL SELECT key FROM flux_forgotten)
"""
_IDS = """
INSERT INTO flux_ids SELECT n, d.id FROM flux_named AS asked
 CROSS JOIN LATERAL (SELECT id FROM dns_name AS d WHERE d.name = asked.name OFFSET 0) AS d
"""
_VANTAGES = "SELECT id, upstream FROM dns_vantage WHERE vantage = $1 AND upstream = ANY($2::text[])"
_VANTAGE = "INSERT INTO dns_vantage (vantage, upstream) VALUES ($1, $2) RETURNING id"


class Mentioned:
    """Gathers them while rows are made ready."""

    def __init__(self) -> None:
        self.upstreams: dict[str, int] = {}
        self._names: dict[str, int] = {}

    def name(self, name: str) -> int | None:
        """Return the place of a name, None for what is no name."""
        place = self._names.get(name)
        if place is None:
            try:
                if canonical_name(name) != name:
                    return None
            except RefusedValue:
                return None
            place = self._names[name] = len(self._names)
        return place

    def upstream(self, upstream: str) -> int:
        """Return the place of an upstream, from 1 on as PostgreSQL counts."""
        return self.upstreams.setdefault(upstream, len(self.upstreams) + 1)

    async def packed(self, seed: int) -> bytes:
        """Return the names as tuples (trio-flavoured)."""

        def pack(one: tuple[str, int]) -> bytes:
            name, place = one
            return tuples.row(tuples.int4(place), tuples.text(name), tuples.int8(key_of(seed, Kind.DOMAIN, name)))

        return await tuples.packed(self._names.items(), pack)


async def take(connection: Connection, named: bytes) -> None:
    """Fill `flux_ids` with the numbers of names by their places (asyncio-flavoured)."""
    await connection.execute(_TABLES)
    await tuples.copy_in(connection, "flux_named", _COLUMNS, named)
    await connection.execute(_LEAVE_OUT)
    await names.make_missing(connection, "flux_named")
    await connection.execute(_IDS)
    await connection.execute("ANALYZE flux_ids")


async def vantages(connection: Connection, vantage: str, upstreams: Sequence[str]) -> list[int]:
    """Return the numbers of these upstreams as seen from this vantage, in their order (asyncio-flavoured)."""
    rows = await connection.fetch(_VANTAGES, vantage, list(upstreams))
    found = {row["upstream"]: row["id"] for row in rows}
    for upstream in sorted(set(upstreams) - found.keys()):
        found[upstream] = await connection.fetchval(_VANTAGE, vantage, upstream)
    return [found[upstream] for upstream in upstreams]
