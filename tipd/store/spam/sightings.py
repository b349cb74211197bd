"""What the traps themselves saw, as sightings: intervals like those of lists, with the same findings.

Asyncio-flavoured; runs inside a writer's transaction, after the sums. A relay is listed from the first mail that is
evidence on, and was last seen at the latest; `ageing` ends it. What is older than a sighting lasts (an archive of years
ago) lists nobody: it stands with the relay (`spam_relay`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd import __version__
from tipd.model.finding import INDICATOR_LISTED
from tipd.model.spam import TRAP_KINDS
from tipd.store import closing, partitions
from tipd.store.closing import Change

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from tipd.store.connection import Connection

_TRAPS = ", ".join(
    f"CASE WHEN r.kinds & {1 << code} > 0 THEN '{word}' END" for code, word in enumerate(TRAP_KINDS) if word
)
# What is said beside a relay: the kinds of traps that saw it.
CONTEXT = f"""CASE WHEN r.kinds > 0
            THEN jsonb_build_object('traps', array_to_json(array_remove(ARRAY[{_TRAPS}], NULL))) END"""
# Open, in words that fit no index but that by the key: before there are statistics all of `sighting_open` would be
# walked through for each.
OPEN = "coalesce(o.closed, 'infinity') = 'infinity'"
_TABLE = """
CREATE TEMPORARY TABLE IF NOT EXISTS spam_live (
    key bigint, kind smallint, value text COLLATE "C", context jsonb, first timestamptz, last timestamptz, open boolean
) ON COMMIT DELETE ROWS
"""
_LIVE = f"""
INSERT INTO spam_live (key, kind, value, context, first, last, open)
SELECT s.key, s.kind, s.value, {CONTEXT}, s.first, s.last, o.there IS NOT NULL
  FROM (SELECT s.key, s.kind, s.value, i.relay, min(i.at) AS first, max(i.at) AS last
          FROM spam_in AS i JOIN spam_in_relay AS s USING (relay)
         WHERE i.sighted AND i.at > $2 GROUP BY 1, 2, 3, 4) AS s
 JOIN spam_in_seen AS r USING (relay)
  LEFT JOIN LATERAL (SELECT ctid AS there FROM sighting AS o
        WHERE o.key = s.key AND o.source_id + 0 = $1 AND {OPEN} OFFSET 0) AS o ON true
"""  # noqa: S608 - our own words
# An open one is written again only where it says something else, or was seen a good deal later: rows are many.
_AGAIN = f"""
WITH later AS MATERIALIZED (
    SELECT l.last, l.context, f.place FROM spam_live AS l CROSS JOIN LATERAL (
        SELECT ctid AS place, seen, context FROM sighting AS o
         WHERE o.key = l.key AND o.source_id + 0 = $1 AND {OPEN} OFFSET 0) AS f
     WHERE l.open AND (f.seen IS NULL OR f.seen < l.last - $2::interval OR f.context IS DISTINCT FROM l.context)
)
UPDATE sighting AS s SET seen = greatest(s.seen, l.last), context = l.context
  FROM later AS l WHERE s.ctid = ANY (ARRAY(SELECT place FROM later)) AND s.ctid = l.place
"""  # noqa: S608
_FRESH = "SELECT count(*) FILTER (WHERE NOT open) AS new, count(*) AS rows FROM spam_live"
_ROUND = """
INSERT INTO round (source_id, started, ended, status, why, at, version, entries)
VALUES ($1, $2, $2, 'ok', 'mails', $2, $3, $4) RETURNING id
"""
_OPEN = """
WITH opened AS (
    INSERT INTO sighting (key, opened, opened_round, source_id, kind, value, context, seen)
    SELECT l.key, greatest(l.first, p.closed), $2, $1, l.kind, l.value, l.context,
           greatest(l.first, p.closed, l.last)
      FROM spam_live AS l LEFT JOIN LATERAL (
            SELECT max(closed) AS closed FROM sighting AS o WHERE o.key = l.key AND o.source_id + 0 = $1) AS p ON true
     WHERE NOT l.open ORDER BY l.key
        ON CONFLICT (source_id, key) WHERE closed IS NULL DO NOTHING
    RETURNING key, kind, value, context
), told AS (
    INSERT INTO finding (at, key, source_id, subject_kind, kind, module, subject_value, data)
    SELECT $3, key, $1, kind, $4, (SELECT module FROM source WHERE id = $1), value, context FROM opened
    RETURNING seq
)
SELECT count(*) AS number, max(seq) AS last FROM told
"""


class Listed(NamedTuple):
    """How many were listed, and the last finding of it (0: none)."""

    number: int
    last_seq: int


async def sight(connection: Connection, source_id: int, now: datetime, keep: timedelta) -> Listed:
    """List relays that new mails of the batch are evidence of; a sighting lasts `keep` after it was last seen."""
    await connection.execute(_TABLE)
    await connection.execute(_LIVE, source_id, now - keep)
    row = await connection.fetchrow(_FRESH)
    new, rows = (0, 0) if row is None else (row["new"], row["rows"])
    if rows > new:
        await connection.execute(_AGAIN, source_id, keep / 100)
    if not new:
        return Listed(0, 0)
    await partitions.ensure(connection, now)
    change = await begun(connection, source_id, now, rows)
    told = await connection.fetchrow(_OPEN, source_id, change.round_id, now, INDICATOR_LISTED)
    number, last = (0, 0) if told is None else (told["number"], told["last"] or 0)
    await closing.counted(connection, change, number, "listed")
    return Listed(number, last)


async def begun(connection: Connection, source_id: int, now: datetime, entries: int) -> Change:
    """Begin a round that is ended at once: the batch's."""
    number = await connection.fetchval(_ROUND, source_id, now, __version__, entries)
    return Change(number, source_id, now)
