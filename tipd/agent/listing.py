"""What is new in a folder of half a million names, for little more than the listing itself.

A folder is remembered as one string, its names joined as the kernel lists them. File systems keep the order of what
stays, so two such strings differ in few places, and those are found by comparing blocks. No file is touched. Where the
order does not hold, more names count as new than are; who takes them asks the ledger, which knows. None is missed.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SEPARATOR = b"/"  # the one byte, beside NUL, that no name holds
_BLOCK = 1 << 16
_WINDOW = 1 << 16  # how far a name is looked for where two listings part
_SAMPLE = 2048
_END = b"\xff" * 256  # above every name: none is longer than 255 bytes


class Listing:
    """One folder as it was last listed, and how far down its older names have been taken (the backlog)."""

    def __init__(self, folder: bytes) -> None:
        """Know nothing yet: at the first look every name belongs to the backlog."""
        self.folder = folder
        self.names = 0
        self._joined: bytes | None = None
        self._below = _END  # names under this one may not have been taken; empty: all have been

    @property
    def behind(self) -> bool:
        """Whether older names may still wait."""
        return bool(self._below) and bool(self.names)

    def again(self) -> None:
        """Count every name as not taken: after trouble, and now and then, since only the listing is the truth."""
        self._below = _END

    def look(self) -> list[bytes]:
        """List the folder; return the names that were not there at the last look, newest first. Raises OSError."""
        names = os.listdir(self.folder)  # noqa: PTH208 - bytes, and no object for each
        self.names = len(names)
        names.append(b"")
        joined = _SEPARATOR.join(names)
        before, self._joined = self._joined, joined
        if before is None:
            return []
        return sorted(_added(before, joined), reverse=True)

    def older(self, most: int) -> list[bytes]:
        """Return the newest names of the last look that `older` has not returned since `again`; at most `most`."""
        if not self._below or self._joined is None:
            return []
        below = self._below
        names = [name for name in self._joined.split(_SEPARATOR) if name < below]
        if len(names) - 1 > most:  # the last one is empty
            names = _newest(names, most)
            self._below = names[-1]
            return names
        self._below = b""
        names.sort(reverse=True)
        return names[:-1]

    def forget(self) -> None:
        """Drop what is known: the folder went away."""
        self._joined, self.names, self._below = None, 0, _END


def _newest(names: list[bytes], most: int) -> list[bytes]:
    """Return the `most` highest names, sorted down, without sorting all of them."""
    sample = sorted(names[:: max(1, len(names) // _SAMPLE)], reverse=True)
    bound = sample[min(len(sample) - 1, len(sample) * most * 5 // (4 * len(names)) + 8)]
    high = [name for name in names if name >= bound]
    if len(high) < most:
        high = names  # the sample misled
    high.sort(reverse=True)
    return high[:most]


def _added(before: bytes, now: bytes) -> Iterator[bytes]:
    """Yield names of `now` that do not stand in `before` at the same place in its order."""
    i = j = 0  # both at the same byte of the same name
    while i < len(before) and j < len(now):
        old, new = before[i : i + _BLOCK], now[j : j + _BLOCK]
        if old == new:
            i, j = i + len(old), j + len(new)
            continue
        same = _same(old, new)
        begun = now.rfind(_SEPARATOR, 0, j + same) + 1
        i, j = i + same - (j + same - begun), begun
        i_end, j_end = before.find(_SEPARATOR, i) + 1, now.find(_SEPARATOR, j) + 1
        if not i_end or not j_end:
            break
        at = now.find(_SEPARATOR + before[i:i_end], j - 1 if j else 0, j + _WINDOW)
        if at >= 0:  # names were put in before it
            yield from now[j:at].split(_SEPARATOR)
            j = at + 1
            continue
        gone = before.find(_SEPARATOR + now[j:j_end], i - 1 if i else 0, i + _WINDOW)
        if gone >= 0:  # names before it went away
            i = gone + 1
            continue
        yield now[j : j_end - 1]
        i, j = i_end, j_end
    yield from now[now.rfind(_SEPARATOR, 0, j) + 1 : len(now) - 1].split(_SEPARATOR) if j < len(now) else ()


def _same(one: bytes, other: bytes) -> int:
    """Return how many bytes two different strings begin with in common."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
