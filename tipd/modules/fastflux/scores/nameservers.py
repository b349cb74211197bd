"""The name servers of a name's zone over time, and their addresses: where these move too, flux is double."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING
from zlib import crc32

from tipd.modules.fastflux.scores.look import numbers
from tipd.modules.fastflux.scores.spread import Spread

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_NAMES = 256  # distinct server names kept, as CRC-32 of their text: enough to count them


class Nameservers:
    """What a zone was delegated to.

    `looks`: how often it was asked; `first`, `last`: when; `changes`: how often names or addresses were other than
    before; `size`, `now`: addresses of all look-ups together, and of the last one.
    """

    __slots__ = ("changes", "first", "last", "looks", "named", "names", "now", "shown", "size", "spread", "start")

    def __init__(self) -> None:
        self.names = array("I")
        self.spread = Spread()
        self.looks = self.changes = self.size = self.start = 0
        self.first = self.last = 0.0
        self.named = 0  # server names in the last look-up
        self.now = 0
        self.shown = 0  # CRC-32 of the last look-up

    def add(self, at: float, names: Sequence[str], addresses: bytes, asns: Sequence[int] = ()) -> bool:
        """Add a look-up: the servers' names and all their addresses (packed, distinct). Say whether it changed."""
        texts = sorted({name.lower() for name in names})
        shown = crc32("\n".join(texts).encode() + b"\0" + addresses)
        changed = bool(self.looks) and shown != self.shown
        if not self.looks:
            self.first = at
        if shown != self.shown or not self.looks:
            for text in texts:
                self._add_name(crc32(text.encode()))
            self.spread.add(numbers(addresses), asns)
            if not self.looks:
                self.start = len(self.spread)
        self.shown, self.last, self.named, self.now = shown, at, len(texts), len(addresses) // 4
        self.looks += 1
        self.size += self.now
        self.changes += changed
        return changed

    def _add_name(self, number: int) -> None:
        at = bisect_left(self.names, number)
        if (at == len(self.names) or self.names[at] != number) and len(self.names) < MOST_NAMES:
            self.names.insert(at, number)

    @property
    def fluxiness(self) -> float:
        """Distinct addresses over all look-ups by those of one, on average; 0 where there are none."""
        return len(self.spread) * self.looks / self.size if self.size else 0.0
