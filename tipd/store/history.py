"""History: what a source listed at past moments, written between and before what tipd saw itself.

An observation is a moment and the whole set the source had then. It holds until the next observation of the source,
until `keep` has passed, or until tipd began to watch the source itself, whichever comes first: its window. Within the
window, presence is made to equal the set; windows that touch make one interval. Nothing depends on the order in which
observations come, and the same one again changes nothing. What tipd saw itself (`backfilled` false) is never altered,
and nothing here makes a finding. `seen` of these rows is their end, so that nobody takes them for rows that age.

`fill` is for what was missed within tipd's own time (a mended parser): it only adds, where nothing stands.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import trio

from tipd.store.frames import MOST_ROWS, copy_stream, next_frame, next_keys
from tipd.store.groups import unwrapped
from tipd.store.key_file import copy_keys, key_file
from tipd.store.text import to_json

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.store.connection import Connection, Row
    from tipd.store.key_file import KeyFile
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

BACKFILL, REPLAY = "backfill", "replay"
LONG = 600.0
LONGEST = 86_400.0  # seconds a body may take to be loaded
LOCK = 0x70617374  # "past": first half of the advisory lock of whoever loads history, the second is the source
_COLUMNS = ("key", "kind", "value", "context", "tlp", "until")


class HistoryRefused(ValueError):
    """An observation that cannot be taken in, in plain words."""


@dataclass(frozen=True, slots=True)
class Window:
    """What one observation decides: from `start` to `end`; no other decides anything before `limit` (None: for ever).

    `next_round` decides from `limit` on; `reason` is why what is not continued ends at `end`.
    """

    start: datetime
    end: datetime
    limit: datetime | None = None
    next_round: int | None = None
    reason: str = "left"


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """The proof of a body that is loaded as history; `origin` says where it came from (kept as the round's URL)."""

    why: str
    at: datetime
    origin: str
    body_sha256: bytes
    body_bytes: int
    declaration: bytes
    read_digest: bytes
    version: str


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What loading an observation did: the round, indicators in it, intervals begun and intervals cut."""

    round: int
    entries: int
    added: int
    cut: int


_EARLIER = """
SELECT id, ended, body_sha256, read_digest FROM round
 WHERE source_id = $1 AND why = 'backfill' AND at = $2 ORDER BY id DESC LIMIT 1
"""
_NEXT = """
SELECT at, max(id) AS id FROM round WHERE source_id = $1 AND why = 'backfill' AND at > $2
 GROUP BY at ORDER BY at LIMIT 1
"""
# When tipd began to watch the source itself: its first round that read something, or opened something before it was cut
# off.
_LIVE = """
SELECT coalesce(at, started) AS at, id FROM round
 WHERE source_id = $1 AND why NOT IN ('backfill', 'removal') AND (entries IS NOT NULL OR listed > 0)
 ORDER BY 1, id LIMIT 1
"""
_BEGIN = """
INSERT INTO round (source_id, started, url, body_sha256, body_bytes, read_digest, version, why, at, declaration)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id
"""
_FINISH = "UPDATE round SET ended = $2, status = 'ok', entries = $3, refused = $4 WHERE id = $1"
_COUNT = "UPDATE round SET listed = listed + $2, delisted = delisted + $3 WHERE id = $1"
_STANDING = "SELECT DISTINCT key FROM sighting WHERE source_id = $1 AND opened <= $2 AND (closed > $2 {also})"
_ARRIVED = """
CREATE TEMPORARY TABLE IF NOT EXISTS arrived
    (key bigint, kind smallint, value text, context jsonb, tlp smallint, until timestamptz) ON COMMIT DELETE ROWS
"""
# $1 source, $2 start, $3 end, $4 round, $5 whose round ends what is not continued, $6 reason
_ADD = """
WITH new AS MATERIALIZED (
    SELECT DISTINCT ON (key) a.*, least($3, (
        SELECT min(opened) FROM sighting s WHERE s.key = a.key AND s.source_id = $1 AND s.opened > $2)) AS ends
      FROM arrived a
     WHERE NOT EXISTS (SELECT FROM sighting s WHERE s.key = a.key AND s.source_id = $1
                          AND s.opened <= $2 AND (s.closed IS NULL OR s.closed > $2))
       AND NOT EXISTS (SELECT FROM blocked b WHERE b.key = a.key)
     ORDER BY key
), after AS (
    DELETE FROM sighting s USING new
     WHERE s.key = new.key AND s.source_id = $1 AND s.backfilled AND s.opened = new.ends
    RETURNING s.key, s.closed, s.closed_round, s.reason
), extended AS (
    UPDATE sighting s SET closed = coalesce(after.closed, new.ends), seen = coalesce(after.closed, new.ends),
           closed_round = coalesce(after.closed_round, $5),
           reason = coalesce(after.reason, $6)
      FROM new LEFT JOIN after USING (key)
     WHERE s.key = new.key AND s.source_id = $1 AND s.backfilled AND s.closed = $2
    RETURNING s.key
), added AS (
    INSERT INTO sighting (key, opened, closed, opened_round, closed_round, source_id, kind, reason, value, context,
                          tlp, until, seen, backfilled)
    SELECT new.key, $2, coalesce(after.closed, new.ends), $4, coalesce(after.closed_round, $5), $1, new.kind,
           coalesce(after.reason, $6), new.value, new.context, new.tlp, new.until,
           coalesce(after.closed, new.ends), true
      FROM new LEFT JOIN after USING (key)
     WHERE NOT EXISTS (SELECT FROM extended WHERE extended.key = new.key)
    RETURNING key
)
SELECT (SELECT count(*) FROM extended) + (SELECT count(*) FROM added)
"""
# $1 source, $2 start, $3 limit (null: for ever), $4 round, $5 round that decides from the limit on, $6 keys
_CUT = """
WITH gone AS MATERIALIZED (
    SELECT s.ctid AS place, s.* FROM sighting s JOIN unnest($6::bigint[]) AS k (key) ON k.key = s.key
     WHERE s.source_id = $1 AND s.backfilled AND s.opened <= $2 AND s.closed > $2
), rest AS (
    INSERT INTO sighting (key, opened, closed, opened_round, closed_round, source_id, kind, reason, value, context,
                          tlp, until, seen, backfilled)
    SELECT key, $3, closed, $5, closed_round, source_id, kind, reason, value, context, tlp, until, closed, true
      FROM gone WHERE opened < $2 AND closed > coalesce($3::timestamptz, 'infinity')
), moved AS (
    UPDATE sighting s SET opened = $3, opened_round = $5 FROM gone
     WHERE s.ctid = gone.place AND gone.opened = $2 AND gone.closed > coalesce($3::timestamptz, 'infinity')
), dropped AS (
    DELETE FROM sighting s USING gone
     WHERE s.ctid = gone.place AND gone.opened = $2 AND gone.closed <= coalesce($3::timestamptz, 'infinity')
), cut AS (
    UPDATE sighting s SET closed = $2, seen = $2, closed_round = $4, reason = 'left' FROM gone
     WHERE s.ctid = gone.place AND gone.opened < $2
)
SELECT count(*) FROM gone
"""
# What stood at the start and still does gets the window's end.
# $1 source, $2 start, $3 end, $4 limit, $5 round, $6 reason
_HOLD = f"""
WITH held AS MATERIALIZED (
    SELECT ctid AS place, key FROM sighting
     WHERE source_id = $1 AND backfilled AND opened <= $2 AND closed > $2 AND closed <> $3
       AND closed <= coalesce($4::timestamptz, 'infinity') LIMIT {MOST_ROWS}
), after AS (
    DELETE FROM sighting s USING held
     WHERE s.key = held.key AND s.source_id = $1 AND s.backfilled AND s.opened = $3
    RETURNING s.key, s.closed, s.closed_round, s.reason
), changed AS (
    UPDATE sighting s SET closed = coalesce(after.closed, $3), seen = coalesce(after.closed, $3),
           closed_round = coalesce(after.closed_round, $5),
           reason = coalesce(after.reason, $6)
      FROM held LEFT JOIN after USING (key) WHERE s.ctid = held.place
    RETURNING s.key
)
SELECT count(*) FROM changed
"""  # noqa: S608 - our own number


class History:
    """Writes intervals of the past."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock

    async def window(self, source_id: int, at: datetime, keep: timedelta) -> Window:
        """Return what an observation of that moment would decide.

        Raises HistoryRefused for a moment that is not past, or not before tipd began to watch the source itself.
        """
        now = self._clock.now()
        if at >= now:
            raise HistoryRefused(f"{at:%Y-%m-%d %H:%M:%S} UTC is not past: history is what was")
        live, following = await self._pool.run(_around, source_id, at)
        if live is not None and at >= live["at"]:
            raise HistoryRefused(
                f"tipd has watched the source itself since {live['at']:%Y-%m-%d %H:%M:%S} UTC: only what was before"
                " can be loaded (a mended parser reads the kept bodies again: `tipd sources replay`)"
            )
        bound = following or live
        limit = bound["at"] if bound else None
        end = min([at + keep, now, *([limit] if limit else [])])
        return Window(at, end, limit, bound["id"] if bound else None, "left" if end == limit else "aged")

    async def known(self, source_id: int, seen: Observation) -> bool:
        """Say whether this very body was loaded whole for its moment, and read in the same way.

        Raises HistoryRefused where another body was loaded for that moment.
        """
        row: Row | None = await self._pool.run(_earlier, source_id, seen.at)
        if row is None:
            return False
        if row["body_sha256"] != seen.body_sha256:
            raise HistoryRefused(
                f"another body was loaded for {seen.at:%Y-%m-%d %H:%M:%S} UTC (round {row['id']}, SHA-256"
                f" {row['body_sha256'].hex()[:16]}…): a moment has one set"
            )
        return row["ended"] is not None and row["read_digest"] == seen.read_digest

    async def standing(self, source_id: int, at: datetime, into: Path, *, live: bool = False) -> int:
        """Write the keys whose history holds that moment, sorted, as little-endian uint64; return how many.

        `live`: also those that tipd saw itself.
        """
        async with key_file(into) as keys:
            await self._pool.within(LONG, _standing, source_id, at, keys, live)
        return keys.number

    async def begin(self, source_id: int, seen: Observation) -> int:
        """Store that an observation is being loaded; return the round. Until it is finished it can be loaded again."""
        return await self._writer.write(_begin, source_id, seen, self._clock.now())

    async def replace(
        self, round_id: int, source_id: int, window: Window, opened: Path, closed: Path
    ) -> tuple[int, int]:
        """Make presence in the window equal to a set; return how many intervals were begun or extended, and cut.

        `opened` holds at least what of the set is not `standing`, `closed` the keys standing that are not in the set.
        Raises FrameError, OSError.
        """
        change = _Change(source_id, round_id, window)
        cut = await self._each(closed, next_keys, change.cut)
        while await self._writer.write(change.hold, alone=True):
            pass
        return await self._each(opened, next_frame, change.add), cut

    async def fill(self, round_id: int, source_id: int, window: Window, opened: Path) -> int:
        """Add what is missing in the window and return how many; what stands is left alone."""
        return await self._each(opened, next_frame, _Change(source_id, round_id, window).add)

    async def keep(self, round_id: int, body: str | None) -> None:
        """Store the name under which the body is kept: a proof also of what a load that is cut off has written."""
        await self._writer.write(_keep, round_id, body)

    async def finish(self, round_id: int, entries: int, refused: dict[str, int]) -> None:
        """Store that the observation is loaded whole."""
        await self._writer.write(_finish, round_id, self._clock.now(), entries, refused)

    @asynccontextmanager
    async def alone(self, source_id: int) -> AsyncIterator[None]:
        """Let nobody else, in no process on this database, load history of the source; waits for its turn.

        What an observation decides is worked out from those around it, so that two at once would not see each other.
        The lock ends with its process, however that ends. Raises StoreAway where the lock is lost.
        """
        held = trio.Event()
        with unwrapped():
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._pool.within, LONGEST, _hold, source_id, held)
                await held.wait()
                try:
                    yield
                finally:
                    nursery.cancel_scope.cancel()

    async def _each[T](
        self, path: Path, read: Callable[[BinaryIO], T | None], write: Callable[[Connection, T], Any]
    ) -> int:
        number = 0
        file = await trio.to_thread.run_sync(path.open, "rb")
        try:
            while part := await trio.to_thread.run_sync(read, file):
                number += await self._writer.write(write, part, alone=True)
        finally:
            file.close()
        return number


class _Change:
    """What all transactions of one observation share. Asyncio-flavoured."""

    def __init__(self, source_id: int, round_id: int, window: Window) -> None:
        self._source = source_id
        self._round = round_id
        self._window = window
        self._ender = window.next_round if window.end == window.limit else round_id

    async def add(self, connection: Connection, tuples: bytes) -> int:
        await connection.execute(_ARRIVED)
        fields = int.from_bytes(tuples[:2], "big")  # of the first row, as of all
        await connection.copy_to_table(
            "arrived", source=copy_stream(tuples), columns=_COLUMNS[:fields], format="binary"
        )
        window = self._window
        number: int = await connection.fetchval(
            _ADD, self._source, window.start, window.end, self._round, self._ender, window.reason
        )
        await connection.execute(_COUNT, self._round, number, 0)
        return number

    async def cut(self, connection: Connection, keys: list[int]) -> int:
        window = self._window
        number: int = await connection.fetchval(
            _CUT, self._source, window.start, window.limit, self._round, window.next_round, keys
        )
        await connection.execute(_COUNT, self._round, 0, number)
        return number

    async def hold(self, connection: Connection) -> int:
        window = self._window
        return await connection.fetchval(  # type: ignore[no-any-return]
            _HOLD, self._source, window.start, window.end, window.limit, self._ender, window.reason
        )


async def _around(connection: Connection, source_id: int, at: datetime) -> tuple[Row | None, Row | None]:
    return await connection.fetchrow(_LIVE, source_id), await connection.fetchrow(_NEXT, source_id, at)


async def _earlier(connection: Connection, source_id: int, at: datetime) -> Row | None:
    return await connection.fetchrow(_EARLIER, source_id, at)


async def _standing(connection: Connection, source_id: int, at: datetime, keys: KeyFile, live: bool) -> None:
    query = _STANDING.format(also="OR closed IS NULL" if live else "AND backfilled")
    await copy_keys(connection, query, source_id, at, into=keys)


async def _begin(connection: Connection, source_id: int, seen: Observation, now: datetime) -> int:
    return await connection.fetchval(  # type: ignore[no-any-return]
        _BEGIN,
        source_id,
        now,
        seen.origin,
        seen.body_sha256,
        seen.body_bytes,
        seen.read_digest,
        seen.version,
        seen.why,
        seen.at,
        seen.declaration,
    )


async def _keep(connection: Connection, round_id: int, body: str | None) -> None:
    await connection.execute("UPDATE round SET body = $2 WHERE id = $1", round_id, body)


async def _finish(connection: Connection, round_id: int, now: datetime, entries: int, refused: dict[str, int]) -> None:
    await connection.execute(_FINISH, round_id, now, entries, to_json(refused))


async def _hold(connection: Connection, source_id: int, held: trio.Event) -> None:
    """Hold the lock until cancelled, without a snapshot that would keep others from tidying up."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCK, source_id)
        held.set()
        while True:
            await connection.execute("SELECT pg_sleep(1)")
