"""When tries are lost: one queue for each length of waiting, so that no heap has to be kept in order.

All in a queue wait equally long, so the first is always the next. What was answered meanwhile is not searched for: it
is passed over when its turn comes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.net.resolver.pending import Pending

# Seconds, each a fifth longer than the one before, from 10 ms to 20 s: a try's length is one of these or its neighbour.
LENGTHS = tuple(round(0.01 * 1.2**step, 4) for step in range(43))

PARKED = 10  # the place of 62 ms: when a question that found no room is looked at again


def nearest(seconds: float) -> int:
    """Return the place of the shortest length that is not below `seconds` (or the longest there is)."""
    return min(bisect_left(LENGTHS, seconds), len(LENGTHS) - 1)


def within(seconds: float) -> int:
    """Return the place of the longest length that is not above `seconds` (or the shortest there is)."""
    return max(bisect_right(LENGTHS, seconds) - 1, 0)


class Timers:
    """Questions by when they are due."""

    def __init__(self) -> None:
        self.queues: tuple[deque[tuple[float, Pending]], ...] = tuple(deque() for _ in LENGTHS)

    def __bool__(self) -> bool:
        return any(self.queues)

    def set(self, pending: Pending, place: int, now: float) -> None:
        """Let the question be due after the length at `place`; what was set before is void."""
        pending.due = due = now + LENGTHS[place]
        self.queues[place].append((due, pending))

    def park(self, pending: Pending, now: float) -> None:
        """Let the question wait for room, or for a way to send it."""
        self.set(pending, min(PARKED, within(pending.deadline - now)), now)

    @property
    def parked(self) -> int:
        """Return about how many wait for room."""
        return sum(map(len, self.queues[: PARKED + 1]))

    def due(self, now: float) -> Iterator[Pending]:
        """Take out and yield what is due."""
        for queue in self.queues:
            while queue and queue[0][0] <= now:
                due, pending = queue.popleft()
                if pending.due == due:
                    yield pending

    def clear(self) -> list[Pending]:
        """Take out and return all that wait, each once."""
        found = {id(pending): pending for queue in self.queues for due, pending in queue if pending.due == due}
        for queue in self.queues:
            queue.clear()
        return list(found.values())
