"""What the tracker gathered, stored: at most 20,000 rows a transaction, marks last and their findings with them.

What is cut off leaves observations, runs and scores whose marks are not there yet: the tracker goes on from older marks
and takes the same look-ups for new ones, which costs counts, never a finding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from tipd.errors import TryAgain
from tipd.store.flux import mentioned, observations, runs, scores, states, tuples
from tipd.store.flux.mentioned import Mentioned
from tipd.store.frames import MOST_ROWS
from tipd.store.writer import MOST_TOLD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet
    from uuid import UUID

    from tipd.model.finding import NewFinding
    from tipd.model.flux import Batch, Mark, Observation, Roll, Run, Score
    from tipd.store.connection import Connection

_OURS = "SELECT EXISTS (SELECT FROM flux_lease WHERE holder = $1)"
_SHUT = "SELECT key FROM blocked UNION SELECT key FROM flux_forgotten"
_COUNT = f"SELECT count(*) FROM ({_SHUT}) AS shut"  # noqa: S608


class Moved(TryAgain):
    """What may not be stored has changed since the rows were made ready."""


@dataclass(slots=True)
class Part:
    """What goes into one transaction."""

    observations: list[Observation] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    rolls: list[Roll] = field(default_factory=list)
    findings: list[NewFinding] = field(default_factory=list)

    def __len__(self) -> int:
        return sum(len(getattr(self, name)) for name in _ORDER)


# Findings before marks: what is cut off between them is told twice, not never.
_ORDER = ("observations", "runs", "scores", "findings", "marks", "rolls")


class Ready(NamedTuple):
    """One transaction's rows; `shut`: how many values may not be stored, as they were made ready."""

    names: bytes
    upstreams: list[str]
    observations: bytes
    runs: runs.Ran
    scores: bytes
    marks: bytes
    rolls: bytes
    shut: int


def parts(batch: Batch) -> Iterator[Part]:
    """Yield what goes into each transaction, in order."""
    part = Part()
    for name in _ORDER:
        rows: Sequence[object] = getattr(batch, name)
        start = 0
        while start < len(rows):
            room = min(MOST_ROWS - len(part), MOST_TOLD - len(part.findings) if name == "findings" else MOST_ROWS)
            if room <= 0:
                yield part
                part = Part()
                continue
            getattr(part, name).extend(rows[start : start + room])
            start += room
    if len(part):
        yield part


async def ready(part: Part, seed: int, shut: AbstractSet[int]) -> Ready:
    """Make one transaction's rows ready (trio-flavoured)."""
    said = Mentioned()
    seen = await observations.packed(part.observations, seed, shut, said)
    ran = await runs.packed(part.runs, seed, shut, said)
    return Ready(
        await said.packed(seed),
        list(said.upstreams),
        seen,
        ran,
        await tuples.packed(part.scores, scores.pack),
        await tuples.packed(part.marks, states.pack_mark),
        await tuples.packed(part.rolls, states.pack_roll),
        len(shut),
    )


async def shut(connection: Connection) -> frozenset[int]:
    """Return the keys of what may not be stored: blocked for good, or forgotten a moment ago."""
    return frozenset(row["key"] for row in await connection.fetch(_SHUT))


async def store(connection: Connection, rows: Ready, vantage: str, holder: UUID | None = None) -> None:
    """Store one transaction's rows. Raises Moved where they must be made ready anew.

    `holder`: who held the lease on probing when they were gathered. What was observed is true whoever probes now, but
    where names stand is for the present holder alone to say: what a process says late, that was stopped or cut off
    meanwhile, is passed over.
    """
    if (rows.observations or rows.runs.rows) and await connection.fetchval(_COUNT) != rows.shut:
        raise Moved("what may not be stored has changed")
    if rows.observations or rows.runs.rows:
        await mentioned.take(connection, rows.names)
        vantages = await mentioned.vantages(connection, vantage, rows.upstreams)
        if rows.observations:
            await observations.store(connection, rows.observations, vantages)
        if rows.runs.rows:
            await runs.store(connection, rows.runs, vantages)
    if rows.scores:
        await scores.store(connection, rows.scores)
    if (rows.marks or rows.rolls) and (holder is None or await connection.fetchval(_OURS, holder)):
        await states.store_marks(connection, rows.marks, rows.rolls)


__all__ = ["Moved", "Part", "parts", "ready", "shut", "store"]
