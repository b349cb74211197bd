"""How much of its host reading may take: a share of one core, and nothing while others need it."""

from __future__ import annotations

import os
from math import exp
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_LOOK = 5.0  # seconds between two looks at the load
_WINDOW = 60.0  # over which the kernel averages the load it tells


class Budget:
    """Slows reading down to a share of a core, and stops it while the host is busy without it."""

    def __init__(
        self,
        share: float,
        max_load: float,
        *,
        cores: int | None = None,
        load: Callable[[], float] = lambda: os.getloadavg()[0],
    ) -> None:
        """`share`: of one core; `max_load`: of all cores, above which others are left alone."""
        self.paused = False
        self._share = share
        self._cores = cores or len(os.sched_getaffinity(0))
        self._most = max_load * self._cores
        self._load = load
        self._own = 0.0  # what of the load is ours, averaged as the kernel does
        self._busy = 0.0  # seconds of processor time since the last average
        self._at = trio.current_time()

    async def rest(self, cpu: float) -> None:
        """Wait as long as the share demands after so many seconds of processor time, and while the host is busy."""
        self._busy += cpu
        await trio.sleep(max(0.0, cpu / self._share - cpu))
        while self.others() > self._most:
            self.paused = True
            await trio.sleep(_LOOK)
        self.paused = False

    def others(self) -> float:
        """Return the load that is not ours."""
        now = trio.current_time()
        passed = now - self._at
        if passed > 0:
            keeps = exp(-passed / _WINDOW)
            self._own = self._own * keeps + min(self._cores, self._busy / passed) * (1 - keeps)
            self._busy, self._at = 0.0, now
        return max(0.0, self._load() - self._own)


def room(folder: Path) -> int:
    """Return the bytes that may still be written on the disk of a folder; raises OSError."""
    told = os.statvfs(folder)
    return told.f_bavail * told.f_frsize
