"""A list that lies on the local disk: one file, or the files of a folder. The calls touch the disk: use a thread.

A folder's files are read by name, one after the other, hidden ones and folders in it left out. Compressed ones are
joined as they are: one stream after the other is a stream too. What somebody writes to while it is read is read again,
and is no list if it does not come to rest. A stamp of names, sizes and times says that nothing has changed without
reading it.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import os
import stat
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import zstandard

from tipd.modules.blacklist.reading.json_stream import SEPARATOR
from tipd.work.unpack import detect

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 3
# A file that was written so shortly before may be written again within the same tick of its clock.
RACY = 2.0
_PIECE = 1 << 20
_DOCUMENTS = (b"{", b"[")
_PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


class LocalBody(NamedTuple):
    """A local source's body as it was copied; `stamp` is empty where it may have changed unseen."""

    sha256: bytes
    size: int
    stamp: str = ""


class Changing(ValueError):
    """Somebody writes to it, again and again."""


def stamp(path: Path, member: str = "*") -> str:
    """Return what changes when the files do. Raises OSError."""
    return _stamp(_files(path, member))


def copy_local(path: Path, into: Path, limit: int, member: str = "*", *, documents: bool = False) -> LocalBody:
    """Copy a file, or the files of a folder whose names match `member`, and hash what is written.

    `documents`: JSON documents are set apart. Raises OSError; ValueError where there is more than `limit` bytes or
    something that is no plain file, Changing where it is written to all the time.
    """
    for _ in range(TRIES):
        before = _files(path, member)
        digest, size = _copy([each for each, _ in before], path, into, limit, documents=documents)
        after = _files(path, member)
        if _facts(before) == _facts(after):
            newest = max((status.st_mtime for _, status in after), default=0.0)
            racy = newest > into.stat().st_mtime - RACY  # by the clock that stamps files
            return LocalBody(digest, size, "" if racy else _stamp(after))
    raise Changing(f"{path}: changes while it is read")


def _files(path: Path, member: str) -> list[tuple[Path, os.stat_result]]:
    if not path.is_dir():
        return [(path, path.stat())]
    named = [each for each in path.iterdir() if each.name[0] != "." and fnmatchcase(each.name, member)]
    found = [(each, each.stat()) for each in sorted(named)]
    return [(each, status) for each, status in found if not stat.S_ISDIR(status.st_mode)]


def _facts(files: list[tuple[Path, os.stat_result]]) -> list[tuple[str, int, int, int, int]]:
    return [(each.name, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for each, s in files]


def _stamp(files: list[tuple[Path, os.stat_result]]) -> str:
    return "local-" + hashlib.sha256(repr(_facts(files)).encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _copy(files: list[Path], path: Path, into: Path, limit: int, *, documents: bool) -> tuple[bytes, int]:
    digest, size = hashlib.sha256(), 0
    with into.open("wb") as out:

        def write(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            if size > limit:
                raise ValueError(f"{path}: is larger than {limit} bytes")
            digest.update(piece)
            out.write(piece)

        last, packed = b"", ""
        for each in files:
            with open(each, "rb", opener=_open) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ValueError(f"{each}: is not a plain file")
                first = _first(file)
                if last and first:
                    write(_between(each, packed, first, last, documents=documents))
                packed = detect(first) if first else packed
                while first:
                    write(first)
                    last = first[-1:]
                    first = file.read(_PIECE)
    return digest.digest(), size


def _between(path: Path, packed: str, first: bytes, last: bytes, *, documents: bool) -> bytes:
    """Return what sets a file apart from the one before, packed as both are. Raises ValueError where they differ."""
    kind = detect(first)
    if kind != packed or (kind != "plain" and kind not in _PACK):
        raise ValueError(
            f"{path}: is {kind}, after a file that is {packed}: the files of a folder are plain, or all"
            f" compressed in one way ({', '.join(_PACK)})"
        )
    plain = kind == "plain"
    apart = documents and (not plain or first.lstrip()[:1] in _DOCUMENTS)
    between = (b"" if plain and last == b"\n" else b"\n") + (SEPARATOR + b"\n" if apart else b"")
    return between if plain else _PACK[kind](between)


def _first(file: BinaryIO) -> bytes:
    return file.read(_PIECE)


def _open(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)  # a FIFO must not hold the thread
