"""Names that only lists brought, of classes that are chosen no longer: they are asked for no more. Asyncio-flavoured.

Chosen again they come back, with what lists hold then (`adding`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.flux import DROPPED, State
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF, Kind
from tipd.store import partitions
from tipd.store.batch import Written
from tipd.store.text import to_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.store.connection import Connection

REASON = "unchosen"
AT_ONCE = 5000  # names a transaction
_BY_LISTS = "o.why IN ('list', 'spam') AND coalesce(o.class, '') <> ALL($1::text[])"
_AND_NOTHING_ELSE = """
NOT EXISTS (SELECT FROM flux_origin AS e
             WHERE e.id = o.id AND (e.why NOT IN ('list', 'spam') OR e.class = ANY($1::text[])) OFFSET 0)
"""
_FIND = f"""
SELECT DISTINCT o.id FROM flux_origin AS o JOIN flux_state AS s ON s.id = o.id AND s.state <> {State.DROPPED:d}
 WHERE {_BY_LISTS} AND {_AND_NOTHING_ELSE} LIMIT $2
"""  # noqa: S608 - texts and numbers of ours
_LET_GO = f"""
WITH gone AS (
    SELECT n.id, d.name, s.state AS was, n.tlp,
           CASE WHEN n.words <= n.tlp THEN n.tags ELSE ARRAY[]::text[] END AS tags
      FROM (SELECT DISTINCT o.id FROM flux_origin AS o
             WHERE o.id = ANY($2::integer[]) AND {_BY_LISTS} AND {_AND_NOTHING_ELSE}) AS o
      JOIN flux_name AS n USING (id) JOIN dns_name AS d USING (id)
      JOIN flux_state AS s ON s.id = n.id AND s.state <> {State.DROPPED:d}
), revised AS (
    UPDATE flux_name AS n SET revision = nextval('flux_revision') FROM gone WHERE n.id = gone.id
    RETURNING n.id, n.revision
), changed AS (
    UPDATE flux_state AS s SET state = {State.DROPPED:d}, reason = $3, since = $4, due = NULL, network = NULL,
           decided = r.revision
      FROM revised AS r WHERE s.id = r.id
)
SELECT name, was, tags, tlp FROM gone ORDER BY name
"""  # noqa: S608 - texts and numbers of ours
_TELL = """
INSERT INTO finding (at, key, subject_kind, initial, kind, module, subject_value, tlp, data)
SELECT $1, u.key, $2, true, $3, 'fastflux', u.name, u.tlp, u.data::jsonb
  FROM unnest($4::bigint[], $5::text[], $6::smallint[], $7::text[]) AS u (key, name, tlp, data)
RETURNING seq
"""


async def find(connection: Connection, classes: Sequence[str]) -> list[int]:
    """Return some that nothing but lists of other classes brought, at most so many as go in a transaction."""
    return [row["id"] for row in await connection.fetch(_FIND, classes, AT_ONCE)]


async def let_go(
    connection: Connection, ids: Sequence[int], classes: Sequence[str], seed: int, now: datetime
) -> Written[int]:
    """Let those of these names go that nothing else brought meanwhile, and tell it; return how many."""
    gone = await connection.fetch(_LET_GO, classes, ids, REASON, now)
    if not gone:
        return Written(result=0, last_seq=0)
    await partitions.ensure(connection, now)
    keys = [key_of(seed, Kind.DOMAIN, row["name"]) for row in gone]
    said = [to_json({"reason": REASON, "was": State(row["was"]).word, "tags": row["tags"]}) for row in gone]
    columns = (keys, [row["name"] for row in gone], [row["tlp"] for row in gone], said)
    told = await connection.fetch(_TELL, now, CODE_OF[Kind.DOMAIN], DROPPED, *columns)
    return Written(result=len(gone), last_seq=max(row["seq"] for row in told), kinds=frozenset((DROPPED,)))
