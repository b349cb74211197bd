"""A small sketch of the TTLs a name was given with: least, greatest and about the median, in some dozen bytes."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from math import log2

FULL = 255  # of a count; all are halved then, so that old ones weigh less


class Ttls:
    """TTLs in buckets, four to an octave, each named by the last TTL that fell into it.

    So the median is exact where the zone's own servers give one TTL, and within 19 % where caches count it down.
    """

    __slots__ = ("counts", "greatest", "least", "values")

    def __init__(self) -> None:
        self.values = array("I")  # ascending, a bucket each
        self.counts = bytearray()
        self.least = self.greatest = 0

    def add(self, ttl: int, count: int = 1) -> None:
        """Count a TTL (seconds) `count` times."""
        values = self.values
        if not values:
            self.least = self.greatest = ttl
        elif ttl < self.least:
            self.least = ttl
        elif ttl > self.greatest:
            self.greatest = ttl
        at = bisect_left(values, ttl)
        if at < len(values) and (values[at] == ttl or _bucket(values[at]) == _bucket(ttl)):
            values[at] = ttl
        elif at and _bucket(values[at - 1]) == _bucket(ttl):
            at -= 1
            values[at] = ttl
        else:
            values.insert(at, ttl)
            self.counts.insert(at, 0)
        self._count(at, count)

    def _count(self, at: int, count: int) -> None:
        if self.counts[at] + count > FULL:
            self.counts = bytearray((each + 1) // 2 for each in self.counts)
        self.counts[at] = min(self.counts[at] + count, FULL)

    @property
    def median(self) -> int:
        """The TTL in the middle (the lower of two), 0 where there is none."""
        if self.least == self.greatest:
            return self.least
        half, seen = (sum(self.counts) + 1) // 2, 0
        for value, count in zip(self.values, self.counts, strict=True):
            seen += count
            if seen >= half:
                return value
        return 0


def _bucket(ttl: int) -> int:
    return int(4 * log2(ttl)) if ttl else -1
