"""Lines that must wait for what stands behind them in a body: few in memory, many in an unlinked file."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEPT = 8 * 2**20  # bytes in memory


class Spool:
    """First in, first out; no line may hold a newline."""

    def __init__(self) -> None:
        """Nothing is opened before it is needed."""
        self._lines: list[bytes] = []
        self._size = 0
        self._file: BinaryIO | None = None

    def add(self, line: bytes) -> None:
        """Keep a line."""
        self._lines.append(line)
        self._size += len(line)
        if self._size > _KEPT:
            if self._file is None:
                self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been given out
            self._file.writelines(line + b"\n" for line in self._lines)
            self._lines, self._size = [], 0

    def take(self) -> Iterator[bytes]:
        """Give all lines out, and forget them."""
        if self._file is not None:
            with self._file as file:
                self._file = None
                file.seek(0)
                for line in file:
                    yield line[:-1]
        lines, self._lines, self._size = self._lines, [], 0
        yield from lines
