"""What lists hold now: candidates for the first intake, and how many sources list a value. Asyncio-flavoured."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.kind import CODE_OF, KIND_OF, Kind
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tipd.store.connection import Connection

_LOWEST = -(2**63)
_KINDS = f"{CODE_OF[Kind.DOMAIN]}, {CODE_OF[Kind.URL]}"
# Page by page in the order of keys, whatever the statistics say; all sources of one key stand on one page. The class is
# the row's own, where it says one or several, else its source's.
_PAGE = f"""
SELECT key, kind, value, tlp, source_id, context -> 'class' AS class FROM sighting
 WHERE closed IS NULL AND key > $1 AND kind IN ({_KINDS}) ORDER BY key FETCH FIRST $2 ROWS WITH TIES
"""  # noqa: S608
_LISTED = f"""
SELECT o.key, o.kind, o.value, o.tlp, s.name AS source, w.class
  FROM ({_PAGE}) AS o LEFT JOIN source AS s ON s.id = o.source_id
  LEFT JOIN LATERAL (
    SELECT word AS class FROM jsonb_array_elements_text(
        CASE jsonb_typeof(o.class) WHEN 'array' THEN o.class WHEN 'string' THEN jsonb_build_array(o.class)
             ELSE jsonb_build_array(s.class) END) AS word
     WHERE word = ANY($3::text[]) ORDER BY word LIMIT 1) AS w ON true
 ORDER BY o.key, s.name
"""  # noqa: S608
_PLAN = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"
_HITS = """
SELECT u.value, count(DISTINCT s.source_id) AS number
  FROM unnest($1::bigint[], $2::text[]) AS u (key, value)
 CROSS JOIN LATERAL (SELECT source_id FROM sighting AS o
                      WHERE o.key = u.key AND o.value = u.value AND o.closed IS NULL
                        AND coalesce(o.tlp, 0) <= $3 OFFSET 0) AS s
  JOIN source AS r ON r.id = s.source_id AND r.tlp <= $3
 GROUP BY u.value
"""


_FOLLOWED = """
SELECT count(*) FROM flux_name AS n
 WHERE n.path[1] = $1 AND EXISTS (SELECT FROM flux_origin AS o WHERE o.id = n.id AND o.why = 'follow')
"""


_ENDED = """
UPDATE flux_origin AS o SET ended = $3
  FROM unnest($1::text[], $2::text[]) AS u (name, source)
  JOIN dns_name AS d ON d.name = u.name JOIN source AS s ON s.name = u.source
 WHERE o.id = d.id AND o.source_id = s.id AND o.why = 'list' AND o.ended IS NULL
RETURNING o.id
"""


class Listed(NamedTuple):
    """An open sighting in a class that makes candidates. `tlp`: its own mark, not its source's."""

    kind: Kind
    value: str
    class_: str
    source: str
    tlp: Tlp | None
    why: str = "list"


async def page(
    connection: Connection, classes: Sequence[str], after: int | None, limit: int
) -> tuple[list[Listed], int | None]:
    """Return names and URLs that are listed now in one of the classes, and the key to go on after (None: the end)."""
    start = _LOWEST if after is None else after
    async with connection.transaction():
        await connection.execute(_PLAN)
        rows = await connection.fetch(_LISTED, start, limit, list(classes))
    found = [
        Listed(
            KIND_OF[row["kind"]],
            row["value"],
            row["class"],
            row["source"],
            None if row["tlp"] is None else Tlp(row["tlp"]),
        )
        for row in rows
        if row["class"] is not None
    ]
    return found, rows[-1]["key"] if len(rows) >= limit else None


async def hits(connection: Connection, keys: Mapping[int, str], max_tlp: Tlp) -> dict[str, int]:
    """Return how many sources list each value now, given by their keys; values that nobody lists are left out."""
    rows = await connection.fetch(_HITS, list(keys), list(keys.values()), int(max_tlp))
    return {row["value"]: row["number"] for row in rows}


async def followed(connection: Connection, root: str) -> int:
    """Return how many names came by walks that began at this value."""
    return int(await connection.fetchval(_FOLLOWED, root))


async def ended(connection: Connection, evidence: Sequence[tuple[str, str]], now: datetime) -> int:
    """Note that sources list these names (name, source) no more; return of how many evidence that was."""
    names, sources = [name for name, _ in evidence], [source for _, source in evidence]
    return len(await connection.fetch(_ENDED, names, sources, now))
