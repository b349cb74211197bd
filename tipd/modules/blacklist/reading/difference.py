"""What is new, what has left: today's units against the snapshot of the last round.

`unknown` says which units must be parsed; `opened` takes what they gave; `changed` says which known units must be read
again; `sort_out` which indicators have to be written; `finish` finds those that left and writes the next snapshot.
Memory: the old snapshot (mapped), a byte of news a line and two a key, four bytes a key at the end; everything new is
spilled to files in parts.
"""

from __future__ import annotations

import contextlib
import tempfile
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tipd.modules.blacklist.reading.batch import positions
from tipd.modules.blacklist.reading.snapshot import Head, write_snapshot
from tipd.modules.blacklist.reading.spill import PARTS, Spill, part_bounds

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tipd.modules.blacklist.reading.batch import U64, Bools
    from tipd.modules.blacklist.reading.snapshot import Identity, Mapped, Snapshot

_NONE = np.zeros(0, np.uint64)
_STEP = 1 << 18


class Totals(NamedTuple):
    """Distinct indicators: in this body, of them not in the last one, of the last one not in this."""

    entries: int
    opened: int
    closed: int


class Difference:
    """One round of one source; `open_keys` (sorted) stands in where there is no snapshot.

    `open_more`: something may stand beside those.

    Both tell of the last body alone: what is listed and did not stand in it (recent rows that age) is none of theirs.
    """

    def __init__(self, old: Snapshot | None, open_keys: Mapped | None, folder: Path, *, open_more: bool = True) -> None:
        """Begin; scratch files go to `folder`."""
        self._mapped = old.mapped if old else open_keys
        self._lines: U64 = old.lines if old else _NONE
        self._which: Any = old.which if old else np.zeros(0, np.uint32)
        self._keys: U64 = old.keys if old else (open_keys.array("<u8") if open_keys else _NONE)
        self._mark = old.head.mark if old else ""
        self._line_seen = np.zeros(len(self._lines), np.bool_)
        self._key_seen = np.zeros(len(self._keys), np.bool_)
        self._key_touched = np.zeros(len(self._keys), np.bool_)  # a line of it is new or gone
        self._said_more = old.head.says_more if old else open_more
        self._folder = folder
        self._new_lines = Spill(folder, 2)
        self._new_keys = Spill(folder, 1)

    @property
    def had(self) -> int:
        """How many indicators the last body had."""
        return len(self._keys)

    def hold_lines(self, mark: str) -> None:
        """Hear the header lines' mark: under another one than the snapshot's its lines mean nothing."""
        if mark != self._mark:
            self._lines, self._which = _NONE, np.zeros(0, np.uint32)
            self._line_seen = np.zeros(0, np.bool_)

    def unknown(self, hashes: U64) -> Bools | None:
        """Note the known units as seen; return which are unknown, None where all are known."""
        if not len(self._lines):
            return np.ones(len(hashes), np.bool_)
        ordered = np.sort(hashes)
        at, known = positions(self._lines, ordered)
        if known.all():
            self._line_seen[at] = True
            return None
        self._line_seen[at[known]] = True
        strange = ordered[~known]
        return positions(strange, hashes)[1]

    def remember(self, hashes: U64, keys: U64) -> None:
        """Note which indicator each whole unit gave, so that it is known next time."""
        self._new_lines.add(np.column_stack((hashes, keys)))

    def opened(self, keys: U64, new: Bools) -> None:
        """Note the keys as seen; `new`: those given by units that the last body had not."""
        at, known = positions(self._keys, keys)
        self._key_seen[at[known]] = True
        self._key_touched[at[known & new]] = True
        if not known.all():
            self._new_keys.add(keys[~known].reshape(-1, 1))

    def changed(self, *, says_more: bool) -> U64:
        """Return the sorted hashes of known units that name an indicator of which another unit is new or gone.

        Mostly none. Only where something stands beside indicators, now (`says_more`) or in the last body: else none of
        the known ones has changed. To be asked once, when all units were seen.
        """
        self._release()
        self._spread()
        if not says_more and not self._said_more:
            self._key_touched[:] = False
            return _NONE
        for part in _steps(len(self._lines)):
            self._key_touched[self._which[part][~self._line_seen[part]]] = True
        self._key_touched &= self._key_seen
        pieces = [
            self._lines[part][self._line_seen[part] & self._key_touched[self._which[part]]]
            for part in _steps(len(self._lines))
        ]
        self._release()
        return _distinct(np.concatenate(pieces)) if pieces else _NONE

    def sort_out(self, keys: U64) -> tuple[Bools, Bools]:
        """Say which of the keys are new, and of which of the others something else may be said; after `changed`."""
        at, known = positions(self._keys, keys)
        changed = known.copy()
        changed[known] = self._key_touched[at[known]]
        return ~known, changed

    def finish(self, closed: Path, snapshot: Path, identity: Identity, mark: str, *, says_more: bool) -> Totals:
        """Write the keys that left and the next snapshot; return the totals. To be called after `changed`."""
        self._release()
        says_more = says_more or (self._said_more and bool(self._line_seen.any()))  # what known lines say is kept
        gone = np.flatnonzero(~self._key_seen)
        with closed.open("wb") as file:
            for part in _steps(len(gone)):
                file.write(self._keys[gone[part]].astype("<u8").tobytes())
        entries, opened = self._write(snapshot, identity, mark, says_more=says_more)
        return Totals(entries, opened, len(gone))

    def close(self) -> None:
        """Give back the scratch files."""
        self._new_lines.close()
        self._new_keys.close()

    def _release(self) -> None:
        if self._mapped:
            self._mapped.release()

    def _spread(self) -> None:
        """A line that gave several indicators was noted once: note it at all its places, then note its keys."""
        same = self._lines[1:] == self._lines[:-1] if len(self._lines) else np.zeros(0, np.bool_)
        if same.any():
            starts = np.flatnonzero(np.concatenate(([True], ~same)))
            runs = np.diff(np.concatenate((starts, [len(self._lines)])))
            self._line_seen = np.repeat(np.logical_or.reduceat(self._line_seen, starts), runs)
        for part in _steps(len(self._lines)):
            self._key_seen[self._which[part][self._line_seen[part]]] = True

    def _write(self, path: Path, identity: Identity, mark: str, *, says_more: bool) -> tuple[int, int]:
        with contextlib.ExitStack() as stack:
            keys, lines, which = (stack.enter_context(tempfile.TemporaryFile(dir=self._folder)) for _ in range(3))
            moved, opened = self._merge_keys(keys)
            entries = keys.tell() // 8
            keys.flush()
            whole = np.memmap(keys, np.uint64, "r") if entries else _NONE
            self._release()
            self._merge_lines(lines, which, moved, whole)
            count = lines.tell() // 8
            pieces = [_pieces(file) for file in (keys, lines, which)]
            head = Head(identity=identity, keys=entries, lines=count, mark=mark, says_more=says_more, checksum="")
            write_snapshot(path, head, pieces)
        return entries, opened

    def _merge_keys(self, keys: Any) -> tuple[NDArray[np.uint32], int]:
        """Write old keys that stay and new ones, in order; return where each old one went, and how many are new."""
        moved = np.zeros(len(self._keys), np.uint32)
        bounds = part_bounds(self._keys)
        written = opened = 0
        for part in range(PARTS):
            where = slice(bounds[part], bounds[part + 1])
            kept = self._keys[where][self._key_seen[where]]
            new = _distinct(self._new_keys.part(part).ravel())
            opened += len(new)
            both = np.sort(np.concatenate((kept, new)))
            moved[where] = written + np.searchsorted(both, self._keys[where])
            keys.write(both.tobytes())
            written += len(both)
        return moved, opened

    def _merge_lines(self, lines: Any, which: Any, moved: NDArray[np.uint32], keys: U64) -> None:
        """Write old lines that were seen and new ones, in order, each with the place of its key."""
        bounds = part_bounds(self._lines)
        for part in range(PARTS):
            where = slice(bounds[part], bounds[part + 1])
            again = self._line_seen[where]
            new = self._new_lines.part(part)
            new_hashes, new_places = _distinct_pairs(new[:, 0], np.searchsorted(keys, new[:, 1]).astype(np.uint32))
            hashes = np.concatenate((self._lines[where][again], new_hashes))
            places = np.concatenate((moved[self._which[where][again]], new_places))
            if len(new_hashes) and len(new_hashes) < len(hashes):
                order = np.argsort(hashes, kind="stable")  # two sorted runs: merged in one pass
                hashes, places = hashes[order], places[order]
            lines.write(hashes.tobytes())
            which.write(places.tobytes())
            self._release()


def _steps(count: int) -> Iterator[slice]:
    return (slice(start, start + _STEP) for start in range(0, count, _STEP))


def _distinct(numbers: U64) -> U64:
    """Return the numbers sorted, each once (numpy's own `unique` hashes, which is slower here)."""
    ordered = np.sort(numbers)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    distinct: U64 = ordered[first]
    return distinct


def _distinct_pairs(hashes: U64, places: NDArray[np.uint32]) -> tuple[U64, NDArray[np.uint32]]:
    """Return the pairs by hash, then place, each once; few hashes occur twice."""
    order = np.argsort(hashes)
    ordered = hashes[order]
    again = ordered[1:] == ordered[:-1]
    if not again.any():
        return ordered, places[order]
    order = np.lexsort((places, hashes))
    hashes, places = hashes[order], places[order]
    first = np.ones(len(hashes), np.bool_)
    first[1:] = (hashes[1:] != hashes[:-1]) | (places[1:] != places[:-1])
    return hashes[first], places[first]


def _pieces(file: Any) -> Iterator[NDArray[np.uint8]]:
    file.flush()
    file.seek(0)
    while piece := file.read(1 << 20):
        yield np.frombuffer(piece, np.uint8)
