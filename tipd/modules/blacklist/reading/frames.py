"""The file of newly opened sightings: frames of PostgreSQL binary COPY tuples, as `rounds.apply` reads them.

A frame is `<u32 rows><u32 bytes>`, little endian, and that many bytes of tuples (no header, no trailer) of the columns
`key int8, kind int2, value text, context jsonb`; at most 20,000 rows a frame. Source: PostgreSQL manual, COPY, "Binary
Format": each tuple is a count of fields (int16) and for each a length (int32, -1 for NULL) and its bytes, big endian.
"""

from __future__ import annotations

import struct
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tipd.modules.blacklist.reading.batch import U64

FRAME_ROWS = 20_000
_FRAME_BYTES = 16 * 2**20
_HEAD = struct.Struct("<II")
_NULL = b"\xff\xff\xff\xff"
_JSONB = 1  # the version byte before a jsonb's text
# Everything of a row before its text, as one record; the NULL context of the row before stands in front.
_BEFORE = np.dtype(
    [
        ("null_before", ">i4"),
        ("fields", ">i2"),
        ("key_size", ">i4"),
        ("key", ">u8"),
        ("kind_size", ">i4"),
        ("kind", ">i2"),
        ("size", ">i4"),
    ]
)
_START = struct.Struct(">hiqihi")
_SIZE = struct.Struct(">i")


class FrameWriter:
    """Gathers rows and writes a frame when one is full; `close` writes the rest. `rows` counts all."""

    def __init__(self, file: BinaryIO) -> None:
        """Write to an open binary file."""
        self._file = file
        self._pieces: list[bytes] = []
        self._count = 0
        self._size = 0
        self.rows = 0

    def add(
        self, code: int, keys: U64, values: Sequence[bytes], contexts: Sequence[bytes | None] | None = None
    ) -> None:
        """Add rows of one kind; `contexts` are JSON texts or None, one for each value."""
        for start in range(0, len(values), FRAME_ROWS):
            part = slice(start, start + FRAME_ROWS)
            chosen = values[part]
            if self._count + len(chosen) > FRAME_ROWS or self._size > _FRAME_BYTES:
                self._flush()
            if contexts is None:
                tuples = _plain(code, keys[part], chosen)
            else:
                tuples = _with_contexts(code, keys[part], chosen, contexts[part])
            self._pieces.append(tuples)
            self._size += len(tuples)
            self._count += len(chosen)
            self.rows += len(chosen)

    def _flush(self) -> None:
        if self._count:
            self._file.write(_HEAD.pack(self._count, self._size))
            self._file.writelines(self._pieces)
        self._pieces, self._count, self._size = [], 0, 0

    def close(self) -> None:
        """Write what is left; the file stays open."""
        self._flush()


class Row(NamedTuple):
    """One row of a file of frames; `context` is JSON text."""

    code: int
    value: str
    context: bytes | None


def first_rows(file: BinaryIO, count: int) -> list[Row]:
    """Return the first rows of a file of frames, as they were written."""
    rows: list[Row] = []
    while len(rows) < count and (head := file.read(_HEAD.size)):
        number, size = _HEAD.unpack(head)
        tuples = file.read(size)
        at = 0
        for _ in range(min(number, count - len(rows))):
            *_, code, length = _START.unpack_from(tuples, at)
            value_at = at + _START.size
            at = value_at + length
            (beside,) = _SIZE.unpack_from(tuples, at)
            at += _SIZE.size
            context = None if beside < 0 else tuples[at + 1 : at + beside]
            at += max(beside, 0)
            rows.append(Row(code, tuples[value_at : value_at + length].decode(), context))
    return rows


def _plain(code: int, keys: U64, values: Sequence[bytes]) -> bytes:
    """Return tuples without context: fixed records and texts, laid between each other by one mask."""
    count = len(values)
    if not count:
        return b""
    lengths = np.fromiter(map(len, values), np.int64, count)
    before = np.empty(count, _BEFORE)
    before["null_before"], before["fields"] = -1, 4
    before["key_size"], before["key"] = 8, keys
    before["kind_size"], before["kind"] = 2, code
    before["size"] = lengths
    runs = np.empty(2 * count, np.int64)
    runs[::2], runs[1::2] = _BEFORE.itemsize, lengths
    is_text = np.repeat(_alternate(count), runs)
    tuples: NDArray[np.uint8] = np.empty(len(is_text), np.uint8)
    tuples[is_text] = np.frombuffer(b"".join(values), np.uint8)
    tuples[~is_text] = before.view(np.uint8)
    return tuples[len(_NULL) :].tobytes() + _NULL


def _alternate(count: int) -> NDArray[np.bool_]:
    return np.tile(np.array([False, True]), count)


def _with_contexts(code: int, keys: U64, values: Sequence[bytes], contexts: Sequence[bytes | None]) -> bytes:
    signed = keys.view(np.int64).tolist()
    return b"".join(
        chain.from_iterable(
            (_START.pack(4, 8, key, 2, code, len(value)), value, _context(context))
            for key, value, context in zip(signed, values, contexts, strict=True)
        )
    )


def _context(context: bytes | None) -> bytes:
    if context is None:
        return _NULL
    return struct.pack(">iB", len(context) + 1, _JSONB) + context
