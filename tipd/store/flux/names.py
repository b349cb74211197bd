"""Names of the DNS by number: those that are missing are made, in the order of their bytes.

Every function is asyncio-flavoured and runs inside a writer's transaction: the writers' lock is held, so nobody else
makes names meanwhile, and a number is drawn only for a name that is new.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.canonical.suffix import registrable
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection

AT_ONCE = 1000  # names a statement: finding their registrable domains takes some milliseconds

# Looked up name by name (`OFFSET 0` keeps the planner from turning it round): a batch never reads the whole table.
_MISSING = """
SELECT DISTINCT name FROM {table} AS asked
 WHERE NOT EXISTS (SELECT FROM (SELECT 1 FROM dns_name AS d WHERE d.name = asked.name OFFSET 0) AS found)
 ORDER BY name
"""
# A registrable domain is known through the watched names below it; `{own}` gives marks of names that are to be watched.
_MAKE = f"""
INSERT INTO dns_name (name, apex, tlp)
SELECT u.name, u.apex, coalesce(least(own.tlp, CASE WHEN u.name = u.apex THEN (
           SELECT min(n.tlp) FROM dns_name AS d JOIN flux_name AS n ON n.id = d.id WHERE d.apex = u.name) END),
           {int(Tlp.RED)})
  FROM unnest($1::text[], $2::text[]) AS u (name, apex) LEFT JOIN ({{own}}) AS own ON own.name = u.name
 ORDER BY u.name
"""  # noqa: S608 - a number of ours
NOBODYS = "SELECT NULL::text AS name, NULL::smallint AS tlp"
# Name by name by their keys: a batch never reads a whole table.
_LOWER_APEXES = """
UPDATE dns_name AS a SET tlp = low.tlp
  FROM (SELECT found.id, below.tlp
          FROM (SELECT d.apex, min(n.tlp) AS tlp FROM unnest($1::integer[]) AS k (id)
                 CROSS JOIN LATERAL (SELECT apex FROM dns_name AS x
                                      WHERE x.id = k.id AND x.name <> x.apex OFFSET 0) AS d
                 CROSS JOIN LATERAL (SELECT tlp FROM flux_name AS y WHERE y.id = k.id OFFSET 0) AS n
                 GROUP BY d.apex) AS below
         CROSS JOIN LATERAL (SELECT id, tlp FROM dns_name AS x WHERE x.name = below.apex OFFSET 0) AS found
         WHERE found.tlp > below.tlp) AS low
 WHERE a.id = low.id
RETURNING a.id
"""
_LOWER_OWN = """
UPDATE dns_name AS d SET tlp = low.tlp
  FROM (SELECT k.id, n.tlp FROM unnest($1::integer[]) AS k (id)
         CROSS JOIN LATERAL (SELECT tlp FROM flux_name AS y WHERE y.id = k.id OFFSET 0) AS n
         CROSS JOIN LATERAL (SELECT tlp FROM dns_name AS x WHERE x.id = k.id OFFSET 0) AS was
         WHERE was.tlp > n.tlp) AS low
 WHERE d.id = low.id
RETURNING d.id
"""
_LOWER_TARGETS = """
UPDATE dns_name AS t SET tlp = low.tlp
  FROM (SELECT o.target_id, min(d.tlp) AS tlp FROM dns_observation AS o JOIN dns_name AS d ON d.id = o.name_id
         WHERE o.name_id = ANY($1::integer[]) AND o.target_id IS NOT NULL GROUP BY o.target_id) AS low
 WHERE t.id = low.target_id AND t.tlp > low.tlp
RETURNING t.id
"""
_DEEPEST = 4  # steps from a watched name: its domain, the domain's name servers, what those are called else


async def make_missing(connection: Connection, table: str, own: str = NOBODYS) -> int:
    """Make the names that `table` (with a column `name`) holds and nobody knows yet; return how many.

    `own`: a query of ours that gives names with marks of their own (`name`, `tlp`).
    """
    missing = [row["name"] for row in await connection.fetch(_MISSING.format(table=table))]
    for start in range(0, len(missing), AT_ONCE):
        part = missing[start : start + AT_ONCE]
        await connection.execute(_MAKE.format(own=own), part, [registrable(name) for name in part])
    return len(missing)


async def lower(connection: Connection, ids: Sequence[int]) -> None:
    """Let what is known through these watched names be seen by whoever may see them, where it was not yet."""
    fallen = [row["id"] for row in await connection.fetch(_LOWER_OWN, ids)]
    fallen += [row["id"] for row in await connection.fetch(_LOWER_APEXES, ids)]
    await lower_targets(connection, fallen)


async def lower_targets(connection: Connection, ids: Sequence[int]) -> None:
    """Let what these names point to be seen by whoever may see them."""
    for _ in range(_DEEPEST):
        if not ids:
            return
        ids = [row["id"] for row in await connection.fetch(_LOWER_TARGETS, ids)]
