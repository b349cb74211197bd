"""Names the task whose step blocked the loop: nothing else ran meanwhile."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.log import Log

THRESHOLD = 0.1  # seconds
_KEEP = 20
_QUIET = 10.0  # seconds between log lines about the same task
_NAMES = 256
_REBASE = 0.01  # seconds: how old the readings of CPU time may be


@dataclass(frozen=True, slots=True)
class Blocked:
    """A step that held the loop; all times are seconds.

    `took` is wall time; of it the thread computed for `cpu`, and was ready but kept off the processor by others for
    `starved` (0 where the kernel does not say). What is left it spent in blocking calls. `until` is the line where the
    task waited next: the culprit is above it.
    """

    task: str
    until: str
    took: float
    cpu: float
    starved: float

    @property
    def held(self) -> float:
        """Return for how long the step itself held the loop: the machine's other work is not its fault."""
        return self.took - self.starved


@dataclass(frozen=True, slots=True)
class Readings:
    """The clocks of the loop's thread, in seconds; injected by tests.

    `wall` is monotonic and, on Linux, stands still while the machine is suspended; `starved` is the time spent ready on
    a run queue.
    """

    wall: Callable[[], float]
    cpu: Callable[[], float]
    starved: Callable[[], float]
    close: Callable[[], None] = lambda: None


def thread_readings() -> Readings:
    """Return the real clocks of the calling thread; call it from the loop's, and `close` it there."""
    queue = _RunQueue()
    return Readings(time.monotonic, time.thread_time, queue.waited, queue.close)


class _RunQueue:
    """Reads how long the thread waited on a run queue: the second field of schedstat (sched-stats.rst of Linux)."""

    def __init__(self) -> None:
        try:
            self._file = os.open("/proc/thread-self/schedstat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._file = -1  # another kernel, or no /proc: nothing is known

    def waited(self) -> float:
        """Return it in seconds, 0 where it is not known."""
        if self._file < 0:
            return 0.0
        try:
            return int(os.pread(self._file, 100, 0).split()[1]) / 1e9
        except (OSError, IndexError, ValueError):
            return 0.0

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


class Detector(trio.abc.Instrument):
    """A trio instrument that notices steps which held the loop for longer than `threshold` seconds.

    `count` and `worst` (seconds) are those of the loop being held; `starved` counts steps that only looked so, because
    the machine gave the thread no processor; both are logged, and kept in `recent`.
    """

    def __init__(self, log: Log, *, threshold: float = THRESHOLD, readings: Readings | None = None) -> None:
        self.threshold = threshold
        self.count = 0
        self.worst = 0.0
        self.starved = 0
        self.recent: deque[Blocked] = deque(maxlen=_KEEP)
        self._log = log
        self._readings = readings
        self._wall = readings.wall if readings else time.monotonic  # at hand: it is read twice a step
        self._quiet: dict[str, float] = {}
        self._begun: float | None = None  # None: it was put in while a step ran
        self._base = (0.0, 0.0, 0.0)

    def before_run(self) -> None:
        """Find the clocks of the thread that the loop runs in."""
        self._rebase()

    def after_run(self) -> None:
        """Give the clocks back."""
        if self._readings is not None:
            self._readings.close()

    def after_io_wait(self, timeout: float) -> None:
        """Read the thread's clocks once a turn: they are system calls, too dear for every step."""
        self._rebase()

    def before_task_step(self, task: trio.lowlevel.Task) -> None:
        """Note when the step begins."""
        self._begun = self._wall()

    def after_task_step(self, task: trio.lowlevel.Task) -> None:
        """Judge the step that ended."""
        now = self._wall()
        begun, self._begun = self._begun, None
        if begun is not None and now - begun > self.threshold:
            self._judge(task, now - begun)
        if now - self._base[0] > _REBASE:
            self._rebase()

    @property
    def _clocks(self) -> Readings:
        if self._readings is None:
            self._readings = thread_readings()
        return self._readings

    def _rebase(self) -> None:
        clocks = self._clocks
        self._base = (clocks.wall(), clocks.cpu(), clocks.starved())

    def _judge(self, task: trio.lowlevel.Task, took: float) -> None:
        cpu = min(took, max(0.0, self._clocks.cpu() - self._base[1]))
        starved = min(took - cpu, max(0.0, self._clocks.starved() - self._base[2]))
        blocked = Blocked(task.name, _place(task), took, cpu, starved)
        self.recent.append(blocked)
        longest = blocked.held > max(self.worst, self.threshold)
        if blocked.held > self.threshold:
            self.count += 1
            self.worst = max(self.worst, blocked.held)
        else:
            self.starved += 1
        self._report(blocked, longest=longest)

    def _report(self, blocked: Blocked, *, longest: bool) -> None:
        """Log it, the same task not more often than every ten seconds; the longest there has been always."""
        now = self._clocks.wall()
        if now < self._quiet.get(blocked.task, 0.0) and not longest:
            return
        if len(self._quiet) >= _NAMES:
            self._quiet.clear()
        self._quiet[blocked.task] = now + _QUIET
        text = "a task blocked the loop" if blocked.held > self.threshold else "the machine kept the loop waiting"
        with contextlib.suppress(OSError):  # an instrument that raises is taken off for good
            self._log.warning(
                text,
                task=blocked.task,
                until=blocked.until,
                took_s=round(blocked.took, 3),
                cpu_s=round(blocked.cpu, 3),
                starved_s=round(blocked.starved, 3),
            )


def _place(task: trio.lowlevel.Task) -> str:
    """Return `file:line` of the innermost frame of the task outside trio, or `its end`."""
    place = "its end"
    for frame, line in task.iter_await_frames():
        name = frame.f_globals.get("__name__", "")
        if not name.startswith("trio."):
            place = f"{name}:{line}"
    return place
