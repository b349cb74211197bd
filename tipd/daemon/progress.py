"""Whether the writer moves: a liveness check for the watchdog."""

from __future__ import annotations

from typing import Protocol

import trio


class Moves(Protocol):
    """What is watched of the writer."""

    batches: int

    @property
    def waiting(self) -> int:
        """Return how many writes wait."""
        ...


class Progress:
    """Alive while nothing waits, the database is away (a state, no fault of ours), or batches go on.

    `within` is in seconds of trio's time: how long writes may wait without a batch being begun.
    """

    def __init__(self, writer: Moves, within: float) -> None:
        """Watch from the first call of `alive` on."""
        self._writer = writer
        self._within = within
        self._seen = -1
        self._since = 0.0

    def alive(self, *, available: bool) -> bool:
        """Tell whether it moved lately, or had no reason to."""
        now = trio.current_time()
        if not available or not self._writer.waiting or self._writer.batches != self._seen:
            self._seen = self._writer.batches
            self._since = now
        return now - self._since <= self._within
