"""What was listed at a moment: bulk questions about the past, by containment too, answered by the database.

A question is a value and a moment. It is answered with the sightings whose interval holds the moment; where there is
none, with the first that began later. Whatever the caller may not see (TLP) is not looked at. The allowlist has no say:
it is about today.

A sighting that was loaded as history (`backfilled`) was known to tipd only from the round on that loaded the set of
that moment, which is what `known_since` tells.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple

import trio

from tipd.model.confidence import confidence
from tipd.model.kind import CODE_OF, KIND_OF
from tipd.store.lookup.probes import around_probes, key_probes
from tipd.store.lookup.questions import Questions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tipd.model.kind import Kind
    from tipd.store.connection import Connection, Row
    from tipd.store.pool import Pool

AT_ONCE = 2500  # probes a statement
WITHIN = 120.0  # seconds a statement
MOST_MATCHES = 100  # of one value
_OTHERS_AT_ONCE = 16
_STEP = 0.005  # seconds of work before others run


class Match(NamedTuple):
    """An entry that held the value then, and how (`exact`, `contained`, `parent`, `host`)."""

    kind: Kind
    value: str
    how: str


class Later(NamedTuple):
    """The first listing after the moment, and by whom."""

    at: datetime
    sources: list[str]


@dataclass(slots=True)
class Then:
    """What there is to say of one value at one moment; `error` is a reason of RefusedValue."""

    value: str
    at: datetime
    kind: Kind | None
    error: str | None = None
    canonical: str | None = None  # where it is not what was asked
    matches: list[Match] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    confidence: float = 0.0
    known_since: datetime | None = None
    later: Later | None = None


class _Found(NamedTuple):
    """One sighting that answers a probe."""

    match: Match
    source: int
    at: datetime  # when it began
    known: datetime


# The plan is ours: each probe is one descent of an index. A table without statistics yet would be read whole.
_PLAN = """
SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off;
SET LOCAL enable_material = off; SET LOCAL enable_memoize = off
"""
_SEEN = "greatest(coalesce(s.tlp, 0), source.tlp) <= $4"
# History is known since the round that loaded the set of that moment, whichever round began the interval.
_KNOWN = """
CASE WHEN s.backfilled THEN coalesce((SELECT started FROM round
       WHERE round.source_id = s.source_id AND why IN ('backfill', 'replay') AND round.at <= {moment}
       ORDER BY round.at DESC, round.id DESC LIMIT 1), s.opened) ELSE s.opened END AS known
"""
_COLUMNS = "a.n, s.source_id, s.kind, s.value, s.opened"
_BY_KEY = "s.key = a.probe"
# A forgotten network's row keeps a place that no listed network has (`tipd.store.forget`).
_AROUND = "s.kind = 3 AND s.value::inet >> a.probe AND s.value <> '::/128'"


def _then(matching: str, probe: str) -> str:
    return f"""
SELECT {_COLUMNS}, {_KNOWN.format(moment="a.at")}
  FROM unnest($1::int[], $2::text[]::{probe}[], $3::timestamptz[]) AS a (n, probe, at)
  JOIN sighting s ON {matching}
  JOIN source ON source.id = s.source_id
 WHERE s.opened <= a.at AND (s.closed IS NULL OR s.closed > a.at) AND {_SEEN}
"""  # noqa: S608 - our own words


def _later(matching: str, probe: str) -> str:
    return f"""
SELECT a.n, f.*
  FROM unnest($1::int[], $2::text[]::{probe}[], $3::timestamptz[]) AS a (n, probe, at)
 CROSS JOIN LATERAL (
    SELECT s.source_id, s.kind, s.value, s.opened, {_KNOWN.format(moment="s.opened")}
      FROM sighting s JOIN source ON source.id = s.source_id
     WHERE {matching} AND s.opened > a.at AND {_SEEN}
     ORDER BY s.opened FETCH FIRST 1 ROW WITH TIES) AS f
"""  # noqa: S608


_STATEMENTS = {
    (False, False): _then(_BY_KEY, "bigint"),
    (False, True): _then(_AROUND, "inet"),
    (True, False): _later(_BY_KEY, "bigint"),
    (True, True): _later(_AROUND, "inet"),
}


class _Probe(NamedTuple):
    owner: int
    text: str  # as the statement takes it
    value: str  # what the row must hold; empty: whatever matched
    how: str


class Past:
    """Answers questions about moments."""

    def __init__(self, pool: Pool, hash_seed: int) -> None:
        self._pool = pool
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed

    async def at(self, asked: Sequence[tuple[str, datetime]], *, max_tlp: int, later: bool = True) -> list[Then]:
        """Answer each (value, moment with an offset), in order; `later`: say too what was listed only afterwards.

        Only what is marked `max_tlp` or less counts. Raises StoreAway, TryAgain.
        """
        questions = Questions.of([value for value, _ in asked], self._seed)
        await _gently(questions.work_out())
        answers = [_blank(questions, number, at) for number, (_, at) in enumerate(asked)]
        probes = await _gently(_probes(questions))
        weights = await self._pool.run(_weights)
        found = await self._search(probes, answers, max_tlp, later=False)
        for owner, sightings in found.items():
            _fill(answers[owner], sightings, weights)
        if later:
            rest = [(around, probe) for around, probe in probes if probe.owner not in found]
            for owner, sightings in (await self._search(rest, answers, max_tlp, later=True)).items():
                first = min(one.at for one in sightings)
                names = sorted({weights[one.source][0] for one in sightings if one.at == first})
                answers[owner].later = Later(first, names)
        return answers

    async def _search(
        self, probes: Iterable[tuple[bool, _Probe]], answers: Sequence[Then], max_tlp: int, *, later: bool
    ) -> dict[int, list[_Found]]:
        found: dict[int, list[_Found]] = {}
        kinds: dict[bool, list[_Probe]] = {False: [], True: []}
        for around, probe in probes:
            kinds[around].append(probe)
        for around, some in kinds.items():
            for part in batched(some, AT_ONCE, strict=False):
                moments = [answers[probe.owner].at for probe in part]
                statement = _STATEMENTS[later, around]
                rows = await self._pool.within(WITHIN, _ask, statement, part, moments, max_tlp)
                _sort_in(rows, part, answers, found)
        return found


def _blank(questions: Questions, number: int, at: datetime) -> Then:
    code = int(questions.kinds[number])
    return Then(
        questions.values[number],
        at,
        KIND_OF.get(code),
        questions.errors.get(number),
        questions.canonical.get(number),
    )


def _probes(questions: Questions) -> Iterator[tuple[bool, _Probe]]:
    for probe in key_probes(questions):
        yield False, _Probe(probe.owner, str(probe.key), probe.value, probe.how)
    for around in around_probes(questions):
        yield True, _Probe(around.owner, around.value, "", around.how)


async def _gently[T](steps: Iterator[T]) -> list[T]:
    """Return all that the steps give, letting others run between them."""
    given: list[T] = []
    began = trio.current_time()
    for count, step in enumerate(steps, 1):
        given.append(step)
        if count % _OTHERS_AT_ONCE == 0 and trio.current_time() - began > _STEP:
            await trio.lowlevel.checkpoint()
            began = trio.current_time()
    return given


def _sort_in(
    rows: Sequence[Row], probes: Sequence[_Probe], answers: Sequence[Then], found: dict[int, list[_Found]]
) -> None:
    for row in rows:
        probe = probes[row["n"]]
        if probe.value and row["value"] != probe.value:
            continue  # another value with the same key
        match = Match(KIND_OF[row["kind"]], row["value"], probe.how)
        found.setdefault(probe.owner, []).append(_Found(match, row["source_id"], row["opened"], row["known"]))


def _fill(answer: Then, sightings: Sequence[_Found], weights: dict[int, tuple[str, float]]) -> None:
    sources = {one.source for one in sightings}
    answer.matches = sorted({one.match for one in sightings}, key=_nearness)[:MOST_MATCHES]
    answer.sources = sorted(weights[number][0] for number in sources)
    answer.confidence = confidence(weights[number][1] for number in sources)
    answer.known_since = min(one.known for one in sightings)


def _nearness(match: Match) -> tuple[bool, int, int, str]:
    """Exact ones first, then the narrow before the wide."""
    return match.how != "exact", CODE_OF[match.kind], -len(match.value), match.value


async def _ask(
    connection: Connection, statement: str, probes: Sequence[_Probe], moments: list[datetime], max_tlp: int
) -> list[Row]:
    async with connection.transaction():
        await connection.execute(_PLAN)
        texts = [probe.text for probe in probes]
        return await connection.fetch(statement, list(range(len(probes))), texts, moments, max_tlp)


async def _weights(connection: Connection) -> dict[int, tuple[str, float]]:
    rows = await connection.fetch("SELECT id, name, weight FROM source")
    return {row["id"]: (row["name"], row["weight"]) for row in rows}
