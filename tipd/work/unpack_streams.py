"""Compressed streams, one member or many: gzip (RFC 1952), bzip2, xz, zstd (RFC 8878)."""

from __future__ import annotations

import bz2
import lzma
import zlib
from typing import TYPE_CHECKING, Protocol

import zstandard

from tipd.work.unpack import PIECE, UnpackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tipd.work.unpack import Container

# Input handed over at once: what lies behind a member's end is copied, and zstandard takes no limit for its output (a
# block of 4 bytes makes 128 KiB, so 512 bytes make 16 MiB at most).
_SLICE = {"gz": 8192, "bz2": 8192, "xz": 8192, "zstd": 512}


class Stream(Protocol):
    """One member, as bz2 and lzma have it."""

    @property
    def eof(self) -> bool:
        """Whether the member has ended."""
        ...

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more data."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What lies behind the member's end."""
        ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return what the data make, at most so much of it."""
        ...


def inflate(kind: Container, chunks: Iterator[bytes], memory: int) -> Iterator[bytes]:
    """Yield what compressed chunks make; raises UnpackError `truncated`, `damaged` or `memory`."""
    begin = _opener(kind, memory)
    stream: Stream | None = None
    for chunk in chunks:
        for start in range(0, len(chunk), _SLICE[kind]):
            rest = chunk[start : start + _SLICE[kind]]
            while True:
                if stream is None:
                    rest = rest.lstrip(b"\0")  # padding between and behind members
                    if not rest:
                        break
                    stream = begin()
                piece = _step(stream, rest)
                rest = b""
                if piece:
                    yield piece
                if stream.eof:
                    rest, stream = stream.unused_data, None
                elif stream.needs_input:
                    break
    if stream is not None:
        raise UnpackError("truncated", f"ends in the middle of its {kind} stream")


def _step(stream: Stream, data: bytes) -> bytes:
    try:
        return stream.decompress(data, PIECE)
    except MemoryError:
        raise UnpackError("memory", "wants more memory than it may have") from None
    except lzma.LZMAError as error:
        if "limit" in str(error):
            raise UnpackError("memory", "wants a larger dictionary than it may have") from None
        raise UnpackError("damaged", "the xz stream is damaged") from None
    except zstandard.ZstdError as error:
        if "memory" in str(error):
            raise UnpackError("memory", "wants a larger window than it may have") from None
        raise UnpackError("damaged", "the zstd stream is damaged") from None
    except (zlib.error, OSError, EOFError, ValueError):  # bz2 says damage by OSError
        raise UnpackError("damaged", "the compressed stream is damaged") from None


def _opener(kind: Container, memory: int) -> Callable[[], Stream]:
    if kind == "gz":
        return _Gzip
    if kind == "bz2":
        return bz2.BZ2Decompressor
    if kind == "xz":
        return lambda: lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=memory)
    context = zstandard.ZstdDecompressor(max_window_size=memory)
    return lambda: _Zstd(context)


class _Gzip:
    """A gzip member in the shape that bz2 and lzma have."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)
        self.eof = False
        self.needs_input = True
        self.unused_data = b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.eof = self._stream.eof
        self.unused_data = self._stream.unused_data
        self.needs_input = not self.eof and not self._stream.unconsumed_tail and len(piece) < max_length
        return piece


class _Zstd:
    """A zstd frame in the shape that bz2 and lzma have, except for `max_length`."""

    needs_input = True

    def __init__(self, context: zstandard.ZstdDecompressor) -> None:
        self._frame = context.decompressobj()
        self.eof = False
        self.unused_data = b""

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        piece = self._frame.decompress(data)
        self.eof, self.unused_data = self._frame.eof, self._frame.unused_data
        return piece
