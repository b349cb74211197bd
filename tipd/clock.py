"""The one place that reads the wall clock, so that tests can move it.

`trio.testing.MockClock` moves trio's time but not the wall clock; `MovedClock` ties the second to the first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

import trio


class Clock(Protocol):
    """Wall-clock time; what waits uses `trio.sleep` and trio's own clock."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the present, aware, in UTC."""
        return datetime.now(UTC)


class MovedClock:
    """A wall clock that starts at `start` and moves with trio's clock (for `MockClock` tests)."""

    def __init__(self, start: datetime) -> None:
        """Start at `start` (aware); trio must be running at the first `now()`."""
        self.start = start
        self._zero: float | None = None

    def now(self) -> datetime:
        """Return `start` plus what trio's clock has moved since the first call."""
        current = trio.current_time()
        if self._zero is None:
            self._zero = current
        return self.start + timedelta(seconds=current - self._zero)
