"""The growth curve: how many distinct addresses there were after how many look-ups, in at most 24 points."""

from __future__ import annotations

from array import array
from bisect import bisect_right

MOST_POINTS = 24
MOST_LOOKS = 2**32 - 1  # some 136 years of one a second


class Growth:
    """Points `(look-ups, distinct)` where the number rose, first and last always, the others `stride` look-ups apart.

    There being too many, the stride doubles. Between two points the curve is read as flat: it never lies above the
    truth.
    """

    __slots__ = ("looks", "stride", "totals")

    def __init__(self) -> None:
        self.looks = array("I")
        self.totals = array("H")
        self.stride = 1

    def add(self, looks: int, total: int) -> None:
        """Say that with the look-up of this number (from 1) there were `total` distinct addresses."""
        looks = min(looks, MOST_LOOKS)
        if len(self.looks) > 1 and looks - self.looks[-2] < self.stride:
            self.looks[-1], self.totals[-1] = looks, total
            return
        self.looks.append(looks)
        self.totals.append(total)
        while len(self.looks) > MOST_POINTS:
            self.stride *= 2
            self._thin()

    def _thin(self) -> None:
        kept = [0]
        last = len(self.looks) - 1
        for place in range(1, last):
            if self.looks[place] - self.looks[kept[-1]] >= self.stride:
                kept.append(place)
        kept.append(last)
        self.looks = array("I", [self.looks[place] for place in kept])
        self.totals = array("H", [self.totals[place] for place in kept])

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
