"""What a 7z archive says of itself (7zFormat.txt of 7-Zip): folders of coders, and the members inside each.

Every number is the archive's word: counts are bounded by what is left of the header before anything is made of them.
"""

from __future__ import annotations

import struct
import zlib
from array import array
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.work.unpack import UnpackError

if TYPE_CHECKING:
    from collections.abc import Callable

MAGIC = b"7z\xbc\xaf\x27\x1c"
START = 32  # bytes of the signature header
LARGEST = 256 * 2**20  # bytes of a header, decoded
MOST_CODERS = 8
_END, _HEADER, _ARCHIVE, _EXTRA, _MAIN, _FILES, _PACK, _UNPACK, _SUBSTREAMS, _SIZE, _CRC = range(11)
_FOLDER, _CODER_SIZES, _STREAMS, _EMPTY, _EMPTY_FILE, _ANTI, _NAMES = range(0x0B, 0x12)
_ATTRIBUTES, _ENCODED = 0x15, 0x17


@dataclass(slots=True)
class Coder:
    """One step of unpacking: its method's id and properties; `size`: bytes it makes."""

    method: bytes
    properties: bytes
    size: int = 0


@dataclass(slots=True)
class Folder:
    """A packed stream at `start` with `packed` bytes, its coders, and the sizes of its members.

    `listed`: the coders as the archive counts them; `coders`: from the packed side on, empty where they are no chain
    in which each takes one stream and gives one. `crc`: of the whole, where one is given.
    """

    listed: list[Coder]
    coders: list[Coder]
    start: int = 0
    packed: int = 0
    crc: int | None = None
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    crcs: list[int | None] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many bytes it makes."""
        return (self.coders or self.listed)[-1].size


@dataclass(slots=True)
class Header:
    """All an archive says: `names` (UTF-16, each ended by a NUL), `filled`: which members have bytes.

    `files`: which of the empty ones are files, not folders; `anti`: that delete; `attributes`: of each, or None.
    """

    folders: list[Folder] = field(default_factory=list)
    count: int = 0
    names: bytes = b""
    empty: bytes = b""
    files: bytes = b""
    anti: bytes = b""
    attributes: array[int] | None = None


def damaged(why: str) -> UnpackError:
    """Return the error of an archive that cannot be read."""
    return UnpackError("damaged", f"the 7z archive is damaged ({why})")


def start_of(head: bytes) -> tuple[int, int, int]:
    """Return where the header stands (offset behind the start), its size and CRC; raises UnpackError."""
    if len(head) < START or head[:6] != MAGIC:
        raise damaged("no signature")
    crc, offset, size, header_crc = struct.unpack("<IQQI", head[8:START])
    if zlib.crc32(head[12:START]) != crc:
        raise damaged("its beginning")
    if size > LARGEST:
        raise UnpackError("too_many_entries", f"the 7z archive has a header of {size} bytes")
    return offset, size, header_crc


def read_header(data: bytes, decode: Callable[[Folder], bytes], most: int) -> Header:
    """Return what the header says; `decode` unpacks a folder that holds a packed header.

    Raises UnpackError: `damaged`, or `too_many_entries` where it has more than `most` members.
    """
    try:
        for _ in range(4):  # headers are packed once, or not at all
            reader = _Reader(data)
            kind = reader.byte()
            if kind == _HEADER:
                return reader.header(most)
            if kind != _ENCODED:
                break
            folders = reader.streams(most)
            if len(folders) != 1 or len(folders[0].sizes) != 1 or folders[0].sizes[0] > LARGEST:
                break
            data = decode(folders[0])
    except (IndexError, struct.error, OverflowError):
        raise damaged("its header ends too early") from None
    raise damaged("its header")


class _Reader:
    """Reads the header's numbers in turn; IndexError behind its end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def take(self, count: int) -> bytes:
        if count < 0 or count > len(self._data) - self._at:
            raise IndexError
        self._at += count
        return self._data[self._at - count : self._at]

    def rest(self) -> bytes:
        return self._data[self._at :]

    def number(self) -> int:
        first, mask, value = self.byte(), 0x80, 0
        for place in range(8):
            if not first & mask:
                return value | (first & (mask - 1)) << (8 * place)
            value |= self.byte() << (8 * place)
            mask >>= 1
        return value

    def counted(self, least: int = 1) -> int:
        """Return a count of things that take at least so many bits each of what is left."""
        count = self.number()
        if count * least > 8 * (len(self._data) - self._at) + 8:
            raise IndexError
        return count

    def bits(self, count: int) -> bytes:
        """Return a vector of bits as bytes of 0 and 1."""
        packed = self.take((count + 7) // 8)
        return bytes(packed[at >> 3] >> (7 - (at & 7)) & 1 for at in range(count))

    def digests(self, count: int) -> list[int | None]:
        defined = bytes([1]) * count if self.byte() else self.bits(count)
        return [struct.unpack("<I", self.take(4))[0] if one else None for one in defined]

    def header(self, most: int) -> Header:
        found = Header()
        while (kind := self.byte()) != _END:
            if kind == _ARCHIVE:
                while self.byte() != _END:
                    self.take(self.number())
            elif kind == _EXTRA:
                self.streams(most)
            elif kind == _MAIN:
                found.folders = self.streams(most)
            elif kind == _FILES:
                self._files(found, most)
            else:
                raise IndexError
        return found

    def streams(self, most: int) -> list[Folder]:
        position, packed, folders, split = 0, array("Q"), [], False
        while (kind := self.byte()) != _END:
            if kind == _PACK:
                position, packed = self._pack()
            elif kind == _UNPACK:
                folders = self._folders()
            elif kind == _SUBSTREAMS:
                self._substreams(folders, most)
                split = True
            else:
                raise IndexError
        if len(packed) < len(folders):
            raise IndexError
        for folder, size in zip(folders, packed, strict=False):  # chains have one packed stream each
            folder.start, folder.packed = START + position, size
            position += size
            if not split:
                folder.sizes, folder.crcs = array("Q", [folder.size]), [folder.crc]
        return folders

    def _pack(self) -> tuple[int, array[int]]:
        position, count, sizes = self.number(), self.counted(8), array("Q")
        while (kind := self.byte()) != _END:
            if kind == _SIZE:
                sizes = array("Q", (self.number() for _ in range(count)))
            elif kind == _CRC:
                self.digests(count)
            else:
                raise IndexError
        return position, sizes

    def _folders(self) -> list[Folder]:
        if self.byte() != _FOLDER:
            raise IndexError
        count = self.counted(16)
        if self.byte():
            raise damaged("its header stands elsewhere")
        folders = [self._folder() for _ in range(count)]
        while (kind := self.byte()) != _END:
            if kind == _CODER_SIZES:
                for folder in folders:
                    for coder in folder.listed:
                        coder.size = self.number()
            elif kind == _CRC:
                for folder, crc in zip(folders, self.digests(len(folders)), strict=True):
                    folder.crc = crc
            else:
                raise IndexError
        return folders

    def _folder(self) -> Folder:
        count = self.number()
        if not 1 <= count <= MOST_CODERS:
            raise IndexError
        coders, takes, gives = [], 0, 0
        for _ in range(count):
            flags = self.byte()
            method = self.take(flags & 0x0F)
            more = (self.number(), self.number()) if flags & 0x10 else (1, 1)
            takes, gives = takes + more[0], gives + more[1]
            if max(takes, gives) > 4 * MOST_CODERS:
                raise IndexError
            coders.append(Coder(method, self.take(self.number()) if flags & 0x20 else b""))
        pairs = [(self.number(), self.number()) for _ in range(gives - 1)]
        inputs = takes - len(pairs)
        if inputs > 1:
            for _ in range(inputs):
                self.number()
        chained = _chain(coders, pairs) if takes == gives == count and inputs == 1 else []
        return Folder(coders, chained)

    def _substreams(self, folders: list[Folder], most: int) -> None:
        counts, kind = [1] * len(folders), self.byte()
        if kind == _STREAMS:
            counts, kind = [self.number() for _ in folders], self.byte()
        if sum(counts) > most:
            raise UnpackError("too_many_entries", f"holds more than {most} members")
        sized = kind == _SIZE
        for folder, count in zip(folders, counts, strict=True):
            rest = folder.size
            for _ in range(count - 1):
                folder.sizes.append(self.number() if sized else 0)
                rest -= folder.sizes[-1]
            if count:
                folder.sizes.append(rest)  # OverflowError where it is below nothing
            folder.crcs = [None] * count
        if sized:
            kind = self.byte()
        while kind != _END:
            if kind != _CRC:
                raise IndexError
            self._crcs(folders)
            kind = self.byte()

    def _crcs(self, folders: list[Folder]) -> None:
        lacking = [folder for folder in folders if not (len(folder.sizes) == 1 and folder.crc is not None)]
        found = iter(self.digests(sum(len(folder.sizes) for folder in lacking)))
        for folder in folders:
            if len(folder.sizes) == 1 and folder.crc is not None:
                folder.crcs = [folder.crc]
            else:
                folder.crcs = [next(found) for _ in folder.sizes]

    def _files(self, found: Header, most: int) -> None:
        count = self.number()
        if count > most:
            raise UnpackError("too_many_entries", f"holds more than {most} members")
        found.count = count
        while (kind := self.byte()) != _END:
            inner = _Reader(self.take(self.number()))
            if kind == _EMPTY:
                found.empty = inner.bits(count)
            elif kind == _EMPTY_FILE:
                found.files = inner.bits(sum(found.empty))
            elif kind == _ANTI:
                found.anti = inner.bits(sum(found.empty))
            elif kind == _NAMES:
                if inner.byte():
                    raise damaged("its names stand elsewhere")
                found.names = inner.rest()
            elif kind == _ATTRIBUTES:
                found.attributes = inner.attributes(count)

    def attributes(self, count: int) -> array[int]:
        defined = bytes([1]) * count if self.byte() else self.bits(count)
        if self.byte():
            raise damaged("its attributes stand elsewhere")
        return array("I", (struct.unpack("<I", self.take(4))[0] if one else 0 for one in defined))


def _chain(coders: list[Coder], pairs: list[tuple[int, int]]) -> list[Coder]:
    """Return coders from the packed side on, empty where they are no chain; a pair is whose input is whose output."""
    taker = {gives: takes for takes, gives in pairs}
    at: int | None = next(iter({*range(len(coders))} - {takes for takes, _ in pairs}), None)
    found: list[Coder] = []
    while at is not None and at < len(coders) and len(found) < len(coders):
        found.append(coders[at])
        at = taker.get(at)
    return found if len(found) == len(coders) and at is None else []
