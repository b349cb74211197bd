"""Files between a worker that reads bodies and `rounds.apply`: what is to be opened, and what closed.

Opened: frames of `<u32 rows><u32 bytes>` (little endian), then that many bytes of PostgreSQL's binary COPY tuples
(no header, no trailer) of COLUMNS: key int8, kind int2, value text, and, NULL where the rows say none, context jsonb,
tlp int2, until timestamptz. Closed: little-endian int64 keys.
"""

from __future__ import annotations

import array
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MOST_ROWS = 20_000  # a transaction
MOST_BYTES = 256 * 2**20
PIECE = 64 * 2**10

COLUMNS = ("key", "kind", "value", "context", "tlp", "until")
COPY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
COPY_TRAILER = b"\xff\xff"
_HEAD = struct.Struct("<II")


class FrameError(ValueError):
    """A file of changes is cut short or is not what it should be."""


def next_frame(file: BinaryIO) -> bytes | None:
    """Return the tuples of the next frame, None at the end of the file. Raises FrameError, OSError."""
    while head := file.read(_HEAD.size):
        if len(head) < _HEAD.size:
            raise FrameError("the file of changes ends inside a frame's head")
        rows, size = _HEAD.unpack(head)
        if rows > MOST_ROWS or size > MOST_BYTES:
            raise FrameError(f"a frame of {rows} rows and {size} bytes is too large")
        tuples = file.read(size)
        if len(tuples) < size:
            raise FrameError("the file of changes ends inside a frame")
        if rows:
            return tuples
    return None


def next_keys(file: BinaryIO) -> list[int]:
    """Return the next at most 20,000 keys, none at the end of the file. Raises FrameError, OSError."""
    raw = file.read(MOST_ROWS * 8)
    if len(raw) % 8:
        raise FrameError("the file of keys ends inside a key")
    keys = array.array("q", raw)
    if sys.byteorder == "big":
        keys.byteswap()
    return keys.tolist()


async def copy_stream(tuples: bytes) -> AsyncIterator[bytes]:
    """Yield a whole binary COPY stream of the tuples, in pieces."""
    yield COPY_HEADER
    for start in range(0, len(tuples), PIECE):
        yield tuples[start : start + PIECE]
    yield COPY_TRAILER
