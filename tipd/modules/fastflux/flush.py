"""What the tracker gathered goes into the store each second; what waits while the store is away stays bounded.

While the store is away the lease runs out within 15 s, so that nothing more is asked and gathered; where it is only
slow, the tracker itself pauses once too much waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import trio

from tipd.errors import StoreAway, TryAgain
from tipd.model.flux import Batch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.log import Log
    from tipd.model.finding import NewFinding
    from tipd.model.flux import Observation
    from tipd.modules.fastflux.needs import Flux, Tracker

EVERY = 1.0  # seconds
ROLL_WITHIN = 3600.0  # seconds in which every name's progress is stored, changed or not
LEAST_ROLL = 10  # names a second, so that few are stored soon
AGAIN = 1.0


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
        self._waiting: Batch | None = None  # taken from the tracker, not stored yet
        self.stored = 0  # rows
        self.took = 0.0  # seconds of the last batch

    def add(self, observations: Sequence[Observation] = (), findings: Sequence[NewFinding] = ()) -> None:
        """Store these with the next batch."""
        self._observations += observations
        self._findings += findings

    async def run(self) -> None:
        """Store what gathered, each second, until cancelled; raises what is not expected of the store."""
        while True:
            begun = trio.current_time()
            self._tracker.roll(self._share())
            await self.flush()
            await trio.sleep(max(0.0, begun + EVERY - trio.current_time()))

    def _share(self) -> int:
        """Return how many names' progress is due to be stored each second."""
        return max(LEAST_ROLL, int(self._tracker.count * EVERY / ROLL_WITHIN) + 1)

    async def flush(self) -> None:
        """Store what gathered; while the store is away, wait and try again."""
        batch = self._waiting = self._waiting or self._drained()
        begun = trio.current_time()
        while len(batch):
            try:
                await self._flux.save(batch, vantage=self._vantage)
            except (StoreAway, TryAgain) as error:
                self._log.warning("what was observed waits for the store", rows=len(batch), why=str(error))
                await trio.sleep(AGAIN)
            else:
                break
        self.stored += len(batch)
        self.took = trio.current_time() - begun
        self._waiting = None

    async def finish(self, rows: int) -> None:
        """Store what gathered and the progress of at most so many names; whoever calls sets the deadline."""
        await self.flush()
        self._tracker.roll(rows)
        await self.flush()

    def _drained(self) -> Batch:
        batch = self._tracker.drain()
        if not self._observations and not self._findings:
            return batch
        more, told = tuple(self._observations), tuple(self._findings)
        self._observations, self._findings = [], []
        return msgspec.structs.replace(batch, observations=batch.observations + more, findings=batch.findings + told)
