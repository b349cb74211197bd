"""What the tracker gathered goes into the store each second; what waits while the store is away stays bounded.

While the store is away the lease runs out within 15 s, so that nothing more is asked and gathered; where it is only
slow, the tracker itself pauses once too much waits. A stop lets the transaction that is under way end, within a second:
begun again, its counts would double.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import StoreAway, TryAgain
from tipd.model.flux import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tipd.log import Log
    from tipd.model.finding import NewFinding
    from tipd.model.flux import Observation
    from tipd.modules.fastflux.needs import Flux, Tracker

EVERY = 1.0  # seconds
ROLL_WITHIN = 3600.0  # seconds in which every name's progress is stored, changed or not
LEAST_ROLL = 10  # names a second, so that few are stored soon
AT_ONCE = 20_000  # rows: what the store puts into one transaction
LAST_WITHIN = 1.0  # seconds that the transaction under way may take at a stop
AGAIN = 1.0
# What marks stand on comes before them; findings too: what is cut off between is told twice, not never.
_ORDER = ("observations", "runs", "scores", "findings", "marks", "rolls")


class Flushing:
    """`run` stores for ever; `finish` stores what there is once, at the end.

    `add` takes what the slower chores found.
    """

    def __init__(self, tracker: Tracker, flux: Flux, vantage: str, log: Log) -> None:
        """Nothing waits yet."""
        self._tracker = tracker
        self._flux = flux
        self._vantage = vantage
        self._log = log
        self._observations: list[Observation] = []
        self._findings: list[NewFinding] = []
        self._waiting: deque[Batch] = deque()  # taken from the tracker, not stored yet
        self._scope = trio.CancelScope()  # of the transaction under way
        self._end_by = inf
        self.stored = 0  # rows
        self.took = 0.0  # seconds of the last time

    def add(self, observations: Sequence[Observation] = (), findings: Sequence[NewFinding] = ()) -> None:
        """Store these with the next batch."""
        self._observations += observations
        self._findings += findings

    async def run(self) -> None:
        """Store what gathered, each second, until cancelled; raises what is not expected of the store."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._wait_for_the_end)
            while True:
                begun = trio.current_time()
                self._tracker.roll(self._share())
                await self.flush()
                await trio.sleep(max(0.0, begun + EVERY - trio.current_time()))

    async def _wait_for_the_end(self) -> None:
        try:
            await trio.sleep_forever()
        finally:
            self._end_by = self._scope.deadline = trio.current_time() + LAST_WITHIN

    def _share(self) -> int:
        """Return how many names' progress is due to be stored each second."""
        return max(LEAST_ROLL, int(self._tracker.count * EVERY / ROLL_WITHIN) + 1)

    async def flush(self) -> None:
        """Store what gathered; while the store is away, wait and try again."""
        begun = trio.current_time()
        self._waiting += chunks(self._drained())
        while self._waiting:
            try:
                done = await self._save(self._waiting[0])
            except (StoreAway, TryAgain) as error:
                rows = sum(map(len, self._waiting))
                self._log.warning("what was observed waits for the store", rows=rows, why=str(error))
                await trio.sleep(AGAIN)
                continue
            if done:
                self.stored += len(self._waiting.popleft())
            await trio.lowlevel.checkpoint()  # where a stop is heard
        self.took = trio.current_time() - begun

    async def _save(self, batch: Batch) -> bool:
        """Store one transaction's rows; False where a stop did not let it end."""
        with trio.CancelScope(shield=True, deadline=self._end_by) as self._scope:
            await self._flux.save(batch, vantage=self._vantage)
        return not self._scope.cancelled_caught

    async def finish(self, rows: int) -> None:
        """Store what gathered and the progress of at most so many names; whoever calls sets the deadline."""
        self._end_by = trio.current_effective_deadline()
        await self.flush()
        self._tracker.roll(rows)
        await self.flush()

    def _drained(self) -> Batch:
        batch = self._tracker.drain()
        more, told = tuple(self._observations), tuple(self._findings)
        self._observations, self._findings = [], []
        if not more and not told:
            return batch
        rows: dict[str, Any] = {name: getattr(batch, name) for name in _ORDER}
        return Batch(**rows | {"observations": batch.observations + more, "findings": batch.findings + told})


def chunks(batch: Batch, most: int = AT_ONCE) -> Iterator[Batch]:
    """Yield a batch in parts of at most so many rows, in the order in which they must be stored."""
    part: dict[str, Any] = {}
    room = most
    for name in _ORDER:
        rows = getattr(batch, name)
        start = 0
        while start < len(rows):
            part[name] = rows[start : start + room]
            start += len(part[name])
            room -= len(part[name])
            if not room:
                yield Batch(**part)
                part, room = {}, most
    if part:
        yield Batch(**part)
