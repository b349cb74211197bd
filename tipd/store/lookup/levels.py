"""Sorted arrays that map a key to a set of sources: a large base and a small level of recent changes over it.

Everything here is immutable: a change gives a new `Table` that shares what did not change, so that a reader on the
loop never sees half a change made in a thread. numpy releases the interpreter's lock while it sorts and searches.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

type Keys = NDArray[Any]  # uint32, uint64 or fixed-width bytes, by table
type SetIds = NDArray[np.uint32]
type Indexes = NDArray[np.intp]
type Mask = NDArray[np.bool_]

NO_SOURCES = 0  # the id of the empty set: not listed
FOLD_AT_LEAST = 65_536  # changes that gather before the base is written anew …
FOLD_PART = 16  # … or this part of the base, whichever is more


@dataclass(frozen=True, slots=True)
class Level:
    """Sorted distinct keys, and beside each the id of its set of sources."""

    keys: Keys
    sets: SetIds

    @classmethod
    def empty(cls, dtype: str) -> Level:
        """Return a level without keys."""
        return cls(np.empty(0, dtype), np.empty(0, np.uint32))

    def places(self, needles: Keys) -> tuple[Indexes, Mask]:
        """Return where each needle stands, and whether it does."""
        at = np.searchsorted(self.keys, needles)
        np.minimum(at, len(self.keys) - 1, out=at)
        return at, self.keys[at] == needles

    @property
    def bytes(self) -> int:
        """Return what the arrays hold, in bytes."""
        return int(self.keys.nbytes + self.sets.nbytes)


@dataclass(frozen=True, slots=True)
class Table:
    """A base, and changes that hide it: a changed key with the empty set is gone."""

    base: Level
    recent: Level
    entries: int

    @classmethod
    def empty(cls, dtype: str) -> Table:
        """Return a table without keys; `dtype` as numpy writes it."""
        return cls(Level.empty(dtype), Level.empty(dtype), 0)

    @classmethod
    def of(cls, keys: Keys, sets: SetIds) -> Table:
        """Return a table over sorted distinct keys, none with the empty set."""
        return cls(Level(keys, sets), Level.empty(keys.dtype.str), len(keys))

    def find(self, needles: Keys) -> SetIds:
        """Return the set of each needle, `NO_SOURCES` where it is not listed."""
        found = np.zeros(len(needles), np.uint32)
        for level in (self.base, self.recent):
            if len(level.keys) and len(needles):
                at, there = level.places(needles)
                np.copyto(found, level.sets[at], where=there)
        return found

    def changed(self, keys: Keys, sets: SetIds) -> Table:
        """Return the table with these sorted distinct keys set; the base is written anew once many have gathered."""
        was, now = self.find(keys), sets
        entries = self.entries + int(np.count_nonzero(now)) - int(np.count_nonzero(was))
        recent = merged(self.recent, Level(keys, sets))
        if len(recent.keys) <= max(FOLD_AT_LEAST, len(self.base.keys) // FOLD_PART):
            return Table(self.base, recent, entries)
        return Table(without_empty(merged(self.base, recent)), Level.empty(keys.dtype.str), entries)

    def count(self, shown: Mask) -> int:
        """Return how many keys have a set that is `shown`."""
        number = int(np.count_nonzero(shown[self.base.sets])) + int(np.count_nonzero(shown[self.recent.sets]))
        if not len(self.base.keys):
            return number
        at, there = self.base.places(self.recent.keys)  # those of the base that a change hides
        return number - int(np.count_nonzero(shown[self.base.sets[at[there]]]))

    def renumbered(self, numbers: SetIds) -> Table:
        """Return the table with set `i` called `numbers[i]`."""
        base, recent = (Level(level.keys, numbers[level.sets]) for level in (self.base, self.recent))
        return Table(base, recent, self.entries)

    @property
    def bytes(self) -> int:
        """Return what the arrays hold, in bytes."""
        return self.base.bytes + self.recent.bytes


def merged(under: Level, over: Level) -> Level:
    """Return both levels as one; `over` wins.

    Beside its result it holds no more than a copy of `under` and a byte a key: nothing is sorted again.
    """
    if not len(under.keys):
        return over
    at, there = under.places(over.keys)
    sets = under.sets.copy()
    sets[at[there]] = over.sets[there]
    fresh = ~there
    keys = over.keys[fresh]
    if not len(keys):
        return Level(under.keys, sets)
    places = np.searchsorted(under.keys, keys) + np.arange(len(keys))
    old = np.ones(len(under.keys) + len(keys), np.bool_)
    old[places] = False
    return Level(_woven(old, under.keys, places, keys), _woven(old, sets, places, over.sets[fresh]))


def _woven(old: Mask, under: NDArray[Any], places: Indexes, over: NDArray[Any]) -> NDArray[Any]:
    out = np.empty(len(old), under.dtype)
    out[old] = under
    out[places] = over
    return out


def without_empty(level: Level) -> Level:
    """Return the level without the keys whose set is empty."""
    kept = level.sets != NO_SOURCES
    return level if kept.all() else Level(level.keys[kept], level.sets[kept])
