"""Rows of a body gathered by indicator: each once, with all that its rows say together, in the order of the keys.

Rows come in the body's order and in any number; memory holds one run of some megabytes. A full run is sorted, rows of
one key are made one, and it goes to a file; at the end the runs are read side by side, a slice of the keys at a time.
Sorted keys are kinder to the database's indexes, too.
"""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import numpy as np

from tipd.modules.blacklist.reading.beside import shortened, together
from tipd.modules.blacklist.reading.frames import parted, tuples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from tipd.modules.blacklist.reading.batch import U64

_RUN_BYTES = 8 * 2**20
_RUN_ROWS = 1 << 17
_SLICE_BYTES = 4 * 2**20
_KEYS = 1 << 64


class _Run:
    """A sorted part of the rows in the files, and how far it has been read."""

    def __init__(self, keys: U64, lengths: U64, at: int) -> None:
        self.keys = keys
        self.lengths = lengths
        self.row = 0
        self.byte = at


class Slice(NamedTuple):
    """Rows as COPY tuples by their sorted, distinct keys."""

    keys: U64
    rows: list[bytes]


class Gather:
    """All rows of one body that may have to be written."""

    def __init__(self, folder: Path) -> None:
        """Use unlinked files in `folder`."""
        self._folder = folder
        self._keys: list[U64] = []
        self._rows: list[bytes] = []
        self._size = 0
        self._texts: BinaryIO | None = None
        self._numbers: BinaryIO | None = None
        self._runs: list[tuple[int, int]] = []  # rows, byte in the file of texts

    def add(self, code: int, keys: U64, values: Sequence[bytes], besides: Sequence[bytes] | None = None) -> None:
        """Add rows of one kind, with what stands beside each (`beside.written`), if anything does."""
        rows = tuples(code, keys, values, besides)
        self._keys.append(keys)
        self._rows += rows
        self._size += sum(map(len, rows))
        if self._size >= _RUN_BYTES or len(self._rows) >= _RUN_ROWS:
            self._write_out()

    def _write_out(self) -> None:
        if not self._rows:
            return
        if self._texts is None or self._numbers is None:
            self._texts = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - `close`
            self._numbers = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
        keys, rows = _by_key(np.concatenate(self._keys), self._rows)
        self._runs.append((len(rows), self._texts.tell()))
        self._texts.writelines(rows)
        self._numbers.write(keys.tobytes())
        self._numbers.write(np.fromiter(map(len, rows), np.uint64, len(rows)).tobytes())
        self._keys, self._rows, self._size = [], [], 0

    def slices(self) -> Iterator[Slice]:
        """Yield all rows by their keys; nothing may be added any more."""
        self._write_out()
        if self._texts is None or self._numbers is None:
            return
        count = self._texts.tell() // _SLICE_BYTES + 1
        self._texts.flush()
        self._numbers.flush()
        runs = list(self._mapped())
        for number in range(1, count + 1):
            slice_ = self._slice(runs, number * _KEYS // count)
            if slice_.rows:
                yield slice_

    def _mapped(self) -> Iterator[_Run]:
        assert self._numbers is not None  # noqa: S101 - there are runs
        at = 0
        for rows, text_at in self._runs:
            keys = np.memmap(self._numbers, np.uint64, "r", at, (rows,))
            lengths = np.memmap(self._numbers, np.uint64, "r", at + 8 * rows, (rows,))
            at += 16 * rows
            yield _Run(keys, lengths, text_at)

    def _slice(self, runs: list[_Run], before: int) -> Slice:
        """Return the rows up to a key that were not read yet."""
        keys: list[U64] = []
        rows: list[bytes] = []
        for run in runs:
            end = len(run.keys) if before == _KEYS else int(np.searchsorted(run.keys, np.uint64(before)))
            if end > run.row:
                keys.append(np.array(run.keys[run.row : end]))
                rows += self._texts_of(run, end)
                run.row = end
        if not rows:
            return Slice(np.zeros(0, np.uint64), [])
        together_keys, together_rows = _by_key(np.concatenate(keys), rows)
        return Slice(together_keys, [row if len(row) < _SHORT else _shortened(row) for row in together_rows])

    def _texts_of(self, run: _Run, end: int) -> list[bytes]:
        assert self._texts is not None  # noqa: S101 - there are runs
        ends = np.cumsum(run.lengths[run.row : end], dtype=np.int64).tolist()
        self._texts.seek(run.byte)
        raw = self._texts.read(ends[-1])
        run.byte += ends[-1]
        return [raw[start:stop] for start, stop in zip([0, *ends], ends, strict=False)]

    def close(self) -> None:
        """Give back memory and disk."""
        for file in (self._texts, self._numbers):
            if file is not None:
                file.close()
        self._keys, self._rows = [], []


_SHORT = 4096  # a shorter tuple's context is within its size


def _shortened(row: bytes) -> bytes:
    before, beside = parted(row)
    return before + shortened(beside)


def _by_key(keys: U64, rows: list[bytes]) -> tuple[U64, list[bytes]]:
    """Sort, and make the rows of one key one."""
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    rows = [rows[place] for place in order.tolist()]
    first = np.ones(len(keys), np.bool_)
    first[1:] = keys[1:] != keys[:-1]
    if first.all():
        return keys, rows
    starts = np.flatnonzero(first).tolist()
    return keys[first], [_one(rows[start:end]) for start, end in zip(starts, [*starts[1:], len(rows)], strict=True)]


def _one(rows: list[bytes]) -> bytes:
    """Return one tuple for all rows of an indicator."""
    distinct = set(rows) if len(rows) > 1 else rows
    if len(distinct) == 1:
        return rows[0]
    return parted(rows[0])[0] + together(parted(row)[1] for row in distinct)
