"""What other modules did that a module has not followed yet: findings (`On`) and rounds (`After`).

Both are derived from the store whenever they are asked for, never from what a process remembers. So nothing is lost by
a restart, and it does not matter which of several processes on one database did the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.nursery.contract import reader_of, unit_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.log import Log
    from tipd.nursery.contract import FindingLog, ScheduleStore

_STRIDE = 10_000  # a cursor that has nothing to read is moved this seldom: a write, so that retention does not pass it


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the findings log to read: `(since, until]`; `kind` is that of its first finding of ours."""

    since: int
    until: int
    kind: str


class FindingFollower:
    """Tells which findings of some kinds a module has not read, by its stored cursor."""

    def __init__(self, module: str, kinds: Sequence[str], findings: FindingLog, log: Log) -> None:
        """Follow `kinds` for `module`; its cursor is stored under `reader_of(module)`."""
        self._reader = reader_of(module)
        self._kinds = tuple(kinds)
        self._findings = findings
        self._log = log
        self._clear = 0  # no finding of ours up to here but what the cursor has passed

    async def pending(self) -> Stretch | None:
        """Return what is to be read, or None. Raises what the store raises."""
        last = await self._findings.last_seq()
        if last == self._clear:
            return None
        cursor = await self._cursor()
        begin = max(cursor, self._clear) if self._clear <= last else cursor
        found = await self._findings.read(begin, limit=1, kinds=self._kinds)
        if found:
            return Stretch(cursor, max(last, found[0].seq), found[0].kind)
        self._clear = last
        if last - cursor >= _STRIDE:
            await self._findings.move_cursor(self._reader, last)
        return None

    async def done(self, stretch: Stretch) -> None:
        """Move the cursor past what was read, unless somebody (the module, another process) moved it meanwhile."""
        if await self._findings.cursor(self._reader) == stretch.since:
            await self._findings.move_cursor(self._reader, stretch.until)

    async def _cursor(self) -> int:
        """Return the stored cursor, moved to where the log begins where it points outside of it."""
        cursor = await self._findings.cursor(self._reader)
        first, last = await self._findings.bounds()
        begin = max(0, first - 1)
        if begin <= cursor <= last or (cursor == begin == 0):
            return cursor
        if cursor > last:
            self._log.warning("the findings log began anew, reading it from its begin", reader=self._reader)
        elif cursor > 0:
            self._log.warning("retention removed unread findings", reader=self._reader, since=cursor, first=first)
        await self._findings.move_cursor(self._reader, begin)
        return begin


@dataclass(frozen=True, slots=True)
class Round:
    """A completed round of another module, and when it ended."""

    module: str
    ended: datetime


class RoundFollower:
    """Tells which round of other modules a module has not followed, by the stored schedule."""

    def __init__(self, module: str, others: Sequence[str], schedule: ScheduleStore) -> None:
        """Follow the rounds of `others` for `module`."""
        self._module = module
        self._others = tuple(others)
        self._schedule = schedule

    async def pending(self) -> Round | None:
        """Return the oldest round to be followed, or None. Raises what the store raises."""
        rounds = [found for other in self._others if (found := await self._unfollowed(other)) is not None]
        return min(rounds, key=lambda found: found.ended, default=None)

    async def done(self, followed: Round) -> None:
        """Store that this round was followed."""
        await self._schedule.save(self._mark(followed.module), due=None, last_run=followed.ended, failures=0)

    async def _unfollowed(self, other: str) -> Round | None:
        theirs = await self._schedule.load(unit_of(other))
        if theirs is None or theirs.last_run is None:
            return None
        ours = await self._schedule.load(self._mark(other))
        # Unequal, not greater: a wall clock that was set back must not hide a round.
        if ours is not None and ours.last_run == theirs.last_run:
            return None
        return Round(other, theirs.last_run)

    def _mark(self, other: str) -> str:
        return f"after:{self._module}:{other}"
