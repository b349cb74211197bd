"""The allowlist beside the look-up index: its entries stand in tables like those of what is listed.

Of ten thousand values few are allowed; the same probes that found them listed find out which may be, at once, and
`tipd.model.allow` has the last word on each of those.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from tipd.model.allow import AllowList
from tipd.model.key import unsigned_key_of
from tipd.model.kind import KIND_OF, Kind
from tipd.store.lookup.contents import Batch, Contents, Rows
from tipd.store.lookup.search import search

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.model.allow import Allowance
    from tipd.store.lookup.questions import Questions
    from tipd.store.lookup.search import Hits

_ANYBODY = 1 << 3  # the one voice of every entry


class _Inet(NamedTuple):
    packed: list[bytes]
    lengths: list[int]


@dataclass(frozen=True, slots=True)
class Veto:
    """An allowlist, ready to be asked in bulk by an index with this seed."""

    allow: AllowList
    seed: int
    contents: Contents

    @classmethod
    def of(cls, allow: AllowList, seed: int) -> Veto:
        """Build the tables; a thousand entries take about 5 ms."""
        return cls(allow, seed, Contents.load(_batch(allow.entries, seed), 0))

    def entries(self, questions: Questions, hits: Hits) -> dict[int, Allowance]:
        """Return the entry that covers each value which has hits and is allowed, by the number of the value."""
        if not self.allow or not hits.matches:
            return {}
        found: dict[int, Allowance] = {}
        for at in search(questions, self.contents).matches.keys() & hits.matches.keys():
            value = questions.canonical.get(at, questions.values[at])
            entry = self.allow.covering(KIND_OF[int(questions.kinds[at])], value)
            if entry is not None:
                found[at] = entry
        return found


def unnamed(entry: Allowance, value: str) -> Allowance:
    """Return what is said of an entry to who may not be told of it: that the value asked for is allowed."""
    return msgspec.structs.replace(entry, value=value, reason="")


def _batch(entries: Iterable[Allowance], seed: int) -> Batch:
    inet = {4: _Inet([], []), 16: _Inet([], [])}
    hashed: list[int] = []
    for entry in entries:
        address, slash, length = entry.value.partition("/")
        if entry.kind is Kind.IPV4 or entry.kind is Kind.NETWORK:
            packed = socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
            inet[len(packed)].packed.append(packed)
            inet[len(packed)].lengths.append(int(length) if slash else 32)
        else:
            hashed.append(unsigned_key_of(seed, entry.kind, entry.value))
    four = np.frombuffer(b"".join(inet[4].packed), ">u4").astype("<u4")
    six = np.frombuffer(b"".join(inet[16].packed), np.uint8).reshape(-1, 16)
    return Batch.of(
        _rows(four),
        np.array(inet[4].lengths, np.uint8),
        _rows(six),
        np.array(inet[16].lengths, np.uint8),
        _rows(np.array(hashed, "<u8")),
    )


def _rows(keys: np.ndarray) -> Rows:
    return Rows.of(keys, np.full(len(keys), _ANYBODY, np.uint32))
