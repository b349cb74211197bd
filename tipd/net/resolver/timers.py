"""When tries are lost: every question in flight is looked at some forty times a second.

A queue or wheel of timers would have to keep each question until its time is over, though nearly all are answered long
before: at 60,000 a second that is memory that no cache holds. What is in flight is a thousand at most times, and to
look at one costs 40 ns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.net.resolver.pending import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.net.resolver.pending import Pending
    from tipd.net.resolver.sockets import Socket

PARKED = 0.05  # seconds until a question that found no room, or no way to be sent, is tried again


class Timers:
    """Finds what is due: among what is in flight, and what is parked because it is not (or may not be)."""

    def __init__(self) -> None:
        self.parked: list[Pending] = []

    def park(self, pending: Pending, now: float, seconds: float = PARKED) -> None:
        """Let the question be due in so many seconds, at its deadline at the latest, though nothing is in flight."""
        pending.due = min(now + seconds, pending.deadline)
        self.parked.append(pending)

    def due(self, sockets: Iterable[Socket], now: float) -> list[Pending]:
        """Return what is due; one that is in flight several times may stand there as often."""
        found = [pending for socket in sockets for pending in socket.flight.values() if pending.due <= now]
        if self.parked:
            found += [pending for pending in self.parked if pending.due <= now]
            self.parked = [pending for pending in self.parked if now < pending.due < NEVER]
        return found

    def clear(self, sockets: Iterable[Socket]) -> list[Pending]:
        """Take out the parked ones; return all that has not ended, each once."""
        found = {id(pending): pending for socket in sockets for pending in socket.flight.values()}
        found |= {id(pending): pending for pending in self.parked}
        self.parked = []
        return [pending for pending in found.values() if pending.due != NEVER]
