"""The file of opened sightings: frames of PostgreSQL binary COPY tuples, as `rounds.apply` reads them.

A frame is `<u32 rows><u32 bytes>`, little endian, and that many bytes of tuples (no header, no trailer) of the columns
`key int8, kind int2, value text, context jsonb, tlp int2, until timestamptz`; at most 20,000 rows a frame. Source:
PostgreSQL manual, COPY, "Binary Format": each tuple is a count of fields (int16) and for each a length (int32, -1 for
NULL) and its bytes, big endian.
"""

from __future__ import annotations

import struct
from itertools import repeat
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from tipd.modules.blacklist.reading.beside import NOTHING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.reading.batch import U64

FRAME_ROWS = 20_000
_FRAME_BYTES = 16 * 2**20
_HEAD = struct.Struct("<II")
# Everything of a row before its text, as one record.
_BEFORE = np.dtype(
    [("fields", ">i2"), ("key_size", ">i4"), ("key", ">u8"), ("kind_size", ">i4"), ("kind", ">i2"), ("size", ">i4")]
)
_START = struct.Struct(">hiqihi")


def tuples(code: int, keys: U64, values: Sequence[bytes], besides: Sequence[bytes] | None = None) -> list[bytes]:
    """Return a tuple for each value of one kind; `besides` are their last three columns (`beside.written`)."""
    before = np.empty(len(values), _BEFORE)
    before["fields"], before["key_size"], before["key"] = 6, 8, keys
    before["kind_size"], before["kind"] = 2, code
    before["size"] = np.fromiter(map(len, values), np.int64, len(values))
    raw, size = before.tobytes(), _BEFORE.itemsize
    heads = [raw[at : at + size] for at in range(0, len(raw), size)]
    return list(map(b"".join, zip(heads, values, repeat(NOTHING) if besides is None else besides)))  # noqa: B905


def kind_of(row: bytes) -> int:
    """Return the code of a tuple's kind."""
    return row[19]


def parted(row: bytes) -> tuple[bytes, bytes]:
    """Return a tuple's columns up to the value, and those beside it."""
    at = _START.size + int.from_bytes(row[_START.size - 4 : _START.size])
    return row[:at], row[at:]


def value_of(row: bytes) -> str:
    """Return a tuple's value."""
    return parted(row)[0][_START.size :].decode()


class FrameWriter:
    """Gathers tuples and writes a frame when one is full; `close` writes the rest."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to an open binary file."""
        self._file = file
        self._rows: list[bytes] = []
        self._size = 0

    def add(self, rows: Sequence[bytes]) -> None:
        """Add tuples."""
        at = 0
        while at < len(rows):
            some = rows[at : at + FRAME_ROWS - len(self._rows)]
            size = sum(map(len, some))
            if self._size + size > _FRAME_BYTES:
                some, size = self._fitting(some)
            self._rows += some
            self._size += size
            at += len(some)
            if len(self._rows) == FRAME_ROWS or not some:
                self.close()

    def _fitting(self, rows: Sequence[bytes]) -> tuple[Sequence[bytes], int]:
        """Return the first of the rows that fit in the frame, one at least where it is empty, and their size."""
        size = 0
        for number, row in enumerate(rows):
            if self._size + size + len(row) > _FRAME_BYTES and (self._rows or number):
                return rows[:number], size
            size += len(row)
        return rows, size

    def close(self) -> None:
        """Write what is left; the file stays open."""
        if self._rows:
            self._file.write(_HEAD.pack(len(self._rows), self._size))
            self._file.writelines(self._rows)
        self._rows, self._size = [], 0
