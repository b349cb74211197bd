"""Distinct addresses and how widely they lie, counted as they come: bounded, sorted, four bytes each."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from math import log2
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST = 4096  # distinct addresses kept of one name; what comes beyond that is counted in `cut`


class Spread:
    """The distinct addresses of one name.

    `numbers`: the addresses, ascending. `wide` and `narrow`: distinct prefixes of both lengths (/16 and /24 of IPv4).
    `asns` and `counts`: each AS, ascending, and how many addresses it has; `placed`: how many have one. `cut`:
    addresses that found no room; one may be counted more than once. Cost of a known address: a bisection; of a new one:
    a few bytes moved.
    """

    __slots__ = (
        "_narrow_shift",
        "_wide_shift",
        "asns",
        "counts",
        "cut",
        "narrow",
        "numbers",
        "placed",
        "weighed",
        "wide",
    )

    def __init__(self, code: str = "I", wide_shift: int = 16, narrow_shift: int = 8) -> None:
        self.numbers = array(code)
        self.asns = array("I")
        self.counts = array("H")
        self.wide = self.narrow = self.cut = self.placed = 0
        self.weighed = 0.0  # the sum of c * log2(c) over `counts`, from which entropy follows
        self._wide_shift, self._narrow_shift = wide_shift, narrow_shift

    def __len__(self) -> int:
        """Return how many distinct addresses are kept."""
        return len(self.numbers)

    def add(self, found: Sequence[int], asns: Sequence[int] = ()) -> int:
        """Add addresses; return how many of them are new. `asns` stand in the same order, or are not known at all."""
        kept, new = self.numbers, 0
        size = len(kept)
        for place, number in enumerate(found):
            at = bisect_left(kept, number)
            if at < size and kept[at] == number:
                continue
            if size >= MOST:
                self.cut += 1
                continue
            self._count_prefixes(at, number)
            kept.insert(at, number)
            size += 1
            new += 1
            if asns and asns[place]:
                self.count_asn(asns[place])
        return new

    def _count_prefixes(self, at: int, number: int) -> None:
        """Count the prefixes of a number that is about to stand at `at`: new where no neighbour shares them."""
        kept = self.numbers
        shared = kept[at - 1] ^ number if at else -1
        if at < len(kept):
            after = kept[at] ^ number
            if shared < 0 or after < shared:
                shared = after
        if shared < 0 or shared >> self._wide_shift:
            self.wide += 1
        if shared < 0 or shared >> self._narrow_shift:
            self.narrow += 1

    def count_asn(self, asn: int, count: int = 1) -> None:
        """Count `count` more addresses in an AS."""
        self.placed += count
        at = bisect_left(self.asns, asn)
        if at < len(self.asns) and self.asns[at] == asn:
            before = self.counts[at]
            self.counts[at] = before + count
            self.weighed += _weight(before + count) - _weight(before)
        else:
            self.asns.insert(at, asn)
            self.counts.insert(at, count)
            self.weighed += _weight(count)

    def place(self, asns: Sequence[int]) -> None:
        """Count anew which AS each of `numbers` is in, in their order: a table has come, or another one."""
        del self.asns[:], self.counts[:]
        self.weighed, self.placed = 0.0, 0
        for asn in asns:
            if asn:
                self.count_asn(asn)

    def weigh(self) -> None:
        """Take `weighed` and `placed` anew out of `counts`. Raises ValueError where one of them cannot be."""
        if 0 in self.counts:
            raise ValueError("an AS without an address")
        self.weighed, self.placed = sum(map(_weight, self.counts)), sum(self.counts)

    @property
    def entropy(self) -> float:
        """Shannon's entropy of the known ASNs over the addresses, in bits; 0 where there is at most one.

        Rounded to where the order in which they came makes no difference.
        """
        placed = self.placed
        return max(0.0, round(log2(placed) - self.weighed / placed, 9)) if placed else 0.0


def _weight(count: int) -> float:
    return count * log2(count)
