"""Keys of sightings as a file: sorted little-endian uint64, which a worker maps and searches."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import trio

from tipd.store.frames import COPY_HEADER, COPY_TRAILER
from tipd.store.pool import copy_out

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path
    from typing import BinaryIO

    from tipd.store.connection import Connection


@contextlib.asynccontextmanager
async def key_file(path: Path) -> AsyncIterator[KeyFile]:
    """Give an empty file of keys; it is closed at the end. Raises OSError."""
    file = await trio.to_thread.run_sync(path.open, "wb")
    try:
        yield KeyFile(file)
    finally:
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(file.close)


class KeyFile:
    """Turns binary COPY pieces of one bigint column into a file of keys; `feed` runs in a thread."""

    _ROW = np.dtype([("columns", ">i2"), ("size", ">i4"), ("key", ">i8")])

    def __init__(self, file: BinaryIO) -> None:
        """Write to `file`."""
        self.number = 0
        self._file = file
        self._rest = b""
        self._begun = False

    def feed(self, piece: bytes) -> None:
        """Take a piece, which may end anywhere."""
        raw = self._rest + piece
        start = 0 if self._begun else len(COPY_HEADER)
        if len(raw) < start:
            self._rest = raw
            return
        self._begun = True
        number = (len(raw) - start) // self._ROW.itemsize
        rows = np.frombuffer(raw, self._ROW, number, start)
        self._file.write(rows["key"].astype("<i8").tobytes())
        self.number += number
        self._rest = raw[start + number * self._ROW.itemsize :]

    def end(self) -> None:
        """Take note that one COPY has ended."""
        if self._rest != COPY_TRAILER:
            raise ValueError("a binary COPY ended with something else than its trailer")
        self._rest, self._begun = b"", False


async def copy_keys(connection: Connection, query: str, *args: Any, into: KeyFile) -> None:
    """Write the keys of a query (`SELECT key FROM … WHERE …`) in unsigned order. Asyncio-flavoured."""
    # What is negative as a bigint comes last. One snapshot for both halves.
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        for half in ("key >= 0", "key < 0"):
            await copy_out(connection, f"{query} AND {half} ORDER BY key", *args, into=into.feed)
            into.end()
