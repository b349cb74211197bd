"""The findings log, read by position."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd.errors import GoneError
from tipd.model.finding import INDICATOR_DELISTED, INDICATOR_LISTED, Finding
from tipd.model.indicator import Indicator
from tipd.model.kind import KIND_OF

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tipd.clock import Clock
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

_LARGEST = 2**63 - 1
PAGE = 2000  # rows a crossing: making values of them blocks the loop for about 10 ms

_COLUMNS = "seq, at, kind, module, source_id, subject_kind, subject_value, data, initial"
_COMMON = (INDICATOR_LISTED, INDICATOR_DELISTED)
# In the words of the partial index `finding_rare`, or the planner does not see that it serves.
_RARE = f"kind <> '{INDICATOR_LISTED}' AND kind <> '{INDICATOR_DELISTED}'"
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
        self._names: dict[int, str] = {}  # of sources; a name never changes

    async def read(self, since: int, *, limit: int = 1000, kinds: Sequence[str] = ()) -> list[Finding]:
        """Return at most `limit` findings with seq > since, ascending; with `kinds`, only those.

        Raises GoneError when retention has removed findings after `since`, or `since` is ahead of the log; StoreAway.
        """
        found: list[Finding] = []
        since = min(since, _LARGEST)
        while len(found) < limit:
            size = min(PAGE, limit - len(found))
            rows = await self._pool.run(_read, since, size, list(kinds))
            found += await self._made(rows)
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

    def begin_anew(self) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._names = {}

    async def _made(self, rows: Sequence[Row]) -> list[Finding]:
        if any(row["source_id"] is not None and row["source_id"] not in self._names for row in rows):
            self._names = await self._pool.run(_source_names)
        return [_finding(row, self._names) for row in rows]


def _finding(row: Row, names: Mapping[int, str]) -> Finding:
    kind, source_id, data = row["subject_kind"], row["source_id"], row["data"]
    return Finding(
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        module=row["module"],
        source=None if source_id is None else names[source_id],
        subject=None if kind is None else Indicator(KIND_OF[kind], row["subject_value"]),
        data={} if data is None else _to_data(data),
        initial=True if row["initial"] else msgspec.UNSET,
    )


async def _read(connection: Connection, since: int, limit: int, kinds: list[str]) -> list[Row]:
    where, args = "seq > $1", [since, limit]
    if kinds:
        where += " AND kind = ANY($3::text[])"
        args.append(kinds)  # type: ignore[arg-type]
        if not set(kinds) & set(_COMMON):
            where += f" AND {_RARE}"
    rows = await connection.fetch(f"SELECT {_COLUMNS} FROM finding WHERE {where} ORDER BY seq LIMIT $2", *args)  # noqa: S608
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


async def _source_names(connection: Connection) -> dict[int, str]:
    return {row["id"]: row["name"] for row in await connection.fetch("SELECT id, name FROM source")}
