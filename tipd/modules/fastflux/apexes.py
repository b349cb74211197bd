"""How many names of each registrable domain are watched, in some twenty bytes a domain.

An apex is known by a keyed 64-bit hash of its text (the interpreter's, with a secret of the process): of a million two
share one once in 30 million runs, and nobody outside can make them. Open addressing with linear probing; what leaves
is closed up behind (D. Knuth: The Art of Computer Programming, volume 3, 6.4, algorithm R), so the table never needs
to be built again, which would hold the loop.
"""

from __future__ import annotations

from array import array

_MASK = 2**64 - 1


class Apexes:
    """Registrable domains by number, from 0; a number is used again once the last name of its domain is gone."""

    def __init__(self, most: int) -> None:
        """`most`: how many domains there are at most; whoever adds names sees to it."""
        self.counts = array("I")  # names, by number
        self._hashes = array("Q")
        self._free = array("I")
        self._table = array("I", (0,)) * (1 << (2 * max(most, 1)).bit_length())  # number + 1; 0: empty
        self._mask = len(self._table) - 1

    def __len__(self) -> int:
        """Return how many domains there are."""
        return len(self._hashes) - len(self._free)

    def add(self, apex: str) -> int:
        """Count one more name of a domain; return the domain's number."""
        hashed = hash(apex) & _MASK
        place = self._find(hashed)
        number = self._table[place] - 1
        if number < 0:
            number = self._new(hashed)
            self._table[place] = number + 1
        self.counts[number] += 1
        return number

    def leave(self, number: int) -> None:
        """Count one name less of a domain."""
        self.counts[number] -= 1
        if not self.counts[number]:
            self._close(self._find(self._hashes[number]))
            self._free.append(number)

    def count(self, apex: str) -> int:
        """Return how many names of a domain are watched."""
        number = self._table[self._find(hash(apex) & _MASK)] - 1
        return self.counts[number] if number >= 0 else 0

    def _new(self, hashed: int) -> int:
        if self._free:
            number = self._free.pop()
            self._hashes[number] = hashed
            return number
        self._hashes.append(hashed)
        self.counts.append(0)
        return len(self._hashes) - 1

    def _find(self, hashed: int) -> int:
        """Return the place of a hash, or the empty one where it would stand."""
        table, hashes, mask = self._table, self._hashes, self._mask
        place = hashed & mask
        while (entry := table[place]) and hashes[entry - 1] != hashed:
            place = (place + 1) & mask
        return place

    def _close(self, gap: int) -> None:
        """Empty a place, and move up what was only behind it because it was full."""
        table, mask = self._table, self._mask
        place = gap
        while entry := table[place := (place + 1) & mask]:
            home = self._hashes[entry - 1] & mask
            if (place - home) & mask >= (place - gap) & mask:  # its home is not between the gap and where it stands
                table[gap] = entry
                gap = place
        table[gap] = 0
