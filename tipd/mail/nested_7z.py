"""Members of a 7z file by its header (7-Zip's 7zFormat.txt); folders packed in one plain way are opened too.

A header may be packed itself. It is unpacked within a cap, and what it says is never taken as the size of anything that
is set aside before it is read.
"""

from __future__ import annotations

import lzma
import struct
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tipd.mail.nested import BadArchive, Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START = struct.Struct("<6s2BIQQI")
LONGEST_HEADER = 2**20
MOST_CODERS = 8
MEMORY = 64 * 2**20  # bytes of dictionary that a folder may ask for
MOST = 4096  # files, folders and streams that are counted
MOST_READS = 100_000  # numbers and runs of bytes that are read of one header
_END, _HEADER, _STREAMS, _FILES = 0x00, 0x01, 0x04, 0x05
_PACK, _UNPACK, _SUB, _SIZE, _CRC = 0x06, 0x07, 0x08, 0x09, 0x0A
_FOLDER, _CODERS_SIZE, _NUM = 0x0B, 0x0C, 0x0D
_EMPTY_STREAM, _EMPTY_FILE, _NAMES, _ENCODED = 0x0E, 0x0F, 0x11, 0x17
_COPY, _LZMA, _LZMA2 = b"\x00", b"\x03\x01\x01", b"\x21"


@dataclass(slots=True)
class _Folder:
    """A run of packed bytes: its coders as (method, properties), its sizes, how many files it holds and how long."""

    coders: list[tuple[bytes, bytes]]
    outs: int
    sizes: list[int] = field(default_factory=list)
    begun: int = 0
    packed: int = 0
    files: list[int] = field(default_factory=list)
    crc: bool = False

    @property
    def size(self) -> int:
        return self.sizes[-1] if self.sizes else 0


class _Bytes:
    """A header, read from its beginning; raises BadArchive where it ends too early."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.reads = data, 0, 0

    def take(self, count: int) -> bytes:
        self.reads += 1
        if self.at + count > len(self.data) or self.reads > MOST_READS:
            raise BadArchive("the header is cut")
        self.at += count
        return self.data[self.at - count : self.at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Return a number: the first byte's leading ones say how many bytes follow, the rest are its highest bits."""
        first = self.byte()
        for count in range(8):
            if not first & 0x80 >> count:
                return (first & (0x7F >> count)) << 8 * count | int.from_bytes(self.take(count), "little")
        return int.from_bytes(self.take(8), "little")

    def count(self) -> int:
        """Return how many of something follow; raises BadArchive for more than anybody lists."""
        found = self.number()
        if found > MOST:
            raise BadArchive(f"more than {MOST} of a kind")
        return found

    def bits(self, count: int) -> list[bool]:
        data = self.take((count + 7) // 8)
        return [bool(data[at // 8] & 0x80 >> at % 8) for at in range(count)]

    def defined(self, count: int) -> list[bool]:
        return [True] * count if self.byte() else self.bits(count)

    def expect(self, kind: int) -> None:
        if self.byte() != kind:
            raise BadArchive("the header is not as headers are")


def members(content: bytes) -> Iterator[Member]:
    """Yield files in their order; raises BadArchive."""
    if len(content) < _START.size:
        raise BadArchive("it is cut")
    _, _, _, _, offset, size, _ = _START.unpack_from(content)
    header = _Bytes(_header(content, _START.size + offset, size))
    for _ in range(4):
        kind = header.byte()
        if kind == _HEADER:
            return _listed(content, header)
        if kind != _ENCODED:
            break
        folders = _streams(header)
        if not folders or folders[0].size > LONGEST_HEADER:
            raise BadArchive("the header is too large")
        header = _Bytes(_Opened(content, folders[0]).read(0, folders[0].size, LONGEST_HEADER))
    raise BadArchive("no header")


def _header(content: bytes, begun: int, size: int) -> bytes:
    if size > LONGEST_HEADER or begun + size > len(content) or not size:
        raise BadArchive("the header is not there, or too large")
    return content[begun : begun + size]


def _listed(content: bytes, header: _Bytes) -> Iterator[Member]:
    kind = header.byte()
    if kind == 0x02:  # archive properties
        while header.byte() != _END:
            header.take(header.number())
        kind = header.byte()
    folders = _streams(header) if kind == _STREAMS else []
    kind = header.byte() if kind == _STREAMS else kind
    if kind == _FILES:
        names, empty = _names(header)
        yield from _members(content, folders, names, empty)


def _members(content: bytes, folders: list[_Folder], names: list[str], empty: list[bool]) -> Iterator[Member]:
    """Yield files with their sizes; one that lies in a folder is opened by opening the folder up to its end."""
    lying = _lying(content, folders)
    for at, name in enumerate(names):
        if not empty[at]:  # else a folder, or a file of nothing
            found = next(lying, None)
            if found is None:
                raise BadArchive("more names than files")
            yield Member(name, *found)


def _lying(content: bytes, folders: list[_Folder]) -> Iterator[tuple[int, Callable[[int], bytes] | None]]:
    for folder in folders:
        opened = _Opened(content, folder) if _is_plain(folder) else None
        begun = 0
        for size in folder.files:
            yield size, partial(opened.read, begun, size) if opened else None
            begun += size


def _is_plain(folder: _Folder) -> bool:
    return len(folder.coders) == 1 and folder.coders[0][0] in {_COPY, _LZMA, _LZMA2}


class _Opened:
    """A folder as it is unpacked, once and forwards: files of a folder are packed together."""

    def __init__(self, content: bytes, folder: _Folder) -> None:
        if not _is_plain(folder):
            raise BadArchive("packed in a way that is not read here")
        self._packed = content[folder.begun : folder.begun + folder.packed]
        self._method, self._properties = folder.coders[0]
        self._decoder: lzma.LZMADecompressor | None = None
        self._at = 0

    def read(self, begun: int, size: int, most: int) -> bytes:
        """Return a file's bytes, at most so many; raises BadArchive, also where more would have to be unpacked."""
        if self._method == _COPY:
            return self._packed[begun : begun + min(size, most)]
        if begun < self._at or begun + size - self._at > most:
            raise BadArchive("too much lies before it")
        try:
            self._unpacked(begun - self._at)
            return self._unpacked(size)
        except (lzma.LZMAError, ValueError, EOFError, MemoryError) as error:
            raise BadArchive(str(error)) from None

    def _unpacked(self, count: int) -> bytes:
        if self._decoder is None:
            chosen = _filter(self._method, self._properties)
            self._decoder = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chosen])
            self._decoder.decompress(self._packed, 0)
        found = bytearray()
        while len(found) < count and not self._decoder.eof:
            piece = self._decoder.decompress(b"", count - len(found))
            if not piece:
                break
            found += piece
        self._at += len(found)
        return bytes(found)


def _filter(method: bytes, properties: bytes) -> dict[str, Any]:
    if method == _LZMA2 and len(properties) == 1:
        bits = properties[0] & 0x3F
        size = min((2 | bits & 1) << (bits // 2 + 11), 2**32 - 1)
        chosen: dict[str, Any] = {"id": lzma.FILTER_LZMA2, "dict_size": size}
    elif method == _LZMA and len(properties) == 5:
        rest, lc = divmod(properties[0], 9)
        pb, lp = divmod(rest, 5)
        size = int.from_bytes(properties[1:], "little")
        chosen = {"id": lzma.FILTER_LZMA1, "dict_size": size, "lc": lc, "lp": lp, "pb": pb}
    else:
        raise BadArchive("a coder without its properties")
    if chosen["dict_size"] > MEMORY:
        raise BadArchive("it asks for too large a dictionary")
    return chosen


def _streams(header: _Bytes) -> list[_Folder]:
    """Read where packed streams lie, how they are packed and what files they hold."""
    begun = 0
    packs: list[int] = []
    folders: list[_Folder] = []
    while (kind := header.byte()) != _END:
        if kind == _PACK:
            begun, packs = _pack(header)
        elif kind == _UNPACK:
            folders = _folders(header)
        elif kind == _SUB:
            _substreams(header, folders)
        else:
            raise BadArchive("the header is not as headers are")
    at = _START.size + begun
    for folder, packed in zip(folders, packs, strict=False):
        folder.begun, folder.packed = at, packed
        at += packed
    for folder in folders:
        folder.files = folder.files or [folder.size]
    return folders


def _pack(header: _Bytes) -> tuple[int, list[int]]:
    begun, count = header.number(), header.count()
    sizes: list[int] = []
    while (kind := header.byte()) != _END:
        if kind == _SIZE:
            sizes = [header.number() for _ in range(count)]
        elif kind == _CRC:
            header.take(4 * sum(header.defined(count)))
        else:
            raise BadArchive("the header is not as headers are")
    return begun, sizes


def _folders(header: _Bytes) -> list[_Folder]:
    header.expect(_FOLDER)
    count = header.count()
    header.expect(0)
    folders = [_folder(header) for _ in range(count)]
    header.expect(_CODERS_SIZE)
    for folder in folders:
        folder.sizes = [header.number() for _ in range(folder.outs)]
    kind = header.byte()
    if kind == _CRC:
        defined = header.defined(count)
        header.take(4 * sum(defined))
        for folder, known in zip(folders, defined, strict=True):
            folder.crc = known
        kind = header.byte()
    if kind != _END:
        raise BadArchive("the header is not as headers are")
    return folders


def _folder(header: _Bytes) -> _Folder:
    coders, ins, outs = [], 0, 0
    for _ in range(_few(header.count())):
        flags = header.byte()
        method = header.take(flags & 0x0F)
        come, go = (_few(header.count()), _few(header.count())) if flags & 0x10 else (1, 1)
        properties = header.take(header.count()) if flags & 0x20 else b""
        ins, outs = ins + come, outs + go
        coders.append((method, properties))
    for _ in range(max(outs - 1, 0)):
        header.number()
        header.number()
    packed = ins - max(outs - 1, 0)
    for _ in range(packed if packed > 1 else 0):
        header.number()
    return _Folder(coders, outs)


def _few(count: int) -> int:
    if count > MOST_CODERS:
        raise BadArchive("more coders than anybody chains")
    return count


def _substreams(header: _Bytes, folders: list[_Folder]) -> None:
    counts = [1] * len(folders)
    kind = header.byte()
    if kind == _NUM:
        counts = [header.count() for _ in folders]
        kind = header.byte()
    if sum(counts) > MOST:
        raise BadArchive(f"more than {MOST} files")
    for folder, count in zip(folders, counts, strict=True):
        sizes = [header.number() for _ in range(count - 1)] if kind == _SIZE else []
        folder.files = [*sizes, max(folder.size - sum(sizes), 0)] if count else []
    kind = header.byte() if kind == _SIZE else kind
    if kind == _CRC:
        unknown = sum(count for folder, count in zip(folders, counts, strict=True) if count != 1 or not folder.crc)
        header.take(4 * sum(header.defined(unknown)))
        kind = header.byte()
    if kind != _END:
        raise BadArchive("the header is not as headers are")


def _names(header: _Bytes) -> tuple[list[str], list[bool]]:
    """Return the names of all entries, and which of them have no bytes."""
    count = header.count()
    names, empty = [""] * count, [False] * count
    while (kind := header.byte()) != _END:
        size = header.number()
        data = _Bytes(header.take(size))
        if kind == _NAMES:
            data.expect(0)
            names = data.data[1:].decode("utf-16-le", "replace").split("\0", count)[:count]
        elif kind == _EMPTY_STREAM:
            empty = data.bits(count)
    return names, empty
