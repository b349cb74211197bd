"""Mails that Dovecot compressed: known by their first bytes, never by their names, and unpacked up to a bound."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import TYPE_CHECKING

import zstandard

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, BinaryIO

_PIECE = 1 << 18
_PACKED_PIECE = 1 << 10
_WINDOW = 1 << 27  # bytes of zstd's window: what `zstd --long` makes, and no more
_MARKS = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\0": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"Dovecot-LZ4\r*\x9b\xc5": "lz4",
}
_LONGEST_MARK = max(map(len, _MARKS))
_BROKEN = (zlib.error, lzma.LZMAError, zstandard.ZstdError, EOFError, ValueError)


class CompressedError(Exception):
    """What cannot be unpacked; the text says why."""


def kind_of(first: bytes) -> str:
    """Return `gzip`, `bzip2`, `xz`, `zstd` or `lz4` by a file's first bytes, empty for a plain mail."""
    return next((kind for mark, kind in _MARKS.items() if first.startswith(mark)), "")


def pieces(file: BinaryIO, most: int) -> Iterator[bytes]:
    """Yield a mail's bytes, unpacked where it is compressed; `file` stands at its beginning and can seek.

    One that unpacks to more than `most` bytes is refused: its hash could not be told. Raises CompressedError, OSError.
    """
    kind = kind_of(file.read(_LONGEST_MARK))
    file.seek(0)
    if not kind:
        while piece := file.read(_PIECE):
            yield piece
        return
    size = 0
    try:
        with _opened(kind, file) as unpacked:
            while piece := unpacked.read(_PIECE):
                size += len(piece)
                if size > most:
                    raise CompressedError(f"it unpacks to more than {most} bytes")
                yield piece
    except _BROKEN as error:
        raise CompressedError(f"it begins as {kind} does, and is not: {error}") from None
    except OSError as error:
        if error.errno is not None:
            raise
        raise CompressedError(f"it begins as {kind} does, and is not: {error}") from None  # gzip's and bz2's own


def _opened(kind: str, file: BinaryIO) -> Any:
    if kind == "gzip":
        return gzip.GzipFile(fileobj=file)
    if kind == "bzip2":
        return bz2.BZ2File(file)
    if kind == "xz":
        return lzma.LZMAFile(file)
    if kind == "zstd":
        return _Zstd(file)
    raise CompressedError("it is compressed with LZ4, for which Python has no library of its own")


class _Zstd:
    """Frames of zstd, one behind the other; unlike the library's own reader it says when the last one is cut.

    A thousand packed bytes make 32 MB at most (blocks of 128 KB that say "the same byte again" take four).
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._frames = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
        self._frame = self._frames.decompressobj()
        self._left = b""

    def read(self, _most: int) -> bytes:
        """Return the next piece, however long; empty at the end."""
        while packed := self._left or self._file.read(_PACKED_PIECE):
            self._left = b""
            if self._frame.eof:
                self._frame = self._frames.decompressobj()
            piece = self._frame.decompress(packed)
            self._left = self._frame.unused_data if self._frame.eof else b""
            if piece:
                return piece
        if not self._frame.eof:
            raise EOFError("it ends within a frame")
        return b""

    def __enter__(self) -> _Zstd:
        return self

    def __exit__(self, *_exception: object) -> None:
        return None
