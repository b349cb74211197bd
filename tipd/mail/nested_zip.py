"""Members of a zip file, out of its directory, one at a time (PKWARE's APPNOTE.TXT 6.3.10, 4.3)."""

from __future__ import annotations

import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

from tipd.mail.nested import MOST_HEADERS, BadArchive, Member

if TYPE_CHECKING:
    from collections.abc import Iterator

_END = struct.Struct("<4s4H2LH")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FARTHEST = 65557  # bytes from the end: a comment of 64 kB may follow the end record
_ENCRYPTED, _UTF8 = 0x1, 0x800
_STORED, _DEFLATED = 0, 8
_PIECE = 65536


def members(content: bytes) -> Iterator[Member]:
    """Yield members in the directory's order; raises BadArchive."""
    end = content.rfind(b"PK\x05\x06", max(0, len(content) - _FARTHEST))
    if end < 0 or end + _END.size > len(content):
        raise BadArchive("no end of the directory")
    fields = _END.unpack_from(content, end)
    length, begun = fields[5], fields[6]
    shift = end - length - begun  # a zip may have a program in front
    at = begun + shift if shift >= 0 else begun
    for _ in range(MOST_HEADERS):
        if content[at : at + 4] != b"PK\x01\x02":
            return
        if at + _ENTRY.size > len(content):
            raise BadArchive("the directory is cut")
        entry = _ENTRY.unpack_from(content, at)
        flags, method, packed, size = entry[3], entry[4], entry[8], entry[9]
        name_bytes, extra_bytes, comment_bytes, where = entry[10], entry[11], entry[12], entry[16]
        raw = content[at + _ENTRY.size : at + _ENTRY.size + name_bytes]
        name = raw.decode("utf-8" if flags & _UTF8 else "cp437", "replace")
        at += _ENTRY.size + name_bytes + extra_bytes + comment_bytes
        if name.endswith("/") and not size:
            continue
        readable = not flags & _ENCRYPTED and method in {_STORED, _DEFLATED}
        yield Member(
            name, size, partial(_unpacked, content, where + max(shift, 0), packed, method) if readable else None
        )


def _unpacked(content: bytes, where: int, packed: int, method: int, most: int) -> bytes:
    if content[where : where + 4] != b"PK\x03\x04" or where + _LOCAL.size > len(content):
        raise BadArchive("a member is not where the directory says")
    local = _LOCAL.unpack_from(content, where)
    begun = where + _LOCAL.size + local[9] + local[10]
    if method == _STORED:
        return content[begun : begun + min(packed, most)]
    inflate, found, end = zlib.decompressobj(-15), bytearray(), min(begun + packed, len(content))
    try:
        for at in range(begun, end, _PIECE):
            found += inflate.decompress(content[at : min(at + _PIECE, end)], most - len(found))
            if len(found) >= most or inflate.eof:
                break
    except zlib.error as error:
        raise BadArchive(str(error)) from None
    return bytes(found)
