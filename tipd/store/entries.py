"""Sources kept by hand or by a script: what is reported is listed at once, what is taken back ends at once.

One call is one transaction, with its round, its findings and its line in the audit. `seen` of an entry is when it was
last reported: where its source lets recent rows age, it ages from then on; else it ends with its `until`, or when it
is withdrawn.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
import trio

from tipd import __version__
from tipd.model.key import key_of
from tipd.model.kind import KIND_OF
from tipd.model.tlp import Tlp
from tipd.store import audit, closing, partitions
from tipd.store.batch import Written
from tipd.store.beginning import open_frame
from tipd.store.closing import WITHDRAWN, Change
from tipd.store.entry import by_key, tuples_of
from tipd.store.frames import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.clock import Clock
    from tipd.model.indicator import Indicator
    from tipd.store.connection import Connection, Row
    from tipd.store.entry import Entry
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer

ADDED, TAKEN_BACK = "entry.added", "entry.withdrawn"  # in the audit

_STANDING = """
SELECT sighting.key FROM sighting, unnest($2::bigint[]) AS asked (key)
 WHERE source_id = $1 AND sighting.key = asked.key AND closed IS NULL
"""
_HIDDEN = f"{_STANDING} AND tlp > $3"
_BEGIN = """
INSERT INTO round (source_id, started, ended, status, why, at, version) VALUES ($1, $2, $2, 'ok', $3, $2, $4)
RETURNING id
"""
_SEEN = """
UPDATE sighting SET seen = greatest(opened, $3)
  FROM unnest($2::bigint[]) AS said (key)
 WHERE source_id = $1 AND sighting.key = said.key AND closed IS NULL
"""
_REPORTED = """
UPDATE source SET last_success = $2, error = NULL, state = 'ok',
       state_since = CASE WHEN state = 'ok' THEN state_since ELSE $2 END,
       last_change = CASE WHEN $3 THEN $2 ELSE last_change END
 WHERE id = $1
"""
_PAGE = """
SELECT key, kind, value, opened, seen, until, tlp, context FROM sighting
 WHERE source_id = $1 AND closed IS NULL AND key > $2 AND coalesce(tlp, 0) <= $4
 ORDER BY key LIMIT $3
"""
LOWEST = -(2**63)


class Word(NamedTuple):
    """Whose word it is, and why: both stand in the audit."""

    by: str
    reason: str = ""


class Reported(NamedTuple):
    """What became of the indicators of a call: new ones, those that stood already, and those never taken in again."""

    listed: frozenset[Indicator]
    known: frozenset[Indicator]
    blocked: frozenset[Indicator]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it stands: since when, when it was last reported, and what was said."""

    key: int
    kind: str
    value: str
    since: datetime
    reported: datetime | None
    until: datetime | None
    tlp: Tlp | None
    context: dict[str, Any]


class Entries:
    """Reports, withdraws and lists entries; whether the source is kept by hand is for the caller to know."""

    def __init__(self, pool: Pool, writer: Writer, clock: Clock, hash_seed: int) -> None:
        self._pool = pool
        self._writer = writer
        self._clock = clock
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def report(self, source_id: int, entries: Sequence[Entry], word: Word, *, max_tlp: Tlp = Tlp.RED) -> Reported:
        """List what is not listed yet, let the rest say what it says now; all or nothing.

        Doing it again changes nothing but the ends. What stands under a mark above `max_tlp` stays as it is, whoever
        reports it without seeing it, and counts as listed now. Raises ValueError for over 20,000 indicators.
        """
        keyed = by_key(entries, self._seed)
        if len(keyed) > MOST_ROWS:
            raise ValueError(f"at most {MOST_ROWS} indicators are taken at once, not {len(keyed)}")
        hidden = frozenset(keyed[key].indicator for key in await self._hidden(source_id, list(keyed), max_tlp))
        keyed = {key: entry for key, entry in keyed.items() if entry.indicator not in hidden}
        if not keyed:
            return Reported(hidden, frozenset(), frozenset())
        tuples = await trio.to_thread.run_sync(tuples_of, keyed)
        change = Change(0, source_id, self._clock.now())
        before, after = await self._writer.write(_report, change, list(keyed), tuples, word, alone=True)
        of = {key: entry.indicator for key, entry in keyed.items()}
        return Reported(
            frozenset(of[key] for key in after - before) | hidden,
            frozenset(of[key] for key in before),
            frozenset(of[key] for key in keyed.keys() - after),
        )

    async def withdraw(
        self, source_id: int, indicators: Sequence[Indicator], word: Word, *, max_tlp: Tlp = Tlp.RED
    ) -> set[Indicator]:
        """End what stands of these under `max_tlp` or less, with the reason `withdrawn`; return what did.

        Raises ValueError for over 20,000.
        """
        keyed = {key_of(self._seed, one.kind, one.value): one for one in indicators}
        if len(keyed) > MOST_ROWS:
            raise ValueError(f"at most {MOST_ROWS} indicators are taken back at once, not {len(keyed)}")
        hidden = await self._hidden(source_id, list(keyed), max_tlp)
        change = Change(0, source_id, self._clock.now())
        ended = await self._writer.write(_withdraw, change, list(keyed.keys() - hidden), word, alone=True)
        return {keyed[key] for key in ended}

    async def page(self, source_id: int, *, after: int = LOWEST, limit: int = 1000, max_tlp: Tlp) -> list[Standing]:
        """Return entries whose own mark may be shown, in the order of their keys, from the one after `after` on."""
        return [_standing(row) for row in await self._pool.run(_page, source_id, after, limit, int(max_tlp))]

    async def _hidden(self, source_id: int, keys: list[int], max_tlp: Tlp) -> set[int]:
        """Return those of the keys that stand under a mark above `max_tlp`."""
        if max_tlp == Tlp.RED:
            return set()
        return {row["key"] for row in await self._pool.run(_above, source_id, keys, int(max_tlp))}


async def _above(connection: Connection, source_id: int, keys: list[int], max_tlp: int) -> list[Row]:
    return await connection.fetch(_HIDDEN, source_id, keys, max_tlp)


async def _keys(connection: Connection, source_id: int, keys: list[int]) -> set[int]:
    return {row["key"] for row in await connection.fetch(_STANDING, source_id, keys)}


async def _report(
    connection: Connection, change: Change, keys: list[int], tuples: bytes, word: Word
) -> Written[tuple[set[int], set[int]]]:
    await partitions.ensure(connection, change.at)
    before = await _keys(connection, change.source_id, keys)
    if len(before) < len(keys):
        change = await _begun(connection, change, "entries")
    written = await open_frame(connection, tuples, change, initial=False)
    await connection.execute(_SEEN, change.source_id, keys, change.at)
    await connection.execute(_REPORTED, change.source_id, change.at, written.result > 0)
    facts = {"entries": len(keys), "listed": written.result, "round": change.round_id or None}
    await _noted(connection, change, word, ADDED, facts)
    after = await _keys(connection, change.source_id, keys)
    return Written((before, after), written.last_seq, written.kinds)


async def _withdraw(connection: Connection, change: Change, keys: list[int], word: Word) -> Written[set[int]]:
    await partitions.ensure(connection, change.at)
    standing = await _keys(connection, change.source_id, keys)
    if not standing:
        return Written(standing, 0)
    change = await _begun(connection, change, "withdrawal")
    written = await closing.close(connection, change, sorted(standing), WITHDRAWN)
    await connection.execute(_REPORTED, change.source_id, change.at, written.result > 0)
    facts = {"delisted": written.result, "round": change.round_id}
    await _noted(connection, change, word, TAKEN_BACK, facts)
    return Written(standing, written.last_seq, written.kinds)


async def _begun(connection: Connection, change: Change, why: str) -> Change:
    number = await connection.fetchval(_BEGIN, change.source_id, change.at, why, __version__)
    return change._replace(round_id=number)


async def _noted(connection: Connection, change: Change, word: Word, action: str, facts: dict[str, Any]) -> None:
    """Note who did it; which values it were stands with the round, where they can be forgotten."""
    name = await connection.fetchval("SELECT name FROM source WHERE id = $1", change.source_id)
    await audit.insert(connection, change.at, word.by, action, name, word.reason, facts)


async def _page(connection: Connection, source_id: int, after: int, limit: int, max_tlp: int) -> list[Row]:
    return await connection.fetch(_PAGE, source_id, after, limit, max_tlp)


def _standing(row: Row) -> Standing:
    return Standing(
        key=row["key"],
        kind=KIND_OF[row["kind"]].value,
        value=row["value"],
        since=row["opened"],
        reported=row["seen"],
        until=row["until"],
        tlp=None if row["tlp"] is None else Tlp(row["tlp"]),
        context={} if row["context"] is None else msgspec.json.decode(row["context"]),
    )
