"""Numbers gathered in no order and given back in sorted parts, in little memory: what is over a bound goes to files."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

PARTS = 32
_PART_BITS = np.uint64(59)  # the upper five bits choose the part
_KEEP_ROWS = 1 << 18


def part_bounds(numbers: NDArray[np.uint64]) -> list[int]:
    """Return PARTS + 1 positions: part `p` of a sorted array is `[bounds[p]:bounds[p + 1]]`."""
    firsts = np.arange(1, PARTS, dtype=np.uint64) << _PART_BITS
    return [0, *np.searchsorted(numbers, firsts).tolist(), len(numbers)]


class Spill:
    """Rows of `width` unsigned 64-bit numbers, parted by the first one's upper bits."""

    def __init__(self, folder: Path, width: int) -> None:
        """Use unlinked files in `folder` when memory does not do."""
        self._folder = folder
        self._width = width
        self._kept: list[NDArray[np.uint64]] = []
        self._count = 0
        self._files: list[BinaryIO] = []

    def add(self, rows: NDArray[np.uint64]) -> None:
        """Add rows (shape `(n, width)`)."""
        self._kept.append(rows)
        self._count += len(rows)
        if self._count >= _KEEP_ROWS:
            self._write_out()

    def _write_out(self) -> None:
        if not self._files:
            self._files = [tempfile.TemporaryFile(dir=self._folder) for _ in range(PARTS)]  # noqa: SIM115 - `close`
        for rows in self._kept:
            parts = (rows[:, 0] >> _PART_BITS).astype(np.uint8)
            order = np.argsort(parts, kind="stable")
            ends = np.searchsorted(parts[order], np.arange(PARTS + 1, dtype=np.uint8))
            ordered = rows[order]
            for part, file in enumerate(self._files):
                file.write(ordered[ends[part] : ends[part + 1]].tobytes())
        self._kept, self._count = [], 0

    def part(self, number: int) -> NDArray[np.uint64]:
        """Return all rows of one part, in no order."""
        pieces: list[Any] = [rows[rows[:, 0] >> _PART_BITS == np.uint64(number)] for rows in self._kept]
        if self._files:
            file = self._files[number]
            file.seek(0)
            pieces.append(np.frombuffer(file.read(), np.uint64).reshape(-1, self._width))
        return np.concatenate(pieces) if pieces else np.zeros((0, self._width), np.uint64)

    def close(self) -> None:
        """Give back memory and disk."""
        for file in self._files:
            file.close()
        self._kept, self._files = [], []
