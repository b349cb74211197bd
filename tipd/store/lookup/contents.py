"""What the index knows at one position of the findings log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from tipd.store.lookup.levels import Indexes, Keys, Mask, Table
from tipd.store.lookup.networks import KEY4, KEY6, Networks, keys4, keys6
from tipd.store.lookup.sets import MARK_BITS, SourceSets, last_of_each

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tipd.store.lookup.sets import Voices

COMPACT_SETS = 100_000  # numbers of sets given before those no longer used are dropped


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one structure, in the order of the log: `listed` is true for a sighting that opened."""

    keys: Keys
    voices: Voices
    listed: Mask

    @classmethod
    def of(cls, keys: Keys, voices: Voices, listed: Mask | None = None) -> Rows:
        """Return rows; without `listed` all opened."""
        return cls(keys, voices, np.ones(len(keys), np.bool_) if listed is None else listed)

    def where(self, mask: Mask | Indexes) -> Rows:
        """Return some of the rows."""
        return Rows(self.keys[mask], self.voices[mask], self.listed[mask])


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows for each structure: IPv4 addresses (uint32), networks (keys of `networks.py`), all else by 64-bit key."""

    addresses4: Rows
    networks4: Rows
    networks6: Rows
    hashed: Rows

    @classmethod
    def of(
        cls, inet4: Rows, lengths4: NDArray[np.uint8], inet6: Rows, lengths6: NDArray[np.uint8], hashed: Rows
    ) -> Batch:
        """Sort rows as they were read: `inet4.keys` are uint32 numbers, `inet6.keys` rows of 16 bytes."""
        single = lengths4 == 32
        wide = inet4.where(~single)
        return cls(
            inet4.where(single),
            replace(wide, keys=keys4(wide.keys, lengths4[~single])),
            replace(inet6, keys=keys6(inet6.keys, lengths6)),
            hashed,
        )

    @property
    def parts(self) -> Mapping[str, Rows]:
        """Return the rows by structure."""
        return {name: getattr(self, name) for name in ("addresses4", "networks4", "networks6", "hashed")}


@dataclass(frozen=True, slots=True)
class Contents:
    """All open sightings after finding `seq`: immutable, replaced whole by `changed`."""

    addresses4: Table
    networks4: Networks
    networks6: Networks
    hashed: Table
    sets: SourceSets
    seq: int

    @classmethod
    def empty(cls) -> Contents:
        """Return what an index knows before it is loaded."""
        return cls(Table.empty("<u4"), Networks.empty(KEY4), Networks.empty(KEY6), Table.empty("<u8"), SourceSets(), 0)

    @classmethod
    def load(cls, batch: Batch, seq: int) -> Contents:
        """Build everything anew; CPU-bound, but numpy releases the interpreter's lock: call it in a thread."""
        sets = SourceSets()
        tables = {name: _table(rows, sets) for name, rows in batch.parts.items()}
        return cls(
            tables["addresses4"],
            Networks.of(tables["networks4"]),
            Networks.of(tables["networks6"]),
            tables["hashed"],
            sets,
            seq,
        )

    def changed(self, batch: Batch, seq: int) -> Contents:
        """Return the contents after these rows; call it in a thread. One caller at a time."""
        sets = self.sets
        networks4 = _changed(self.networks4.table, batch.networks4, sets)
        networks6 = _changed(self.networks6.table, batch.networks6, sets)
        after = Contents(
            _changed(self.addresses4, batch.addresses4, sets),
            Networks.of(networks4, self.networks4) if networks4 is not self.networks4.table else self.networks4,
            Networks.of(networks6, self.networks6) if networks6 is not self.networks6.table else self.networks6,
            _changed(self.hashed, batch.hashed, sets),
            sets,
            seq,
        )
        return after.compacted() if len(sets) > COMPACT_SETS else after

    def compacted(self) -> Contents:
        """Return the same contents with numbers only for the sets that occur."""
        used = np.unique(np.concatenate([level.sets for table in self.tables for level in (table.base, table.recent)]))
        fresh = SourceSets()
        numbers = np.zeros(len(self.sets), np.uint32)
        for set_id in used.tolist():
            numbers[set_id] = fresh.intern(self.sets.members(set_id))
        tables = [table.renumbered(numbers) for table in self.tables]
        return Contents(tables[0], Networks.of(tables[1]), Networks.of(tables[2]), tables[3], fresh, self.seq)

    @property
    def tables(self) -> tuple[Table, Table, Table, Table]:
        """Return every table."""
        return self.addresses4, self.networks4.table, self.networks6.table, self.hashed

    @property
    def entries(self) -> int:
        """Return how many indicators are listed."""
        return sum(table.entries for table in self.tables)

    @property
    def bytes(self) -> int:
        """Return what the arrays hold, in bytes."""
        return self.addresses4.bytes + self.networks4.bytes + self.networks6.bytes + self.hashed.bytes


def _table(rows: Rows, sets: SourceSets) -> Table:
    order = np.argsort(rows.keys)
    keys, voices = rows.keys[order], rows.voices[order]
    del order
    return Table.of(*sets.group(keys, voices))


def _changed(table: Table, rows: Rows, sets: SourceSets) -> Table:
    """Apply rows to a table: the last row of each (key, source) decides."""
    if not len(rows.keys):
        return table
    last = last_of_each(rows.keys, rows.voices >> np.uint32(MARK_BITS))
    rows = rows.where(last)
    keys, group = np.unique(rows.keys, return_inverse=True)
    starts = np.searchsorted(group, np.arange(len(keys)))
    rank = np.arange(len(group)) - starts[group]  # the first source of each key, the second …
    state = table.find(keys)
    for turn in range(int(rank.max()) + 1):
        now = rank == turn
        state[group[now]] = sets.step(state[group[now]], rows.voices[now], rows.listed[now])
    return table.changed(keys, state)
