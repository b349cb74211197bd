"""tar as a stream: ustar, GNU long names, pax (POSIX.1-2017, pax). Only regular members come out.

Not the standard library's module: it reads a pax header of any size a header claims, and its care goes into extracting,
which is never done here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.work.unpack import PIECE, UnpackError, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.work.unpack import Entries, Meter

BLOCK = 512
MAX_EXTENSION = 256 * 1024  # bytes of a long name or a pax header
_REGULAR = frozenset({b"0", b"\0", b"7"})
_WITHOUT_DATA = {b"1": "link", b"2": "link", b"3": "device", b"4": "device", b"5": "folder", b"6": "fifo"}


@dataclass(slots=True)
class _Member:
    name: str
    size: int
    kind: bytes


class _Reader:
    """Reads exact lengths from chunks."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = memoryview(b"")

    def some(self, limit: int) -> bytes:
        """Return 1 to `limit` bytes; raises UnpackError `truncated` where there are none."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                raise UnpackError("truncated", "the tar archive ends too early")
            self._rest = memoryview(chunk)
        piece, self._rest = bytes(self._rest[:limit]), self._rest[limit:]
        return piece

    def stream(self, length: int) -> Iterator[bytes]:
        """Yield exactly so many bytes."""
        while length:
            piece = self.some(min(length, PIECE))
            length -= len(piece)
            yield piece

    def exactly(self, length: int) -> bytes:
        """Return exactly so many bytes, of which there are few."""
        return b"".join(self.stream(length))


def tar_entries(chunks: Iterator[bytes], meter: Meter) -> Entries:
    """Yield (name, chunks) of each regular member, to be read before the next; raises UnpackError."""
    reader = _Reader(chunks)
    name, size = "", -1  # what an extension before a header says of it
    while (member := _header(reader)) is not None:
        meter.entry()
        padding = -member.size % BLOCK
        if member.kind in {b"L", b"x", b"X"}:
            extension = _extension(reader, member)
            if member.kind == b"L":
                name = extension.rstrip(b"\0").decode("utf-8", "replace")
            else:
                name, size = _pax(extension, name, size)
            continue
        member.name, member.size = name or member.name, size if size >= 0 else member.size
        name, size, padding = "", -1, -member.size % BLOCK
        why = _refusal(member)
        if why is None:
            yield member.name, reader.stream(member.size)
        elif why != "folder":
            meter.refused[why] += 1
        if why is not None and member.kind not in _WITHOUT_DATA:
            for _ in reader.stream(member.size):
                pass
        if member.kind not in _WITHOUT_DATA:
            reader.exactly(padding)


def _refusal(member: _Member) -> str | None:
    if member.kind in _WITHOUT_DATA:
        return _WITHOUT_DATA[member.kind]
    if member.kind in {b"g", b"K"}:
        return "folder"  # says something of others that nobody here asks for
    if member.kind not in _REGULAR:
        return "odd kind"
    return "unsafe name" if unsafe(member.name) else None


def _header(reader: _Reader) -> _Member | None:
    """Return the next header, None at the end of the archive; raises UnpackError `damaged`."""
    block = reader.exactly(BLOCK)
    if not any(block):
        return None
    claimed = _number(block[148:156])
    unsigned = sum(block) - sum(block[148:156]) + 8 * 0x20
    signed = unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:])  # some old tars summed so
    if claimed not in {unsigned, signed}:
        raise UnpackError("damaged", "a tar header's checksum is wrong")
    name = _text(block[:100])
    prefix = _text(block[345:500]) if block[257:263] == b"ustar\0" else ""
    return _Member(f"{prefix}/{name}" if prefix else name, _number(block[124:136]), block[156:157])


def _extension(reader: _Reader, member: _Member) -> bytes:
    if member.size > MAX_EXTENSION:
        raise UnpackError("damaged", "a tar header's extension is too large")
    data = reader.exactly(member.size)
    reader.exactly(-member.size % BLOCK)
    return data


def _pax(data: bytes, name: str, size: int) -> tuple[str, int]:
    """Return what `length key=value` records say of the next member's name and size."""
    while data.strip(b"\0"):
        digits, space, _ = data.partition(b" ")
        if not space or not digits.isdigit() or len(digits) > 6 or not len(digits) < int(digits) <= len(data):
            raise UnpackError("damaged", "a tar header's extension cannot be read")
        key, _, value = data[len(digits) + 1 : int(digits)].rstrip(b"\n").partition(b"=")
        data = data[int(digits) :]
        if key == b"path":
            name = value.decode("utf-8", "replace")
        elif key == b"size":
            if not value.isdigit() or len(value) > 15:
                raise UnpackError("damaged", "a tar member's size cannot be read")
            size = int(value)
    return name, size


def _number(field: bytes) -> int:
    """Return an octal number, or GNU's base 256; raises UnpackError `damaged`."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:])
    digits = field.strip(b" \0")
    if digits and not all(byte in b"01234567" for byte in digits):
        raise UnpackError("damaged", "a tar header's number cannot be read")
    return int(digits or b"0", 8)


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")
