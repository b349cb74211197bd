"""Build an AS table out of a file, in a worker process: read, flatten, write (`tipd.net.asn` has the layout)."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tipd.net.asn import UNKNOWN, AsnHead, Origin, packed_head
from tipd.net.asn_rows import AsnFileError, AsnRow, is_mmdb, mmdb_rows, text_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BUILDER = "tipd.net.asn_build:build"
MOST_BAD = 0.01  # the share of rows that may be unreadable
MOST_ROWS = 6_000_000  # five times what there is to announce, and what fits into a worker
_LONGEST_NAME = 200


class AsnJob(msgspec.Struct, frozen=True, kw_only=True):
    """Build `into` from the file `path`."""

    path: str
    into: str


class AsnBuilt(msgspec.Struct, frozen=True, kw_only=True):
    """How it went: the table's head, or why there is none; `bad_line` is the first that could not be read."""

    head: AsnHead | None = None
    error: str = ""
    bad_line: int = 0


def origin_of(path: Path) -> Origin:
    """Return what tells this state of the file from another; raises OSError, also for what is no file (a pipe)."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "is not a regular file")
    return Origin(path=str(path), size=found.st_size, changed=found.st_mtime_ns, inode=found.st_ino)


def build(job: AsnJob) -> AsnBuilt:
    """Build it; what is wrong with the file is said in the answer, and nothing is written then."""
    path = Path(job.path)
    try:
        origin = origin_of(path)
        if is_mmdb(path):
            counted = _Counted((0, row) for row in mmdb_rows(path))
            form = "mmdb"
        else:
            form, rows = text_rows(path)
            counted = _Counted(rows)
        names, by_version = _gathered(counted)
    except AsnFileError as error:
        return AsnBuilt(error=str(error))
    except OSError as error:
        return AsnBuilt(error=f"{path}: {error.strerror or error}")
    if not counted.good or counted.bad > MOST_BAD * (counted.good + counted.bad):
        where = f"{path}:{counted.first_bad}" if counted.first_bad else str(path)
        return AsnBuilt(error=f"{where}: {counted.bad} of {counted.good + counted.bad} rows cannot be read ({form})")
    head = AsnHead(origin=origin, form=form, rows=counted.good, refused=counted.bad)
    head = _write(Path(job.into), head, by_version, names)
    return AsnBuilt(head=head, bad_line=counted.first_bad)


class _Counted:
    """Passes good rows on and counts the others."""

    def __init__(self, rows: Iterable[tuple[int, AsnRow | None]]) -> None:
        self._rows = rows
        self.good = self.bad = self.first_bad = 0

    def __iter__(self) -> Iterator[AsnRow]:
        for number, row in self._rows:
            if row is None:
                self.bad += 1
                self.first_bad = self.first_bad or number
            else:
                self.good += 1
                if self.good > MOST_ROWS:
                    raise AsnFileError(f"more than {MOST_ROWS} announcements")
                yield row


type Ranges = list[tuple[int, int, int]]  # (first, -last, asn): sorted, what holds others comes before them


def _gathered(rows: Iterable[AsnRow]) -> tuple[dict[int, str], dict[int, Ranges]]:
    names: dict[int, str] = {}
    by_version: dict[int, Ranges] = {4: [], 6: []}
    for row in rows:
        by_version[row.version].append((row.first, -row.last, row.asn))
        if row.name and row.asn:
            names.setdefault(row.asn, row.name[:_LONGEST_NAME])
    return names, by_version


def flattened(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Yield borders (first address, asn), ascending, each valid up to the next; the narrowest range holds.

    Neighbours of one system are joined. A range that begins inside another and ends beyond it goes over it.
    """
    last_asn = UNKNOWN
    pending: tuple[int, int] | None = None
    for at, asn in _changes(sorted(ranges)):
        if pending is not None and pending[0] != at and pending[1] != last_asn:
            yield pending
            last_asn = pending[1]
        pending = (at, asn)
    if pending is not None and pending[1] != last_asn:
        yield pending


def _changes(ranges: Ranges) -> Iterator[tuple[int, int]]:
    """Yield (address, asn) wherever another range begins to hold, several for one address: the last one counts."""
    around: list[tuple[int, int]] = []  # (last, asn) of the ranges we are in, the innermost at the end

    def leave(until: int | None) -> Iterator[tuple[int, int]]:
        while around and (until is None or around[-1][0] < until):
            end = around.pop()[0]
            while around and around[-1][0] <= end:
                around.pop()
            yield end + 1, around[-1][1] if around else UNKNOWN

    for first, minus_last, asn in ranges:
        yield from leave(first)
        yield first, asn
        around.append((-minus_last, asn))
    yield from leave(None)


def _write(into: Path, head: AsnHead, by_version: dict[int, Ranges], names: dict[int, str]) -> AsnHead:
    """Write the table in one piece; return its head, completed."""
    four = [(first, asn) for first, asn in flattened(by_version[4]) if first < 2**32]
    six = [(first, asn) for first, asn in flattened(by_version[6]) if first < 2**128]
    named = sorted(names)
    texts = [names[asn].encode("utf-8", "replace") for asn in named]
    counts = {"borders4": len(four), "borders6": len(six), "names": len(named), "name_bytes": sum(map(len, texts))}
    head = msgspec.structs.replace(head, **counts)
    sections = (
        np.array([first for first, _ in four], "<u4").tobytes(),
        np.array([asn for _, asn in four], "<u4").tobytes(),
        b"".join(first.to_bytes(16) for first, _ in six),
        np.array([asn for _, asn in six], "<u4").tobytes(),
        np.array(named, "<u4").tobytes(),
        np.cumsum([len(text) for text in texts]).astype("<u4").tobytes(),
        *texts,
    )
    fresh = into.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(packed_head(head))
        file.writelines(sections)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(into)
    return head
