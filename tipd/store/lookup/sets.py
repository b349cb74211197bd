"""Sets of voices, each stored once: most indicators are on one list, and few combinations occur.

A voice is a source that names an indicator under a mark of the row's own: `source id * 8 + mark` (tipd/model/tlp.py; 0
where the row has none). So one number of a set says by whom and to whom, and an indicator costs no byte more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes, Keys, Mask, SetIds

type SourceIds = NDArray[np.uint32]
type Voices = NDArray[np.uint32]

MARK_BITS = 3

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


class SourceSets:
    """Numbers for sets of voices; a number is never given to another set. Number 0 is the empty set.

    One thread adds (the follower's); readers only look numbers up that they found in a finished table.
    """

    def __init__(self) -> None:
        self._members: list[tuple[int, ...]] = [()]
        self._ids: dict[tuple[int, ...], int] = {(): 0}

    def __len__(self) -> int:
        return len(self._members)

    def members(self, set_id: int) -> tuple[int, ...]:
        """Return the voices of a set, ascending."""
        return self._members[set_id]

    def intern(self, voices: tuple[int, ...]) -> int:
        """Return the number of a set given as ascending distinct voices."""
        known = self._ids.get(voices)
        if known is None:
            known = len(self._members)
            self._members.append(voices)
            self._ids[voices] = known
        return known

    def group(self, keys: Keys, voices: Voices) -> tuple[Keys, SetIds]:
        """Return sorted distinct keys and the set each has, of rows (key, voice) sorted by key.

        Works on whole arrays: the distinct combinations are told apart by a sum of one mixed 64-bit number a voice,
        and only one example of each becomes a tuple. (Two combinations with one sum: 2**-64 a pair.)
        """
        if not len(keys):
            return keys, np.empty(0, np.uint32)
        first = np.concatenate((np.array([True]), keys[1:] != keys[:-1]))
        starts = np.flatnonzero(first)
        if len(starts) == len(keys):
            return keys, self._each(voices, lambda voice: self.intern((voice,)))
        sums = np.add.reduceat(_mixed(voices), starts)
        _, example, which = np.unique(sums, return_index=True, return_inverse=True)
        ends = np.append(starts[1:], len(keys))
        ids = [self._example(voices, starts[at], ends[at]) for at in example.tolist()]
        return keys[starts], np.array(ids, np.uint32)[which]

    def _example(self, voices: Voices, start: int, end: int) -> int:
        return self.intern(tuple(sorted(set(voices[start:end].tolist()))))

    def step(self, sets: SetIds, voices: Voices, listed: Mask) -> SetIds:
        """Return the sets after each gained one voice (`listed`), or lost whatever its source said."""
        packed = sets.astype(np.uint64) << np.uint64(32) | voices.astype(np.uint64) << np.uint64(1) | listed
        return self._each(packed, self._stepped)

    def _stepped(self, packed: int) -> int:
        voice = packed >> 1 & 0x7FFFFFFF  # a source's id has at most 28 bits
        source = voice >> MARK_BITS
        members = {known for known in self._members[packed >> 32] if known >> MARK_BITS != source}
        if packed & 1:
            members.add(voice)
        return self.intern(tuple(sorted(members)))

    def _each(self, values: NDArray[Any], function: Callable[[int], int]) -> SetIds:
        distinct, which = np.unique(values, return_inverse=True)
        return np.array([function(value) for value in distinct.tolist()], np.uint32)[which]


def _mixed(voices: Voices) -> NDArray[np.uint64]:
    """Return splitmix64 of each voice (Steele, Lea and Flood, 2014)."""
    mixed = (voices.astype(np.uint64) + np.uint64(1)) * _GOLDEN
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def last_of_each(keys: Keys, sources: SourceIds) -> Indexes:
    """Return, sorted by key and source, the index of the last row of each (key, source): later rows win.

    `sources` are ids, not voices: what a source says later of a key takes the place of what it said before.
    """
    order: Indexes = np.lexsort((sources, keys))  # stable: rows of one pair stay in their order
    keys, sources = keys[order], sources[order]
    ends = np.append((keys[1:] != keys[:-1]) | (sources[1:] != sources[:-1]), np.array([True]))
    last: Indexes = order[ends[: len(order)]]
    return last
