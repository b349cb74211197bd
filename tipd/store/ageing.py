"""Sightings that end by time: which ends next, and the sweep that ends those whose time has come.

A row that says how long it holds (`until`) ends then. Where a source's policy names a span for its kind, it ends so
long after it was last seen: after it vanished from a list of recent rows, or after the list could last be read, where
it still stands in it and the list fails. Or so long after it was first seen, wherever it stands; then it is not listed
again until it left its list and came back. At most 20,000 rows a transaction, each with its finding, under a round of
its own (`why` is `ageing`); a sweep that is cut off goes on as another round.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from tipd import __version__
from tipd.errors import TryAgain
from tipd.model.kind import CODE_OF, Kind
from tipd.store import closing, partitions
from tipd.store.batch import Written
from tipd.store.closing import AGED, LEFT, Change
from tipd.store.frames import MOST_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tipd.model.finding import NewFinding
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool
    from tipd.store.writer import Writer


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How the sightings of one source age.

    `spans`: how long, by kind; other kinds end by their own `until` alone. `first`: from when they were first seen, not
    last. `gone`: a source that fails for so long is gone. `whole`: its list is the whole set, so that nothing in it has
    vanished: what did before it was declared so has left.
    """

    source_id: int
    spans: dict[Kind, timedelta] = {}
    first: bool = False
    gone: timedelta | None = None
    whole: bool = False


class Ends(NamedTuple):
    """When something of a source ends next, None where nothing does: its sightings by age, all of it by being gone."""

    aged: datetime | None
    gone: datetime | None


class Swept(NamedTuple):
    """What a sweep of one source ended, and its round; None where there was nothing to end."""

    number: int
    round_id: int | None


class _Rule(NamedTuple):
    """Which of a source's sightings end: a condition on them, with its arguments from $3 on."""

    where: str
    args: tuple[Any, ...] = ()
    reason: str = AGED
    seen: datetime | None = None  # of those that stand in a list that fails


# The order names all columns of the index, which gives it: a null is no constant to the planner.
_OF_KINDS = """
SELECT p.source_id, p.kind,
       (SELECT seen FROM sighting s
         WHERE closed IS NULL AND s.source_id = p.source_id AND s.kind = p.kind AND seen IS NOT NULL
         ORDER BY s.source_id, s.kind, seen LIMIT 1) AS vanished,
       (SELECT opened FROM sighting s
         WHERE closed IS NULL AND s.source_id = p.source_id AND s.kind = p.kind AND seen IS NULL
         ORDER BY s.source_id, s.kind, seen, opened LIMIT 1) AS standing,
       CASE WHEN p.first THEN
           (SELECT min(opened) FROM sighting s
             WHERE closed IS NULL AND s.source_id = p.source_id AND s.kind = p.kind AND seen IS NOT NULL) END AS opened
  FROM unnest($1::integer[], $2::smallint[], $3::boolean[]) AS p (source_id, kind, first)
"""
_OF_SOURCES = """
SELECT id, failing_since, coalesce(last_success, failing_since) AS read, gone,
       (SELECT until FROM sighting s WHERE closed IS NULL AND until IS NOT NULL AND s.source_id = source.id
         ORDER BY s.source_id, until LIMIT 1) AS until,
       failing_since IS NOT NULL
           AND EXISTS (SELECT FROM sighting s WHERE closed IS NULL AND s.source_id = source.id) AS lists
  FROM source WHERE id = ANY($1::integer[])
"""
_UNTIL = "until <= $3"
_LEFT_OVER = "seen IS NOT NULL"
_VANISHED = "kind = $3 AND seen <= $4"
_FIRST_STANDING = "kind = $3 AND seen IS NULL AND opened <= $4"
_FIRST_VANISHED = "kind = $3 AND seen IS NOT NULL AND opened <= $4"
_DEAD = """kind = $3 AND seen IS NULL
       AND EXISTS (SELECT FROM source WHERE id = $1 AND failing_since IS NOT NULL
                      AND coalesce(last_success, failing_since) <= $4)"""
_DUE = "SELECT key FROM sighting WHERE closed IS NULL AND source_id = $1 AND {where} LIMIT $2"
_BEGIN = "INSERT INTO round (source_id, started, why) VALUES ($1, $2, 'ageing') RETURNING id"
_END = "UPDATE round SET ended = greatest(started, $2), status = 'aged', version = $3 WHERE id = $1"
_SET_RIGHT = """
UPDATE sighting SET seen = $2
 WHERE closed IS NULL AND source_id = ANY($1::integer[]) AND kind = ANY($3::smallint[]) AND seen > $2
"""
_LEFT_OVERS = """
SELECT id FROM source
 WHERE id = ANY($1::integer[])
   AND EXISTS (SELECT FROM sighting WHERE source_id = id AND kind = ANY($2::smallint[]) AND closed IS NULL
                                      AND seen IS NOT NULL)
"""
_FROM_FIRST = "reason = 'aged' AND seen IS NULL AND coalesce(until > closed, true)"
_AGED_FROM_FIRST = f"SELECT DISTINCT source_id FROM sighting WHERE source_id = ANY($1::integer[]) AND {_FROM_FIRST}"  # noqa: S608
_FORGET_FIRST = f"""
UPDATE sighting SET seen = closed
 WHERE source_id = $1 AND {_FROM_FIRST}
   AND key IN (SELECT key FROM sighting WHERE source_id = $1 AND {_FROM_FIRST} LIMIT $2)
"""  # noqa: S608 - our own text
_GONE = "UPDATE source SET gone = $2 WHERE id = $1 AND gone IS NULL AND failing_since IS NOT NULL"


class Ageing:
    """Ends sightings whose time has come."""

    def __init__(self, pool: Pool, writer: Writer) -> None:
        self._pool = pool
        self._writer = writer

    async def ends(self, policies: Sequence[Policy]) -> dict[int, Ends]:
        """Return when something of these sources ends next, by source; past moments are due."""
        return await self._pool.run(_ends, policies)

    async def sweep(self, policy: Policy, now: datetime) -> Swept:
        """End what is due of one source at `now`; rows that two processes sweep at once end once."""
        await self._writer.write(partitions.ensure, now)
        number, round_id = 0, None
        for rule in _rules(policy, await self._pool.run(_facts, policy.source_id), now):
            part = MOST_ROWS
            while part == MOST_ROWS:
                part, round_id = await self._writer.write(
                    _sweep_some, policy.source_id, round_id, rule, now, alone=True
                )
                number += part
        if round_id is not None:
            await self._writer.write(_end, round_id, now)
        return Swept(number, round_id)

    async def left_over(self, policies: Sequence[Policy]) -> set[int]:
        """Return which of the whole lists still have rows that vanished when they were declared otherwise."""
        return await self._pool.run(_left_over, [policy.source_id for policy in policies if policy.whole])

    async def set_right(self, policies: Sequence[Policy], now: datetime) -> None:
        """Let what was last seen after `now` (a clock that stood ahead) age from `now` on."""
        ids = [policy.source_id for policy in policies]
        await self._writer.write(_set_right, ids, now, alone=True)

    async def forget_first(self, source_ids: Sequence[int], now: datetime) -> None:
        """Let what aged from first seen be listed again where it stands: these sources do not age so any more."""
        for source_id in await self._pool.run(_aged_from_first, list(source_ids)):
            while await self._writer.write(_forget_first, source_id, now, alone=True):
                pass

    async def tell_gone(self, source_id: int, now: datetime, finding: NewFinding) -> None:
        """Note, and tell, that a source is gone. Raises TryAgain where it was told already, or it is read again."""
        await self._writer.write(_tell_gone, source_id, now, findings=[finding])


def _rules(policy: Policy, read: datetime | None, now: datetime) -> Iterator[_Rule]:
    """Yield what ends at `now`; `read` is when a source that fails was last read, None where it does not fail."""
    yield _Rule(_UNTIL, (now,))
    if policy.whole:
        yield _Rule(_LEFT_OVER, reason=LEFT)
    for kind, span in policy.spans.items():
        code, before = CODE_OF[kind], now - span
        if policy.first:
            yield _Rule(_FIRST_STANDING, (code, before))
            yield _Rule(_FIRST_VANISHED, (code, before))
            continue
        yield _Rule(_VANISHED, (code, before))
        if read is not None and read <= before:
            yield _Rule(_DEAD, (code, before), seen=read)


async def _sweep_some(
    connection: Connection, source_id: int, round_id: int | None, rule: _Rule, now: datetime
) -> Written[tuple[int, int | None]]:
    rows = await connection.fetch(_DUE.format(where=rule.where), source_id, MOST_ROWS, *rule.args)
    if not rows:
        return Written((0, round_id), 0)
    round_id = round_id or await connection.fetchval(_BEGIN, source_id, now)
    dead = rule.seen is not None
    written = await closing.close(
        connection,
        Change(round_id, source_id, now),
        [row["key"] for row in rows],
        rule.reason,
        seen=rule.seen,
        moved=dead,
        foreign=dead,
    )
    return Written((written.result, round_id), written.last_seq, written.kinds)


async def _end(connection: Connection, round_id: int, at: datetime) -> None:
    await connection.execute(_END, round_id, at, __version__)


async def _set_right(connection: Connection, source_ids: list[int], now: datetime) -> None:
    await connection.execute(_SET_RIGHT, source_ids, now, list(CODE_OF.values()))


async def _left_over(connection: Connection, source_ids: list[int]) -> set[int]:
    return {row["id"] for row in await connection.fetch(_LEFT_OVERS, source_ids, list(CODE_OF.values()))}


async def _aged_from_first(connection: Connection, source_ids: list[int]) -> list[int]:
    return [row["source_id"] for row in await connection.fetch(_AGED_FROM_FIRST, source_ids)]


async def _forget_first(connection: Connection, source_id: int, now: datetime) -> int:
    done = await connection.execute(_FORGET_FIRST, source_id, MOST_ROWS)
    await closing.counted(connection, Change(0, source_id, now), 0, "delisted", foreign=True)
    return int(done.rpartition(" ")[2])


async def _tell_gone(connection: Connection, source_id: int, now: datetime) -> None:
    if await connection.execute(_GONE, source_id, now) != "UPDATE 1":  # raised, so that nothing is told either
        raise TryAgain("it was told already, or the source is read again")


async def _facts(connection: Connection, source_id: int) -> datetime | None:
    return await connection.fetchval(  # type: ignore[no-any-return]
        "SELECT coalesce(last_success, failing_since) FROM source WHERE id = $1 AND failing_since IS NOT NULL",
        source_id,
    )


async def _ends(connection: Connection, policies: Sequence[Policy]) -> dict[int, Ends]:
    asked = [(policy.source_id, CODE_OF[kind], policy.first) for policy in policies for kind in policy.spans]
    columns = [list(column) for column in zip(*asked, strict=True)] or [[], [], []]
    of_kinds = {(row["source_id"], row["kind"]): row for row in await connection.fetch(_OF_KINDS, *columns)}
    rows = await connection.fetch(_OF_SOURCES, [policy.source_id for policy in policies])
    of_sources = {row["id"]: row for row in rows}
    return {
        policy.source_id: _ends_of(policy, of_sources[policy.source_id], of_kinds)
        for policy in policies
        if policy.source_id in of_sources
    }


def _ends_of(policy: Policy, source: Row, of_kinds: dict[tuple[int, int], Row]) -> Ends:
    ends = [source["until"]]
    for kind, span in policy.spans.items():
        row = of_kinds[policy.source_id, CODE_OF[kind]]
        if policy.first:
            ends += [_after(row["standing"], span), _after(row["opened"], span)]
            continue
        ends.append(_after(row["vanished"], span))
        if row["standing"] is not None and source["failing_since"] is not None:
            ends.append(_after(source["read"], span))
    gone = None
    if source["lists"] and policy.gone is not None:
        gone = source["gone"] or _after(source["failing_since"], policy.gone)
    return Ends(min((end for end in ends if end is not None), default=None), gone)


def _after(moment: datetime | None, span: timedelta) -> datetime | None:
    """Return the moment that much later; None for none, or beyond the end of time."""
    try:
        return None if moment is None else moment + span
    except OverflowError:
        return None
