"""How intervals begin, and how open ones hear what their rows say now.

Asyncio-flavoured; runs inside a writer's transaction, at most 20,000 rows each. Only what was not open gives a finding
that it is listed; where an open row's context, TLP or end changed it is updated in place, and a changed TLP is told.
What vanished from a list of recent rows and stands in it again ages no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.finding import INDICATOR_LISTED, INDICATOR_MARKED
from tipd.store import closing
from tipd.store.batch import Written
from tipd.store.frames import COLUMNS, copy_stream

if TYPE_CHECKING:
    from datetime import datetime

    from tipd.store.closing import Change
    from tipd.store.connection import Connection

_FRESH = """
CREATE TEMPORARY TABLE IF NOT EXISTS fresh (
    key bigint, kind smallint, value text, context jsonb, tlp smallint, until timestamptz
) ON COMMIT DELETE ROWS
"""
# In the order of the keys, so that neighbouring index pages are written together. Not taken in: what is blocked for
# good, what has ended by its own word (unless it says now that it holds for longer), and what aged while it stands in
# its list.
_OPEN = """
WITH opened AS (
    INSERT INTO sighting (key, opened, opened_round, source_id, kind, value, context, tlp, until, seen)
    SELECT key, $1, $2, $3, kind, value, context, tlp, until, $6 FROM fresh
     WHERE (until IS NULL OR until > $1)
       AND NOT EXISTS (SELECT 1 FROM blocked WHERE blocked.key = fresh.key)
       AND NOT EXISTS (SELECT 1 FROM sighting AS aged WHERE aged.source_id = $3 AND aged.key = fresh.key
                                                        AND aged.reason = 'aged' AND aged.seen IS NULL
                                                        AND NOT aged.backfilled
                                                        AND coalesce(aged.until > aged.closed, true))
     ORDER BY key
        ON CONFLICT (source_id, key) WHERE closed IS NULL DO NOTHING
    RETURNING key, kind, value, context, tlp
), told AS (
    INSERT INTO finding (at, key, source_id, subject_kind, initial, kind, module, subject_value, data, tlp)
    SELECT $1, key, $3, kind, $4, $5, (SELECT module FROM source WHERE id = $3), value, context, tlp FROM opened
    RETURNING seq
)
SELECT count(*) AS number, max(seq) AS last, (SELECT count(*) FROM fresh) AS rows FROM told
"""
# Rows that say what they said are left alone: an update that changes nothing writes a row all the same. A mark that
# changed is told: whoever keeps rows in memory must not show them to others than before. The open rows are found key by
# key (as in closing.py): before there are statistics the planner would read all rows of the source for every frame.
_AGAIN = """
WITH changed AS MATERIALIZED (
    SELECT place, was, fresh.* FROM fresh CROSS JOIN LATERAL (
        SELECT ctid AS place, still.seen, still.context, still.tlp AS was, still.until FROM sighting AS still
         WHERE still.key = fresh.key AND still.source_id + 0 = $1
           AND coalesce(still.closed, 'infinity') = 'infinity' OFFSET 0) AS found
     WHERE found.seen IS DISTINCT FROM $4
        OR (found.context, found.was, found.until) IS DISTINCT FROM (fresh.context, fresh.tlp, fresh.until)
), again AS (
    UPDATE sighting SET seen = $4::timestamptz + greatest(opened - $4, '0'), context = changed.context,
           tlp = changed.tlp, until = changed.until
      FROM changed WHERE sighting.ctid = ANY (ARRAY(SELECT place FROM changed)) AND sighting.ctid = changed.place
    RETURNING sighting.key, sighting.kind, sighting.value, sighting.tlp, changed.was
), told AS (
    INSERT INTO finding (at, key, source_id, subject_kind, kind, module, subject_value, tlp)
    SELECT $2, again.key, $1, again.kind, $3, (SELECT module FROM source WHERE id = $1), again.value, again.tlp
      FROM again WHERE again.was IS DISTINCT FROM again.tlp
    RETURNING seq
)
SELECT (SELECT count(*) FROM again) AS number, max(seq) AS last FROM told
"""
# Of what ended by its own word and holds again, the end is over. Found key by key, as in closing.py.
_HOLDS = """
UPDATE sighting SET seen = closed
  FROM fresh CROSS JOIN LATERAL (
    SELECT ctid AS place FROM sighting AS aged
     WHERE aged.source_id = $1 AND aged.key = fresh.key AND aged.reason = 'aged' AND aged.seen IS NULL
       AND NOT aged.backfilled AND aged.until <= aged.closed OFFSET 0) AS found
 WHERE sighting.ctid = found.place AND (fresh.until IS NULL OR fresh.until > $2)
"""
# What a list shows has changed, though nothing came or went: what is made of it (exports) is no more current.
_CHANGED = "UPDATE source SET last_change = greatest(last_change, $2) WHERE id = $1"


async def open_frame(
    connection: Connection, tuples: bytes, change: Change, *, initial: bool, seen: datetime | None = None
) -> Written[int]:
    """Open what a frame names and is not open yet; return how many. `fresh` holds its rows for this transaction.

    `seen`: what a source told once and may never tell again, since it tells changes alone, was last seen then.
    """
    await connection.execute(_FRESH)
    await connection.copy_to_table("fresh", source=copy_stream(tuples), columns=COLUMNS, format="binary")
    row = await connection.fetchrow(
        _OPEN, change.at, change.round_id, change.source_id, initial, INDICATOR_LISTED, seen
    )
    number, last, rows = (0, None, 0) if row is None else (row["number"], row["last"], row["rows"])
    kinds = {INDICATOR_LISTED} if number else set()
    if number:
        await connection.execute(_HOLDS, change.source_id, change.at)
    if number < rows:
        again = await connection.fetchrow(_AGAIN, change.source_id, change.at, INDICATOR_MARKED, seen)
        if again is not None and again["number"]:
            await connection.execute(_CHANGED, change.source_id, change.at)
        if again is not None and again["last"]:
            last = again["last"]
            kinds.add(INDICATOR_MARKED)
    await closing.counted(connection, change, number, "listed")
    return Written(number, last or 0, frozenset(kinds))
