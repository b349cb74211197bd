"""Opens a fetched body, whatever it is packed in, as a stream of bytes: gz, bz2, xz, zstd, tar, zip, 7z, or nothing.

    refused: Counter[str] = Counter()
    for chunk in open_body(path, UnpackLimits(), refused=refused): ...

For worker processes: synchronous, and limited further by the process's own memory and deadline. What is packed is told
by its first bytes, never by a name. Nothing is written but, for few archives, an unlinked spool file, and no name
inside an archive is ever used for a file: members that are links, devices or have names that would leave a folder are
passed over and counted. A tar may be inside a compressed stream, and an archive inside one; no more layers than two are
opened.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import IO, TYPE_CHECKING, Literal

from tipd.errors import TipdError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PIECE = 256 * 1024
HEAD = 512
RATIO_FLOOR = 16 * 2**20  # bytes a body may always reach: small lists may compress very well
MAX_LAYERS = 2

type Reason = Literal[
    "bomb",
    "too_large",
    "too_many_entries",
    "truncated",
    "damaged",
    "encrypted",
    "unsupported",
    "memory",
    "too_many_lines",
]
type Container = Literal["plain", "gz", "bz2", "xz", "zstd", "tar", "zip", "7z"]


class UnpackError(TipdError):
    """A body that cannot, or must not, be unpacked; `reason` is one word, the text is for the operator."""

    def __init__(self, reason: Reason, message: str) -> None:
        """Keep the reason beside the text."""
        super().__init__(message)
        self.reason: Reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackLimits:
    """Bounds of one body, in bytes unless said: `max_ratio` is of the packed size (beyond the first 16 MiB).

    `max_entries` counts all members, also those passed over; `memory` is the largest dictionary or window.
    """

    max_bytes: int = 2**30
    max_ratio: int = 200
    max_entries: int = 10_000
    memory: int = 128 * 2**20


@dataclass(slots=True)
class Meter:
    """Counts what comes out of one body, over all its layers and members."""

    limits: UnpackLimits
    packed: int
    refused: Counter[str]
    size: int = 0
    entries: int = 0

    def bytes(self, count: int) -> None:
        """Count bytes that were unpacked; raises UnpackError `bomb` or `too_large`."""
        self.size += count
        if self.size > self.limits.max_bytes:
            raise UnpackError("too_large", f"unpacks to more than {self.limits.max_bytes} bytes")
        if self.size > self.most:
            raise UnpackError("bomb", f"unpacks to more than {self.limits.max_ratio} times its size")

    @property
    def most(self) -> int:
        """Return how many bytes the ratio allows."""
        return max(RATIO_FLOOR, self.packed * self.limits.max_ratio)

    def entry(self, count: int = 1) -> None:
        """Count members; raises UnpackError `too_many_entries`."""
        self.entries += count
        if self.entries > self.limits.max_entries:
            raise UnpackError("too_many_entries", f"holds more than {self.limits.max_entries} members")


type Entries = Iterator[tuple[str, Iterator[bytes]]]


def open_body(
    path: Path, limits: UnpackLimits | None = None, *, member: str = "*", refused: Counter[str] | None = None
) -> Iterator[bytes]:
    """Yield a body's bytes in chunks of at most about PIECE; members of an archive one after the other.

    Between two members stands a line's end at least. `member` chooses by a pattern on the whole name, or its last part.
    `refused` counts the members passed over, by why. Raises UnpackError, and OSError for our own disk.
    """
    last = b""
    for _, chunks in open_entries(path, limits, member=member, refused=refused):
        if last and not last.endswith(b"\n"):
            yield b"\n"
        for chunk in chunks:
            yield chunk
            last = chunk or last


def open_entries(
    path: Path,
    limits: UnpackLimits | None = None,
    *,
    member: str = "*",
    refused: Counter[str] | None = None,
    spool: bool = True,
) -> Entries:
    """Yield (name, chunks) of each regular member, in order; a name is "" where there is no archive.

    Each member's chunks must be read before the next member is asked for; what was not read is skipped. Without `spool`
    nothing is written anywhere: the rare archive that cannot be read so is UnpackError `unsupported`.
    """
    with path.open("rb") as file:
        meter = Meter(limits or UnpackLimits(), path.stat().st_size, Counter() if refused is None else refused)
        for name, chunks in _entries(file, meter, path.parent if spool else None):
            if not name or fnmatchcase(name, member) or fnmatchcase(name.rpartition("/")[2], member):
                yield name, chunks
            for _ in chunks:  # a stream has to be read on to its next member
                pass


def detect(head: bytes) -> Container:
    """Return what a body is packed in, by its first 512 bytes (fewer where it is shorter)."""
    if head.startswith(b"\x1f\x8b\x08"):
        return "gz"
    if head[:3] == b"BZh" and head[4:10] in {b"\x31\x41\x59\x26\x53\x59", b"\x17\x72\x45\x38\x50\x90"}:
        return "bz2"
    if head.startswith(b"\xfd7zXZ\x00"):
        return "xz"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"7z\xbc\xaf\x27\x1c"):
        return "7z"
    return "tar" if head[257:262] == b"ustar" else "plain"


def _entries(file: IO[bytes], meter: Meter, folder: Path | None) -> Entries:
    from tipd.work.unpack_streams import inflate

    head = file.read(HEAD)
    file.seek(0)
    kind, chunks = detect(head), _chunks(file)
    layers = 0
    while kind in {"gz", "bz2", "xz", "zstd"}:
        layers += 1
        if layers > MAX_LAYERS:
            raise UnpackError("unsupported", f"is compressed more than {MAX_LAYERS} times over")
        head, chunks = _peek(_metered(inflate(kind, chunks, meter.limits.memory), meter))
        kind = detect(head)
    if layers == 0 and kind == "tar":
        chunks = _metered(chunks, meter)
    if kind in {"zip", "7z"} and layers:
        if folder is None:
            raise UnpackError("unsupported", f"is a {kind} archive in a compressed stream")
        with _spooled(chunks, folder) as spool:
            yield from _archive(kind, spool, meter, folder)
    elif kind in {"zip", "7z"}:
        yield from _archive(kind, file, meter, folder)
    elif kind == "tar":
        from tipd.work.unpack_tar import tar_entries

        yield from tar_entries(chunks, meter)
    else:
        yield "", chunks if layers else _metered(chunks, meter)


def _archive(kind: Container, file: IO[bytes], meter: Meter, folder: Path | None) -> Entries:
    if kind == "zip":
        from tipd.work.unpack_zip import zip_entries

        return zip_entries(file, meter)
    from tipd.work.unpack_7z import seven_zip_entries

    return seven_zip_entries(file, meter, folder)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(PIECE):
        yield chunk


def _metered(chunks: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    for chunk in chunks:
        meter.bytes(len(chunk))
        yield chunk


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all of them again."""
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= HEAD:
            break

    def again() -> Iterator[bytes]:
        if head:
            yield head
        yield from chunks

    return head[:HEAD], again()


def _spooled(chunks: Iterator[bytes], folder: Path) -> IO[bytes]:
    """Return the bytes as a file without a name: an archive has to be read from its end."""
    spool = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - the caller closes it
    for chunk in chunks:
        spool.write(chunk)
    spool.seek(0)
    return spool


def unsafe(name: str) -> bool:
    """Return whether a member's name would leave its folder, were it used (it is not)."""
    parts = name.replace("\\", "/").split("/")
    return name.startswith(("/", "\\")) or ".." in parts or "\0" in name or (len(name) > 1 and name[1] == ":")
