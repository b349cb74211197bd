"""The one file inside a compressed stream: gzip (RFC 1952), bzip2, xz, zstd (RFC 8878)."""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib
from functools import partial
from typing import TYPE_CHECKING

import zstandard

from tipd.mail.nested import BadArchive, Member

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MEMORY = 64 * 2**20  # bytes of dictionary or window that a stream may ask for
LONGEST_NAME = 1024


def in_gzip(content: bytes) -> Iterator[Member]:
    """Yield the file of a gzip stream, under the name its header bears."""
    yield Member(_name(content), _size(content), partial(_unpacked, _gzip, content))


def in_bzip2(content: bytes) -> Iterator[Member]:
    """Yield the file of a bzip2 stream, which has no name."""
    yield Member("", 0, partial(_unpacked, _bzip2, content))


def in_xz(content: bytes) -> Iterator[Member]:
    """Yield the file of an xz stream, which has no name."""
    yield Member("", 0, partial(_unpacked, _xz, content))


def in_zstd(content: bytes) -> Iterator[Member]:
    """Yield the file of a zstd stream, which has no name."""
    yield Member("", 0, partial(_unpacked, _zstd, content))


def _unpacked(read: Callable[[bytes, int], bytes], content: bytes, most: int) -> bytes:
    try:
        return read(content, most)
    except (zlib.error, OSError, EOFError, lzma.LZMAError, zstandard.ZstdError, ValueError, MemoryError) as error:
        raise BadArchive(f"{type(error).__name__}: {error}") from None


def _gzip(content: bytes, most: int) -> bytes:
    return zlib.decompressobj(31).decompress(content, most)


def _bzip2(content: bytes, most: int) -> bytes:
    return bz2.BZ2Decompressor().decompress(content, most)


def _xz(content: bytes, most: int) -> bytes:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY).decompress(content, most)


def _zstd(content: bytes, most: int) -> bytes:
    with zstandard.ZstdDecompressor(max_window_size=MEMORY).stream_reader(content) as reader:
        return reader.read(most)


def _size(content: bytes) -> int:
    """Return the unpacked size a gzip stream says it has, modulo 2**32: a hint that is never trusted."""
    return 0 if len(content) < 18 else int(struct.unpack_from("<I", content, len(content) - 4)[0]) % 2**31


def _name(content: bytes) -> str:
    flags, at = content[3:4], 10
    if not flags or not flags[0] & 0x08:
        return ""
    if flags[0] & 0x04:
        at += 2 + int.from_bytes(content[at : at + 2], "little")
    return content[at : at + LONGEST_NAME].partition(b"\0")[0].decode("latin-1")
