"""Sets of sources, each stored once: most indicators are on one list, and few combinations occur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes, Keys, Mask, SetIds

type SourceIds = NDArray[np.uint32]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class SourceSets:
    """Numbers for sets of source ids; a number is never given to another set. Number 0 is the empty set.

    One thread adds (the follower's); readers only look numbers up that they found in a finished table.
    """

    def __init__(self) -> None:
        self._members: list[tuple[int, ...]] = [()]
        self._ids: dict[tuple[int, ...], int] = {(): 0}

    def __len__(self) -> int:
        return len(self._members)

    def members(self, set_id: int) -> tuple[int, ...]:
        """Return the source ids of a set, ascending."""
        return self._members[set_id]

    def intern(self, sources: tuple[int, ...]) -> int:
        """Return the number of a set given as ascending distinct ids."""
        known = self._ids.get(sources)
        if known is None:
            known = len(self._members)
            self._members.append(sources)
            self._ids[sources] = known
        return known

    def group(self, keys: Keys, sources: SourceIds) -> tuple[Keys, SetIds]:
        """Return sorted distinct keys and the set each has, of rows (key, source) sorted by key.

        Works on whole arrays: the distinct combinations are told apart by a sum of one mixed 64-bit number a source,
        and only one example of each becomes a tuple. (Two combinations with one sum: 2**-64 a pair.)
        """
        if not len(keys):
            return keys, np.empty(0, np.uint32)
        first = np.concatenate((np.array([True]), keys[1:] != keys[:-1]))
        starts = np.flatnonzero(first)
        if len(starts) == len(keys):
            return keys, self._each(sources, lambda source: self.intern((source,)))
        sums = np.add.reduceat(_mixed(sources), starts)
        _, example, which = np.unique(sums, return_index=True, return_inverse=True)
        ends = np.append(starts[1:], len(keys))
        ids = [self._example(sources, starts[at], ends[at]) for at in example.tolist()]
        return keys[starts], np.array(ids, np.uint32)[which]

    def _example(self, sources: SourceIds, start: int, end: int) -> int:
        return self.intern(tuple(sorted(set(sources[start:end].tolist()))))

    def step(self, sets: SetIds, sources: SourceIds, listed: Mask) -> SetIds:
        """Return the sets after each gained (`listed`) or lost one source."""
        packed = sets.astype(np.uint64) << np.uint64(32) | sources.astype(np.uint64) << np.uint64(1) | listed
        return self._each(packed, self._stepped)

    def _stepped(self, packed: int) -> int:
        members = set(self._members[packed >> 32])
        source = packed >> 1 & 0x7FFFFFFF  # a source's id is a positive int4
        if packed & 1:
            members.add(source)
        else:
            members.discard(source)
        return self.intern(tuple(sorted(members)))

    def _each(self, values: NDArray[Any], function: Callable[[int], int]) -> SetIds:
        distinct, which = np.unique(values, return_inverse=True)
        return np.array([function(value) for value in distinct.tolist()], np.uint32)[which]


def _mixed(sources: SourceIds) -> NDArray[np.uint64]:
    """Return splitmix64 of each source id (Steele, Lea and Flood, 2014)."""
    mixed = (sources.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def last_of_each(keys: Keys, sources: SourceIds) -> Indexes:
    """Return, sorted by key and source, the index of the last row of each (key, source): later rows win."""
    order: Indexes = np.lexsort((sources, keys))  # stable: rows of one pair stay in their order
    keys, sources = keys[order], sources[order]
    ends = np.append((keys[1:] != keys[:-1]) | (sources[1:] != sources[:-1]), np.array([True]))
    last: Indexes = order[ends[: len(order)]]
    return last
