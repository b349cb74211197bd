"""The growth curve: how many distinct addresses there were after how many look-ups, in at most 24 points."""

from __future__ import annotations

from array import array
from bisect import bisect_right

MOST_POINTS = 24


class Growth:
    """Points `(look-ups, distinct)` where the number rose; the first and the last are kept, of the others every second
    goes when there are too many. Between two points the curve is read as flat, so it never lies above the truth.
    """

    __slots__ = ("looks", "totals")

    def __init__(self) -> None:
        self.looks = array("I")
        self.totals = array("H")

    def add(self, looks: int, total: int) -> None:
        """Say that with the look-up of this number (from 1) there were `total` distinct addresses."""
        if len(self.looks) >= MOST_POINTS:
            self.looks = self.looks[0:1] + self.looks[1:-1:2] + self.looks[-1:]
            self.totals = self.totals[0:1] + self.totals[1:-1:2] + self.totals[-1:]
        self.looks.append(looks)
        self.totals.append(total)

    def at(self, looks: int) -> int:
        """Return how many distinct addresses there were after so many look-ups."""
        place = bisect_right(self.looks, looks)
        return self.totals[place - 1] if place else 0

    def late(self, looks: int) -> float:
        """Return the share of the addresses that the second half of so many look-ups brought, 0 to 1."""
        if not self.totals:
            return 0.0
        return 1 - self.at(max(1, looks // 2)) / self.totals[-1]

    def points(self) -> list[tuple[int, int]]:
        """Return the points, oldest first."""
        return list(zip(self.looks, self.totals, strict=True))
