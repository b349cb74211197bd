"""Listed networks: which of them hold an address, or a narrower network.

First one search answers "covered at all?" over merged intervals; only for the few that are, each prefix length that
occurs is tried with an exact search. The intervals may cover too much for a while (a network that was delisted is
still in the base's): the exact searches decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tipd.store.lookup.levels import Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes, Keys, Mask, SetIds

KEY4 = "<u8"  # address << 8 | prefix length
KEY6 = "S17"  # the address's 16 bytes and the prefix length
_ALL32 = np.uint64(0xFFFFFFFF)


def keys4(addresses: NDArray[Any], lengths: NDArray[Any] | int) -> NDArray[np.uint64]:
    """Return keys of IPv4 networks with host bits cleared; addresses as numbers."""
    lengths = np.asarray(lengths, np.uint64)
    mask = (_ALL32 << (np.uint64(32) - lengths)) & _ALL32
    keys: NDArray[np.uint64] = (addresses.astype(np.uint64) & mask) << np.uint64(8) | lengths
    return keys


def keys6(addresses: NDArray[np.uint8], lengths: NDArray[Any] | int) -> Keys:
    """Return keys of IPv6 networks with host bits cleared; addresses as rows of 16 bytes."""
    wide = np.broadcast_to(np.asarray(lengths), len(addresses))
    out = np.empty((len(addresses), 17), np.uint8)
    kept = np.clip(wide[:, None] - np.arange(0, 128, 8), 0, 8)  # bits of each byte that belong to the network
    out[:, :16] = addresses & ((0xFF00 >> kept) & 0xFF).astype(np.uint8)
    out[:, 16] = wide
    return out.view(KEY6).ravel()


@dataclass(frozen=True, slots=True)
class Coverage:
    """What one level of networks covers: merged intervals, and the prefix lengths that occur (narrow first).

    Addresses are numbers: 32 bits of IPv4, the upper 64 bits of IPv6.
    """

    starts: NDArray[Any]
    ends: NDArray[Any]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, keys: Keys) -> Coverage:
        """Return the coverage of sorted network keys."""
        starts, ends, lengths = _spans4(keys) if keys.dtype.kind == "u" else _spans6(keys)
        reach = np.maximum.accumulate(ends)
        begins = np.ones(len(starts), np.bool_)
        begins[1:] = starts[1:] > reach[:-1]
        lasts = np.append(np.flatnonzero(begins)[1:] - 1, len(starts) - 1) if len(starts) else np.empty(0, np.intp)
        return cls(starts[begins], reach[lasts], tuple(sorted(set(lengths.tolist()), reverse=True)))

    def holds(self, addresses: NDArray[Any]) -> Mask:
        """Return for each address whether an interval holds it."""
        if not len(self.starts):
            return np.zeros(len(addresses), np.bool_)
        at = np.searchsorted(self.starts, addresses, "right")
        held: Mask = (at > 0) & (addresses <= self.ends[at - 1])
        return held


def _spans4(keys: Keys) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    lengths = (keys & np.uint64(0xFF)).astype(np.uint64)
    starts = keys >> np.uint64(8)
    ends = starts | (_ALL32 >> lengths)
    return starts.astype(np.uint32), ends.astype(np.uint32), lengths.astype(np.uint8)


def _spans6(keys: Keys) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    rows = np.ascontiguousarray(keys).view(np.uint8).reshape(-1, 17)
    lengths = rows[:, 16]
    starts = upper64(rows[:, :16])
    inside = np.minimum(lengths, 63).astype(np.uint64)  # a shift by 64 is not defined; /63 covers a little too much
    return starts, starts | (np.uint64(0xFFFFFFFFFFFFFFFF) >> inside), lengths


def upper64(rows: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the first eight bytes of rows of 16 as numbers."""
    return np.ascontiguousarray(rows[:, :8]).view(">u8").ravel().astype(np.uint64)


@dataclass(frozen=True, slots=True)
class Networks:
    """The listed networks of one address family."""

    table: Table
    base: Coverage
    recent: Coverage

    @classmethod
    def of(cls, table: Table, before: Networks | None = None) -> Networks:
        """Return networks over a table; what has not changed since `before` is not counted again."""
        same = before is not None and before.table.base is table.base
        base = before.base if same and before is not None else Coverage.of(table.base.keys)
        return cls(table, base, Coverage.of(table.recent.keys))

    @classmethod
    def empty(cls, dtype: str) -> Networks:
        """Return no networks."""
        return cls.of(Table.empty(dtype))

    def around(
        self, addresses: NDArray[Any], narrower_than: NDArray[Any] | None = None
    ) -> Iterator[tuple[Indexes, int, SetIds]]:
        """Yield (which addresses, prefix length, their sets) for listed networks that hold them, narrow ones first.

        `addresses` are uint32 numbers or rows of 16 bytes; `narrower_than` limits each to networks wider than that.
        """
        wide = addresses.ndim == 2
        numbers = upper64(addresses) if wide else addresses
        asked: Indexes = np.flatnonzero(self.base.holds(numbers) | self.recent.holds(numbers))
        if not len(asked):
            return
        for length in sorted({*self.base.lengths, *self.recent.lengths}, reverse=True):
            some = asked if narrower_than is None else asked[narrower_than[asked] > length]
            sets = self.table.find((keys6 if wide else keys4)(addresses[some], length))
            hits = np.flatnonzero(sets)
            if len(hits):
                yield some[hits], length, sets[hits]

    @property
    def bytes(self) -> int:
        """Return what the arrays hold, in bytes."""
        covers = (self.base, self.recent)
        return self.table.bytes + sum(int(cover.starts.nbytes + cover.ends.nbytes) for cover in covers)
