"""How intervals end: what left its list, what aged, what was taken back, and all of a source at once.

Every function is asyncio-flavoured and runs inside a writer's transaction, at most 20,000 rows each. An interval ends
with a reason that its finding tells: `left aged withdrawn source_removed source_gone`. Rows that aged while they stood
in their list keep `seen` null: as long as that is so they are not listed again (`rounds` looks).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.finding import INDICATOR_DELISTED
from tipd.store.batch import Written
from tipd.store.frames import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.store.connection import Connection

LEFT, AGED, WITHDRAWN = "left", "aged", "withdrawn"
SOURCE_REMOVED, SOURCE_GONE = "source_removed", "source_gone"

# `closed` never lies before `opened`, whatever the wall clock did. What is open is found key by key (`OFFSET 0` keeps
# the planner from turning it round, `+ 0` from taking an index by the source, the words for `closed` from walking
# through all open rows for each key): before there are statistics it would read all rows of the source instead, which
# after a first load are a million, for a hundredth of them.
_CLOSE = """
WITH closed AS (
    UPDATE sighting SET closed = greatest(opened, $1), closed_round = $2, reason = $5,
           seen = CASE WHEN $7::timestamptz IS NULL THEN seen ELSE coalesce(seen, greatest(opened, $7)) END
     WHERE sighting.ctid = ANY (ARRAY(
        SELECT place FROM unnest($6::bigint[]) AS gone (key) CROSS JOIN LATERAL (
            SELECT ctid AS place FROM sighting AS still
             WHERE still.key = gone.key AND still.source_id + 0 = $3
               AND coalesce(still.closed, 'infinity') = 'infinity' OFFSET 0) AS found))
    RETURNING sighting.key, kind, value, tlp, context -> 'class' AS class
), told AS (
    INSERT INTO finding (at, key, source_id, subject_kind, kind, module, subject_value, tlp, data)
    SELECT $1, key, $3, kind, $4, (SELECT module FROM source WHERE id = $3), value, tlp,
           jsonb_build_object('reason', $5::text)
           || CASE WHEN class IS NULL THEN '{}' ELSE jsonb_build_object('class', class) END
      FROM closed
    RETURNING seq
)
SELECT count(*) AS number, max(seq) AS last FROM told
"""
# Keys are joined, not compared with an array, and `seen` is asked for in what is set, not in which rows: before there
# are statistics the planner would take an index by it and look through all rows of the source for each key.
_VANISH = """
UPDATE sighting SET seen = coalesce(seen, greatest(opened, $3))
  FROM unnest($2::bigint[]) AS gone (key)
 WHERE sighting.source_id = $1 AND sighting.key = gone.key AND sighting.closed IS NULL
"""
# Found key by key (`OFFSET 0` keeps the planner from turning it round): where it believes, from before, that hardly
# anything stands so, it would go through all keys for each row that does, and a batch would never end.
_STAND_NO_MORE = """
UPDATE sighting SET seen = closed
  FROM unnest($2::bigint[]) AS gone (key) CROSS JOIN LATERAL (
    SELECT ctid AS place FROM sighting AS aged
     WHERE aged.source_id = $1 AND aged.key = gone.key AND aged.reason = 'aged' AND aged.seen IS NULL OFFSET 0) AS found
 WHERE sighting.ctid = found.place
"""
_STANDING = """
SELECT key FROM sighting WHERE source_id = $1 AND reason = 'aged' AND seen IS NULL ORDER BY key LIMIT $2
"""
_OPEN = "SELECT key FROM sighting WHERE source_id = $1 AND closed IS NULL ORDER BY key LIMIT $2"
_COUNT = "UPDATE source SET entries = entries + $2 WHERE id = $1"
# The open set is no more what the last whole round read: neither a snapshot nor a 304 may be believed about it, nor,
# where it was not a poll that changed it, how far a source that is asked for changes has come.
_MOVED = """
UPDATE source SET entries = entries + $2, moves = moves + $3, last_round = NULL, etag = NULL, last_modified = NULL,
       body_sha256 = NULL, request_cursor = CASE $3 WHEN 0 THEN request_cursor END
 WHERE id = $1
"""
_OF_ROUND = {
    "listed": "UPDATE round SET listed = listed + $2 WHERE id = $1",
    "delisted": "UPDATE round SET delisted = delisted + $2 WHERE id = $1",
}


class Change(NamedTuple):
    """What all transactions of one application share: its round and source, and the time of what it tells."""

    round_id: int
    source_id: int
    at: datetime


async def close(
    connection: Connection,
    change: Change,
    keys: Sequence[int],
    reason: str,
    *,
    seen: datetime | None = None,
    moved: bool = True,
    foreign: bool = False,
) -> Written[int]:
    """End the open intervals of these keys; return how many there were.

    `seen`: when those that still stand in their list were last seen there; None: they go on standing in it. `moved`:
    the set that the last body had is not what is open any more. `foreign`: closed by somebody else than a poll of the
    source, which may be under way at this moment.
    """
    row = await connection.fetchrow(
        _CLOSE, change.at, change.round_id, change.source_id, INDICATOR_DELISTED, reason, keys, seen
    )
    number, last = (0, None) if row is None else (row["number"], row["last"])
    await counted(connection, change, -number, "delisted", moved=moved, foreign=foreign)
    return Written(number, last or 0, frozenset((INDICATOR_DELISTED,)) if number else frozenset())


async def close_left(connection: Connection, change: Change, keys: Sequence[int], reason: str) -> Written[int]:
    """End what is not in its list any more; return how many there were."""
    await connection.execute(_STAND_NO_MORE, change.source_id, keys)
    return await close(connection, change, keys, reason)


async def vanish(connection: Connection, change: Change, keys: Sequence[int], seen: datetime) -> int:
    """Let what is not in a list of recent rows any more age from `seen` on; nothing is told, so 0 is returned."""
    await connection.execute(_STAND_NO_MORE, change.source_id, keys)
    await connection.execute(_VANISH, change.source_id, keys, min(seen, change.at))
    await counted(connection, change, 0, "delisted")
    return 0


async def close_some(connection: Connection, change: Change, reason: str) -> Written[int]:
    """End up to 20,000 of all that is open, for a reason that takes the whole source; return how many."""
    rows = await connection.fetch(_OPEN, change.source_id, MOST_ROWS)
    return await close(connection, change, [row["key"] for row in rows], reason, foreign=True)


async def forget_standing(connection: Connection, source_id: int) -> int:
    """Let up to 20,000 rows that aged be listed again, as their list begins anew; return how many."""
    keys = [row["key"] for row in await connection.fetch(_STANDING, source_id, MOST_ROWS)]
    await connection.execute(_STAND_NO_MORE, source_id, keys)
    return len(keys)


async def counted(
    connection: Connection, change: Change, number: int, column: str, *, moved: bool = True, foreign: bool = False
) -> None:
    """Note by how many the open set of the source grew, and in `column` (`listed`, `delisted`) of its round."""
    if moved:
        await connection.execute(_MOVED, change.source_id, number, int(foreign))
    else:
        await connection.execute(_COUNT, change.source_id, number)
    await connection.execute(_OF_ROUND[column], change.round_id, abs(number))
