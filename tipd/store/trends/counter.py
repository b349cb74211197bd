"""The task that counts along the log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.log import Log
    from tipd.nursery.contract import HealthSink
    from tipd.store.trends.page import Asns
    from tipd.store.trends.trends import Trends

LOOK_EVERY = 30.0  # seconds, should no commit wake us
GATHER = 5.0  # seconds for commits to be counted together: nobody waits for a trend
WAIT_AWAY = 5.0


class Counter:
    """Counts what commits bring."""

    def __init__(
        self, trends: Trends, asns: Callable[[], Asns], log: Log, health: HealthSink, settled: trio.Event | None = None
    ) -> None:
        """`asns` gives the AS table that holds when a page is counted: for good, so not before `settled`."""
        self._settled = settled
        self._trends = trends
        self._asns = asns
        self._log = log
        self._health = health
        self._woken = trio.Event()

    def committed(self, _last_seq: int = 0, _kinds: frozenset[str] = frozenset()) -> None:
        """Count soon; never blocks."""
        self._woken.set()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Count for ever; what is away is waited for."""
        task_status.started()
        if self._settled is not None:
            await self._settled.wait()
        while True:
            try:
                left = await self._trends.count(self._asns)
            except (StoreAway, TryAgain) as away:
                self._log.debug("trends wait for the database", reason=str(away))
                await trio.sleep(WAIT_AWAY)
                continue
            self._health.note(behind=left)
            self._health.beat()
            if left <= 0:
                await self._rest()

    async def _rest(self) -> None:
        with trio.move_on_after(LOOK_EVERY):
            await self._woken.wait()
            await trio.sleep(GATHER)
        self._woken = trio.Event()
