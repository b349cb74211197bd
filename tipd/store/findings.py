"""The findings log, read by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.errors import GoneError
from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED, Finding, least_mark
from tipd.model.indicator import Indicator
from tipd.model.kind import KIND_OF
from tipd.model.tlp import WORDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_LARGEST = 2**63 - 1
PAGE = 2000  # rows a crossing: making values of them blocks the loop for about 10 ms

# The mark is the strictest of the row's own then, its present one, and its source's present one (of a tracked name the
# name's): what was marked by mistake is told right from then on, old findings too.
_COLUMNS = """f.seq, f.at, f.kind, f.module, f.subject_kind, f.subject_value, f.data, f.initial, s.name AS source,
       greatest(f.tlp, s.tlp, (
         SELECT max(said.tlp) FROM sighting AS said
          WHERE said.key = f.key AND said.source_id = f.source_id
            AND said.opened <= f.at AND (said.closed IS NULL OR said.closed >= f.at)),
         CASE WHEN f.module = 'fastflux' THEN
           (SELECT n.tlp FROM dns_name AS d JOIN flux_name AS n USING (id) WHERE d.name = f.subject_value)
         END) AS tlp"""
_FROM = "finding AS f LEFT JOIN source AS s ON s.id = f.source_id"
_COMMON = (INDICATOR_LISTED, INDICATOR_DELISTED)
# In the words of the partial index `finding_rare`, or the planner does not see that it serves.
_RARE = f"f.kind <> '{INDICATOR_LISTED}' AND f.kind <> '{INDICATOR_DELISTED}'"
# Above the floor: what was written under a clock that stood years back is dropped out of turn, and takes what has lower
# numbers with it; nobody may be sent back to where reading is refused.
_BOUNDS = """
SELECT coalesce((SELECT min(seq) FROM finding WHERE seq > pruned), pruned + 1) AS first,
       greatest((SELECT max(seq) FROM finding), pruned) AS last, pruned
  FROM finding_floor
"""
_MOVE = """
INSERT INTO reader_cursor (reader, seq, at) VALUES ($1, $2, $3)
    ON CONFLICT (reader) DO UPDATE SET seq = excluded.seq, at = excluded.at
"""
_WORDS = tuple(WORDS.values())  # by their numbers
_to_data = msgspec.json.Decoder(dict[str, Any]).decode


class Bounds(NamedTuple):
    """The first and the last finding there are; of an empty log, `last` is `first - 1`."""

    first: int
    last: int


class Findings:
    """Reads the log (see `nursery.contract.FindingLog`); the writer adds to it."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def read(
        self, since: int, *, limit: int = 1000, kinds: Sequence[str] = (), initial: bool = True
    ) -> list[Finding]:
        """Return at most `limit` findings with seq > since, ascending; with `kinds`, only those.

        `initial=False`: without the indicators that first rounds loaded, millions that such a reader would throw away.
        Raises GoneError when retention has removed findings after `since`, or `since` is ahead of the log; StoreAway.
        """
        found: list[Finding] = []
        since = min(since, _LARGEST)
        while len(found) < limit:
            size = min(PAGE, limit - len(found))
            rows = await self._pool.run(_read, since, size, list(kinds), initial)
            found += [_finding(row) for row in rows]
            if len(rows) < size:
                break
            since = found[-1].seq
        return found

    async def bounds(self) -> Bounds:
        """Return the first and the last `seq` there are: one may resume from `first - 1` up to `last`."""
        row = await self._pool.run(_bounds)
        return Bounds(row["first"], row["last"])

    async def last_seq(self) -> int:
        """Return the greatest committed `seq`, 0 where there never was one."""
        return (await self.bounds()).last

    async def cursor(self, reader: str) -> int:
        """Return the reader's stored cursor, 0 where there is none."""
        return await self._pool.run(_cursor, reader)

    async def move_cursor(self, reader: str, seq: int) -> None:
        """Store the reader's cursor; committed when this returns."""
        await self._writer.write(_move_cursor, reader, seq, self._clock.now())


def _finding(row: Row) -> Finding:
    kind, data = row["subject_kind"], row["data"]
    mark = max(row["tlp"] or 0, least_mark(row["kind"]))
    return Finding(
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        module=row["module"],
        source=row["source"],
        subject=None if kind is None else Indicator(KIND_OF[kind], row["subject_value"]),
        data={} if data is None else _to_data(data),
        initial=True if row["initial"] else msgspec.UNSET,
        tlp=_WORDS[mark] if mark else msgspec.UNSET,
    )


async def _read(connection: Connection, since: int, limit: int, kinds: list[str], initial: bool) -> list[Row]:
    where, args = "f.seq > $1", [since, limit]
    if not initial:
        where += " AND NOT (f.initial AND f.subject_kind IS NOT NULL)"
    if kinds:
        where += " AND f.kind = ANY($3::text[])"
        args.append(kinds)  # type: ignore[arg-type]
        if not set(kinds) & set(_COMMON):
            where += f" AND {_RARE}"
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM {_FROM} WHERE {where} ORDER BY f.seq LIMIT $2", *args)  # noqa: S608
    # Looked at after the rows: what retention removes from now on was not missing from them.
    if rows:
        pruned = await connection.fetchval("SELECT pruned FROM finding_floor")
        if since >= pruned:
            return rows
    bounds = await _bounds(connection)
    if since < bounds["pruned"] or since > bounds["last"]:
        raise GoneError(since, bounds["first"], bounds["last"])
    return rows


async def _bounds(connection: Connection) -> Row:
    row = await connection.fetchrow(_BOUNDS)
    if row is None:
        raise LookupError("finding_floor has lost its row")
    return row


async def _cursor(connection: Connection, reader: str) -> int:
    return await connection.fetchval("SELECT seq FROM reader_cursor WHERE reader = $1", reader) or 0


async def _move_cursor(connection: Connection, reader: str, seq: int, at: datetime) -> None:
    await connection.execute(_MOVE, reader, seq, at)
