"""A bell for one listener: rung any number of times, heard once; a ring while nobody waits is not lost."""

from __future__ import annotations

import trio


class Bell:
    """Wakes one waiting task, or lets its next wait return at once."""

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        """Wake the listener; from trio's own thread only."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Wait for a ring, for `seconds` at most (`inf` for ever), and tell whether it rang."""
        with trio.move_on_after(max(0.0, seconds)):
            await self._event.wait()
        rung = self._event.is_set()
        if rung:
            self._event = trio.Event()
        return rung
