"""What people change of one tracked name: tags, note, and that it is let go (asyncio-flavoured, for the writer)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.model.flux import DROPPED, State
from tipd.model.kind import CODE_OF, Kind
from tipd.store import partitions
from tipd.store.audit import insert as note_act
from tipd.store.batch import Written
from tipd.store.flux.adding import LONGEST_NOTE, MOST_TAGS
from tipd.store.text import storable, to_json

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.store.connection import Connection

EDITED, LET_GO = "flux.edited", "flux.dropped"
LONGEST_REASON = 500

_EDIT = """
UPDATE flux_name AS n
   SET tags = (ARRAY(SELECT DISTINCT t FROM unnest(n.tags || $2::text[]) AS t
                      WHERE t <> ALL($3::text[]) ORDER BY t))[:$5],
       note = coalesce($4, n.note), words = CASE WHEN n.tlp > 1 THEN greatest(n.words, n.tlp) ELSE n.words END,
       revision = nextval('flux_revision')
  FROM dns_name AS d WHERE d.name = $1 AND n.id = d.id
RETURNING n.id
"""
_DROP = """
WITH gone AS (
    SELECT n.id, d.name, s.state AS was, n.tlp,
           CASE WHEN n.words <= n.tlp THEN n.tags ELSE ARRAY[]::text[] END AS tags
      FROM dns_name AS d JOIN flux_name AS n USING (id) JOIN flux_state AS s USING (id)
     WHERE d.name = $1 AND s.state <> $2
), revised AS (
    UPDATE flux_name AS n SET revision = nextval('flux_revision'), let_go = true FROM gone WHERE n.id = gone.id
    RETURNING n.id, n.revision
), changed AS (
    UPDATE flux_state AS s SET state = $2, reason = $3, since = $4, due = NULL, network = NULL, decided = r.revision
      FROM revised AS r WHERE s.id = r.id
)
SELECT name, was, tags, tlp FROM gone
"""
_TELL = """
INSERT INTO finding (at, key, subject_kind, kind, module, subject_value, tlp, data)
VALUES ($1, $2, $3, $4, 'fastflux', $5, $6, $7::jsonb) RETURNING seq
"""


class Change(NamedTuple):
    """What is to be changed of a name, by whom, when."""

    name: str
    add_tags: tuple[str, ...]
    remove_tags: tuple[str, ...]
    note: str | None
    by: str
    at: datetime


async def edit(connection: Connection, change: Change) -> bool:
    """Change tags and note; False where there is no such name."""
    note = None if change.note is None else storable(change.note)[:LONGEST_NOTE]
    done = await connection.fetchval(
        _EDIT, change.name, list(change.add_tags), list(change.remove_tags), note, MOST_TAGS
    )
    if done is None:
        return False
    said = {"add_tags": list(change.add_tags), "remove_tags": list(change.remove_tags), "note": note}
    await note_act(connection, change.at, change.by, EDITED, change.name, "", {k: v for k, v in said.items() if v})
    return True


class Farewell(NamedTuple):
    """Which name (and its key) a person lets go, why, who, when."""

    name: str
    key: int
    reason: str
    by: str
    at: datetime


async def drop(connection: Connection, last: Farewell) -> Written[bool]:
    """Let a name go; False where there is none such, or it was let go before."""
    name, key, reason, by, now = last
    row = await connection.fetchrow(_DROP, name, int(State.DROPPED), storable(reason)[:LONGEST_REASON], now)
    if row is None:
        return Written(result=False, last_seq=0)
    await partitions.ensure(connection, now)
    await note_act(connection, now, by, LET_GO, name, reason)
    data = to_json({"reason": reason, "was": State(row["was"]).word, "by": "person", "tags": row["tags"]})
    told = (now, key, CODE_OF[Kind.DOMAIN], DROPPED, name, row["tlp"], data)
    return Written(result=True, last_seq=await connection.fetchval(_TELL, *told), kinds=frozenset((DROPPED,)))
