"""Who may see a tracked name: the least mark among its origins, and what follows for the names known through it.

Asyncio-flavoured, inside a writer's transaction. What may be seen by more people spreads at once; where something may
be seen by fewer, what is known through it is hidden until it has been looked at anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.tlp import Tlp
from tipd.store.flux import names
from tipd.store.frames import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection
    from tipd.store.writer import Writer

AT_ONCE = 5000  # names a transaction

# An origin's mark is the stricter of its own and its source's present one.
_SETTLE = """
UPDATE flux_name AS n SET tlp = said.tlp, revision = nextval('flux_revision')
  FROM (SELECT o.id, min(greatest(o.tlp, s.tlp, 0::smallint)) AS tlp
          FROM flux_origin AS o LEFT JOIN source AS s ON s.id = o.source_id
         WHERE o.id = ANY($1::integer[]) GROUP BY o.id) AS said,
       flux_name AS old
 WHERE n.id = said.id AND old.id = n.id AND n.tlp <> said.tlp
RETURNING n.id, n.tlp AS now, old.tlp AS was
"""
_PAGE = "SELECT id FROM flux_name WHERE id > $1 ORDER BY id LIMIT $2"
_PAGE_OF = """
SELECT DISTINCT id FROM flux_origin WHERE source_id = ANY($3::integer[]) AND id > $1 ORDER BY id LIMIT $2
"""
_BROUGHT = "SELECT DISTINCT id FROM flux_origin WHERE source_id = ANY($1::integer[]) LIMIT $2"
# Everything that is known through these names: their domains, and what both point to.
_AROUND = """
WITH RECURSIVE around AS (
    SELECT id, 0 AS depth FROM unnest($1::integer[]) AS u (id)
    UNION
    SELECT a.id, 1 FROM dns_name AS d JOIN dns_name AS a ON a.name = d.apex WHERE d.id = ANY($1::integer[])
    UNION
    SELECT o.target_id, around.depth + 1 FROM around JOIN dns_observation AS o ON o.name_id = around.id
     WHERE o.target_id IS NOT NULL AND around.depth < 4
)
SELECT DISTINCT id FROM around
"""
_HIDE = f"""
UPDATE dns_name AS d
   SET tlp = coalesce(least((SELECT tlp FROM flux_name AS n WHERE n.id = d.id),
                            (SELECT min(n.tlp) FROM dns_name AS b JOIN flux_name AS n ON n.id = b.id
                              WHERE b.apex = d.name)), {int(Tlp.RED)})
 WHERE d.id = ANY($1::integer[])
"""  # noqa: S608 - a number of ours
_POINTING = """
SELECT DISTINCT name_id FROM dns_observation WHERE target_id = ANY($1::integer[])
"""


async def settle(connection: Connection, ids: Sequence[int]) -> int:
    """Take the marks of these tracked names anew from their origins; return how many changed."""
    if not ids:
        return 0
    changed = await connection.fetch(_SETTLE, ids)
    if risen := [row["id"] for row in changed if row["now"] > row["was"]]:
        await hide(connection, await around(connection, risen))
    await names.lower(connection, [row["id"] for row in changed if row["now"] < row["was"]])
    return len(changed)


async def of_sources(connection: Connection, source_ids: Sequence[int]) -> bool:
    """Take the marks anew of the names that these sources brought; False where they are too many for one transaction.

    Then none is taken: `everything` does it, page by page.
    """
    rows = await connection.fetch(_BROUGHT, source_ids, MOST_ROWS + 1)
    if len(rows) > MOST_ROWS:
        return False
    await settle(connection, [row["id"] for row in rows])
    return True


async def everything(writer: Writer, source_ids: Sequence[int] | None = None) -> int:
    """Take the marks anew of all tracked names, or those that these sources brought; return how many changed.

    Trio-flavoured: many transactions.
    """
    changed, last = 0, 0
    while True:
        number, reached = await writer.write(page, last, AT_ONCE, source_ids, alone=True)
        changed += number
        if reached is None:
            return changed
        last = reached


async def page(
    connection: Connection, after: int, limit: int, source_ids: Sequence[int] | None
) -> tuple[int, int | None]:
    """Take the marks of the next tracked names anew; return how many changed, and the last one's id (None: the end)."""
    if source_ids is None:
        rows = await connection.fetch(_PAGE, after, limit)
    else:
        rows = await connection.fetch(_PAGE_OF, after, limit, source_ids)
    ids = [row["id"] for row in rows]
    return await settle(connection, ids), ids[-1] if ids else None


async def around(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Return the numbers of all names that are known through these, themselves included."""
    return [row["id"] for row in await connection.fetch(_AROUND, ids)]


async def hide(connection: Connection, ids: Sequence[int]) -> None:
    """Let names be known through nothing but what leads to them now."""
    await connection.execute(_HIDE, ids)
    pointing = [row["name_id"] for row in await connection.fetch(_POINTING, ids)]
    await names.lower_targets(connection, pointing)
