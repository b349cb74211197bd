"""Members of a RAR file by its headers, versions 4 and 5 (RARLAB, "RAR 5.0 archive format" and technote.txt).

Nothing is unpacked but what is stored as it is: the method is not free.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tipd.mail.nested import MOST_HEADERS, BadArchive, Member, sliced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_MARK4, _MARK5 = b"Rar!\x1a\x07\x00", b"Rar!\x1a\x07\x01\x00"
_BLOCK4 = struct.Struct("<HBHH")
_FILE4 = struct.Struct("<IIBIIBBHI")
_STORED4 = 0x30


def members(content: bytes) -> Iterator[Member]:
    """Yield files in their order; raises BadArchive, also where the names themselves are encrypted."""
    if content.startswith(_MARK5):
        return _members5(content)
    if content.startswith(_MARK4):
        return _members4(content)
    raise BadArchive("neither version 4 nor 5")


def _members4(content: bytes) -> Iterator[Member]:
    at = len(_MARK4)
    for _ in range(MOST_HEADERS):
        if at + _BLOCK4.size > len(content):
            break
        _, kind, flags, size = _BLOCK4.unpack_from(content, at)
        if kind == 0x7B:
            return
        if kind == 0x73 and flags & 0x80:
            raise BadArchive("its names are encrypted")
        begun = at + _BLOCK4.size
        packed = int.from_bytes(content[begun : begun + 4], "little") if flags & 0x8000 or kind == 0x74 else 0
        if size < _BLOCK4.size:
            raise BadArchive("a header is cut")
        if kind == 0x74:
            if begun + _FILE4.size > len(content):
                raise BadArchive("a header is cut")
            _, unpacked, _, _, _, _, method, name_size, _ = _FILE4.unpack_from(content, begun)
            named = begun + _FILE4.size + (8 if flags & 0x100 else 0)
            name = content[named : named + name_size].partition(b"\0")[0].decode("utf-8", "replace")
            stored = method == _STORED4 and not flags & 0x04
            if flags & 0xE0 != 0xE0:  # a folder
                yield Member(name, unpacked, sliced(content, at + size, packed) if stored else None)
        at += size + packed
    raise BadArchive("it has no end")


def _members5(content: bytes) -> Iterator[Member]:
    at = len(_MARK5)
    for _ in range(MOST_HEADERS):
        if at >= len(content):
            break
        header_size, begun = _number(content, at + 4)
        end = begun + header_size
        if not header_size or end > len(content):
            raise BadArchive("a header is cut")
        kind, place = _number(content, begun)
        flags, place = _number(content, place)
        if kind == 4:
            raise BadArchive("its names are encrypted")
        if kind == 5:
            return
        _, place = _number(content, place) if flags & 1 else (0, place)
        data, place = _number(content, place) if flags & 2 else (0, place)
        if kind == 2 and (member := _file5(content, place, sliced(content, end, data))):
            yield member
        at = end + data
    raise BadArchive("it has no end")


def _file5(content: bytes, at: int, stored: Callable[[int], bytes]) -> Member | None:
    flags, at = _number(content, at)
    size, at = _number(content, at)
    _, at = _number(content, at)
    at += (4 if flags & 2 else 0) + (4 if flags & 4 else 0)
    method, at = _number(content, at)
    _, at = _number(content, at)
    length, at = _number(content, at)
    name = content[at : at + min(length, 4096)].decode("utf-8", "replace")
    if flags & 1:  # a folder
        return None
    return Member(name, 0 if flags & 8 else size, None if method >> 7 & 7 else stored)


def _number(content: bytes, at: int) -> tuple[int, int]:
    """Return a number of seven bits a byte, the lowest first, and where it ends; raises BadArchive."""
    value = 0
    for shift in range(0, 70, 7):
        if at >= len(content):
            break
        byte = content[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise BadArchive("a number has no end")
