"""The snapshot of a source: which lines it had, and the keys of the indicators they gave.

A line that stands in it is not parsed again. It holds only for the database, source, round and way of reading written
in its head; any other is ignored, and the open sightings themselves are asked. Lines that were refused are not in it:
they are read, and counted, at every round.

Layout, little endian: 4,096 bytes of head (`tipdsnp3`, u32 length, JSON), then `keys` (u64, sorted, distinct), `lines`
(u64 hashes, sorted; a line that gave several indicators stands several times) and `which` (u32: position in `keys`,
for each line).
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import numpy as np
import xxhash

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MAGIC = b"tipdsnp3"
HEAD = 4096
_PIECE = 1 << 20


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """What a snapshot belongs to; `read_digest` is hexadecimal; `last_round` is 0 where there was none."""

    store_id: str
    source_id: int
    last_round: int
    read_digest: str


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot's own description.

    `mark` is the parser's (a header line), `checksum` xxh3 of all after the head; `says_more`: rows said something
    beside their indicators.
    """

    identity: Identity
    keys: int
    lines: int
    mark: str
    says_more: bool
    checksum: str

    @property
    def size(self) -> int:
        """Bytes of the whole file."""
        return HEAD + 8 * self.keys + 12 * self.lines


class Mapped:
    """A file mapped for reading; `release` gives its pages back (they return when touched)."""

    def __init__(self, path: Path) -> None:
        """Map the whole file, which must not be empty; raises OSError."""
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def array(self, kind: str, at: int = 0, count: int = -1) -> NDArray[Any]:
        """Return numbers of this kind from byte `at` on."""
        return np.frombuffer(self._map, kind, count, at)

    def release(self) -> None:
        """Keep resident memory small between passes over the file."""
        self._map.madvise(mmap.MADV_DONTNEED)


class Snapshot(msgspec.Struct, frozen=True):
    """Arrays over the mapped file."""

    head: Head
    mapped: Mapped
    keys: Any
    lines: Any
    which: Any


def read_head(path: Path) -> Head | None:
    """Return the head of a whole snapshot file, None where there is none or it is damaged."""
    try:
        with path.open("rb") as file:
            start = file.read(HEAD)
            if start[:8] != MAGIC or len(start) < HEAD:
                return None
            size = int.from_bytes(start[8:12], "little")
            head = msgspec.json.decode(start[12 : 12 + size], type=Head)
            if os.fstat(file.fileno()).st_size != head.size or _checksum(file) != head.checksum:
                return None
            return head
    except (OSError, msgspec.DecodeError):
        return None


def _checksum(file: BinaryIO) -> str:
    digest = xxhash.xxh3_64()
    while piece := file.read(_PIECE):
        digest.update(piece)
    return str(digest.hexdigest())


def keys_of(path: Path) -> NDArray[Any]:
    """Return the keys of a snapshot that was just made (mapped), whosever it is. Raises OSError, ValueError."""
    with path.open("rb") as file:
        start = file.read(HEAD)
    head = msgspec.json.decode(start[12 : 12 + int.from_bytes(start[8:12], "little")], type=Head)
    return Mapped(path).array("<u8", HEAD, head.keys)


def claim(path: Path, identity: Identity) -> None:
    """Write into the snapshot whose it is now, once its round is known; synced. Raises OSError, ValueError."""
    with path.open("r+b") as file:
        start = file.read(HEAD)
        size = int.from_bytes(start[8:12], "little")
        head = msgspec.json.decode(start[12 : 12 + size], type=Head)
        file.seek(0)
        file.write(_head_bytes(msgspec.structs.replace(head, identity=identity)))
        file.flush()
        os.fsync(file.fileno())


def _head_bytes(head: Head) -> bytes:
    body = msgspec.json.encode(head)
    return (MAGIC + len(body).to_bytes(4, "little") + body).ljust(HEAD, b"\0")


def open_snapshot(path: Path, identity: Identity) -> Snapshot | None:
    """Map the snapshot; None where there is none, it is damaged, or it belongs to something else."""
    head = read_head(path)
    if head is None or head.identity != identity:
        return None
    mapped = Mapped(path)
    lines_at = HEAD + 8 * head.keys
    which_at = lines_at + 8 * head.lines
    return Snapshot(
        head,
        mapped,
        keys=mapped.array("<u8", HEAD, head.keys),
        lines=mapped.array("<u8", lines_at, head.lines),
        which=mapped.array("<u4", which_at, head.lines),
    )


def write_snapshot(path: Path, head: Head, sections: Iterable[Iterable[NDArray[Any]]]) -> None:
    """Write keys, lines and which, in pieces, under a head that gets its checksum here. The file is synced."""
    with path.open("wb") as file:
        file.write(bytes(HEAD))
        digest = xxhash.xxh3_64()
        for section in sections:
            for piece in section:
                raw = piece.tobytes()
                digest.update(raw)
                file.write(raw)
        file.seek(0)
        file.write(_head_bytes(msgspec.structs.replace(head, checksum=digest.hexdigest())))
        file.flush()
        os.fsync(file.fileno())
