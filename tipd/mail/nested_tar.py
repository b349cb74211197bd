"""Members of a tar file, header by header (POSIX.1-1988 ustar, GNU long names, pax paths)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.mail.nested import MOST_HEADERS, BadArchive, Member, sliced

if TYPE_CHECKING:
    from collections.abc import Iterator

BLOCK = 512
LONGEST_NAME = 4096
_FILES = (b"0", b"\0", b"7")


def members(content: bytes) -> Iterator[Member]:
    """Yield regular files in their order; raises BadArchive."""
    at, name = 0, ""
    for _ in range(MOST_HEADERS):
        header = content[at : at + BLOCK]
        if len(header) < BLOCK or header == bytes(BLOCK):
            return
        if header[257:262] != b"ustar":
            raise BadArchive("a header is none")
        size, kind, begun = _number(header[124:136]), header[156:157], at + BLOCK
        if size < 0 or begun + size > len(content):
            raise BadArchive("a member is cut")
        if kind in {b"L", b"x"}:
            data = content[begun : begun + min(size, LONGEST_NAME)]
            name = _text(data) if kind == b"L" else _path(data) or name
        else:
            if kind in _FILES:
                yield Member(name or _name(header), size, sliced(content, begun, size))
            name = ""
        at = begun + (size + BLOCK - 1) // BLOCK * BLOCK


def _name(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "replace")


def _number(field: bytes) -> int:
    """Return a number in octal digits, or in base 256 where the first bit says so; raises BadArchive."""
    if field[0] & 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b"\0 ")
    try:
        return int(digits, 8) if digits else 0
    except ValueError:
        raise BadArchive("a size is no number") from None


def _path(records: bytes) -> str:
    """Return the `path` of a pax header's records, empty where it has none."""
    while records:
        length, blank, _ = records.partition(b" ")
        if not blank or not length.isdigit() or not (0 < int(length[:10]) <= len(records)):
            return ""
        key, _, value = records[len(length) + 1 : int(length)].rstrip(b"\n").partition(b"=")
        if key == b"path":
            return _text(value)
        records = records[int(length) :]
    return ""
