"""What the tracker has gathered and nobody has stored yet: bounded, so that a store that is away slows it down."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.model.flux import Batch

if TYPE_CHECKING:
    from tipd.model.finding import NewFinding
    from tipd.model.flux import Mark, Observation, Roll, Run, Score

MOST = 200_000  # rows: some 50 MB


class Pending:
    """Rows by kind; of one name only the newest mark counts, and a roll beside a mark becomes part of it.

    `full` is what whoever asks questions looks at: answers that are under way are still taken in, so it may hold some
    more than `most` rows.
    """

    def __init__(self, most: int = MOST) -> None:
        """`most`: rows of all kinds together."""
        self._most = most
        self._marks: dict[int, Mark] = {}
        self._rolls: dict[int, Roll] = {}
        self.observations: list[Observation] = []
        self.runs: list[Run] = []
        self.scores: list[Score] = []
        self.findings: list[NewFinding] = []

    def __len__(self) -> int:
        """Return how many rows there are."""
        lists = (self.observations, self.runs, self.scores, self.findings)
        return len(self._marks) + len(self._rolls) + sum(len(each) for each in lists)

    @property
    def full(self) -> bool:
        """Whether nothing more should be asked for now."""
        return len(self) >= self._most

    def mark(self, mark: Mark) -> None:
        """Take where a name stands; one without `since` leaves the state's beginning and reason as they are."""
        self._rolls.pop(mark.id, None)
        if not mark.since and (former := self._marks.get(mark.id)) is not None:
            mark = msgspec.structs.replace(mark, since=former.since, reason=former.reason)
        self._marks[mark.id] = mark

    def roll(self, roll: Roll) -> None:
        """Take how far a name has come."""
        mark = self._marks.get(roll.id)
        if mark is None:
            self._rolls[roll.id] = roll
        else:
            self._marks[roll.id] = msgspec.structs.replace(
                mark, due=roll.due, ttl=roll.ttl, samples=roll.samples, last_sample=roll.last_sample
            )

    def drain(self) -> Batch:
        """Return all there is, and hold nothing any more."""
        batch = Batch(
            marks=tuple(self._marks.values()),
            rolls=tuple(self._rolls.values()),
            observations=tuple(self.observations),
            runs=tuple(self.runs),
            scores=tuple(self.scores),
            findings=tuple(self.findings),
        )
        self._marks, self._rolls = {}, {}
        self.observations, self.runs, self.scores, self.findings = [], [], [], []
        return batch
