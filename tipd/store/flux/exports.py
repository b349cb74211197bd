"""Tracked names, and the addresses they have, as rows of exports. Asyncio-flavoured.

Nodes are the addresses that a name had within a day of its last look-up; private and reserved ones are none: no list
may block them.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.canonical.address import parse_address
from tipd.model.canonical.bogon import is_bogon
from tipd.model.flux import State
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.sightings import PAGE, Listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.store.connection import Connection, Row

MOST_NAMES = 10  # of an address

# $1: the caller's mark; $2: states; $3: tags; $4: whether anybody may see it. Where it is public, every origin that is
# told of is, and one that may be passed on must be there.
_WHICH = """
FROM flux_state AS s JOIN flux_name AS n USING (id) JOIN dns_name AS d USING (id)
WHERE n.tlp <= $1 AND ($2::smallint[] IS NULL OR s.state = ANY($2))
  AND ($3::text[] IS NULL OR (n.tags && $3 AND n.words <= $1))
  AND (NOT $4 OR EXISTS (
    SELECT FROM flux_origin AS o LEFT JOIN source AS r ON r.id = o.source_id
     WHERE o.id = n.id AND greatest(o.tlp, r.tlp, 0::smallint) = 0 AND coalesce(r.redistribute, true)))
"""
_SOURCES = """
ARRAY(SELECT DISTINCT r.name FROM flux_origin AS o JOIN source AS r ON r.id = o.source_id
       WHERE o.id = n.id AND greatest(o.tlp, r.tlp, 0::smallint) <= $1 AND (NOT $4 OR r.redistribute) ORDER BY r.name)
"""
_NAMES = f"""
SELECT n.id, d.name, s.state, s.tier, s.holz, s.since,
       CASE WHEN n.words <= $1 THEN n.tags ELSE ARRAY[]::text[] END AS tags, {_SOURCES} AS sources
 {_WHICH} AND n.id > $5
 ORDER BY n.id LIMIT $6
"""
_HAVE = f"""
FROM (SELECT n.id, n.tlp, d.name, s.last_sample, {_SOURCES} AS sources {_WHICH} OFFSET 0) AS n
CROSS JOIN LATERAL (SELECT * FROM dns_observation AS o
                     WHERE o.name_id = n.id AND o.address IS NOT NULL
                       AND o.last >= n.last_sample - interval '1 day' OFFSET 0) AS o
"""  # noqa: S608
_NODES = f"""
SELECT host(o.address) AS address, max(o.asn) AS asn, min(o.first) AS since,
       (array_agg(DISTINCT n.name ORDER BY n.name))[:{MOST_NAMES}] AS names,
       ARRAY(SELECT DISTINCT t FROM unnest(string_to_array(string_agg(array_to_string(n.sources, E'\\x1f'), E'\\x1f'),
                                                           E'\\x1f')) AS t WHERE t <> '' ORDER BY t) AS sources
{_HAVE} GROUP BY o.address ORDER BY o.address
"""  # noqa: S608
_COUNT_NAMES = f"SELECT count(*) {_WHICH}"
_COUNT_NODES = f"SELECT host(o.address) AS address {_HAVE} GROUP BY o.address"
_REVISION = "SELECT coalesce(max(revision), 0) FROM flux_name"


class Scope(NamedTuple):
    """What an export holds: names in these states (none: all) with one of these tags, as far as may be seen."""

    max_tlp: Tlp
    state: tuple[State, ...] = ()
    tag: tuple[str, ...] = ()
    public: bool = False

    @property
    def args(self) -> tuple[int, list[int] | None, list[str] | None, bool]:
        """The first four arguments of the statements."""
        mark = Tlp.CLEAR if self.public else self.max_tlp
        return int(mark), [int(state) for state in self.state] or None, list(self.tag) or None, self.public


async def names(connection: Connection, scope: Scope, after: int) -> tuple[list[Listed], int | None]:
    """Return the next names by their numbers, and the last number; None at the end."""
    rows = await connection.fetch(_NAMES, *scope.args, after, PAGE)
    return [_name(row) for row in rows], rows[-1]["id"] if rows else None


async def nodes(connection: Connection, scope: Scope) -> list[Listed]:
    """Return all addresses, in their order."""
    return [_node(row) for row in await connection.fetch(_NODES, *scope.args) if not _inner(row["address"])]


def pages(rows: list[Listed]) -> Iterator[list[Listed]]:
    """Yield rows in pages."""
    for page in itertools.batched(rows, PAGE, strict=False):
        yield list(page)


async def count(connection: Connection, scope: Scope, of: str) -> int:
    """Return how many rows an export has."""
    if of == "names":
        return int(await connection.fetchval(_COUNT_NAMES, *scope.args))
    return sum(not _inner(row["address"]) for row in await connection.fetch(_COUNT_NODES, *scope.args))


async def revision(connection: Connection) -> int:
    """Return the greatest revision there is."""
    return int(await connection.fetchval(_REVISION))


def _inner(address: str) -> bool:
    parsed = parse_address(address)
    return parsed is None or is_bogon(*parsed)


def _name(row: Row) -> Listed:
    context = {
        "state": State(row["state"]).word,
        "tier": row["tier"],
        "score": None if row["holz"] is None else row["holz"] / 100,
        "tags": list(row["tags"]),
    }
    return Listed(Kind.DOMAIN, row["name"], row["sources"], row["since"], context)


def _node(row: Row) -> Listed:
    kind = Kind.IPV6 if ":" in row["address"] else Kind.IPV4
    return Listed(
        kind, row["address"], row["sources"], row["since"], {"asn": row["asn"] or None, "names": list(row["names"])}
    )
