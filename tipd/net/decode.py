"""Undoes a Content-Encoding as a stream, in bounded pieces: gzip, deflate, br, zstd (RFC 9110 8.4, 7932, 8878, 9659).

A decoder is fed what arrives and yields pieces of at most a few megabytes, so that its caller can stop between two of
them; what it holds itself is bounded by the format's window.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

import brotli  # type: ignore[import-untyped]
import zstandard

from tipd.errors import TipdError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
PIECE = 256 * 1024
SHOWN = 32  # characters of a coding that is not known
_SLICE = 8 * 1024  # input handed to zlib at once: what is left over after a member's end is copied
_ZSTD_SLICE = 512  # zstandard takes no output limit; a 4-byte block makes 128 KiB, so this makes 16 MiB at most
_ZSTD_WINDOW = 8 * 2**20  # RFC 9659: the most a content coding may ask for


class DecodeError(TipdError):
    """The body is not what its Content-Encoding says, or ends too early."""


class Decoder(Protocol):
    """Turns an encoded stream into its content."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes make; raises DecodeError."""
        ...

    def finish(self) -> None:
        """Raise DecodeError where the stream has not come to its end."""
        ...


class Identity:
    """No encoding at all."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield the same bytes."""
        yield data

    def finish(self) -> None:
        """Do nothing: the transport knows the length."""


class Zlib:
    """gzip with one or more members (RFC 1952), and deflate with (RFC 1950) or, as some send it, without a header."""

    def __init__(self, *, gzip: bool) -> None:
        """`gzip` false: deflate."""
        self._gzip = gzip
        self._stream: zlib._Decompress | None = None
        self._head = b""
        self._ended = True  # a body of no bytes at all is whole

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of at most PIECE bytes; raises DecodeError."""
        for start in range(0, len(data), _SLICE):
            rest = data[start : start + _SLICE]
            while rest:
                rest = yield from self._step(rest)

    def finish(self) -> None:
        """Raise DecodeError where the last member is not whole."""
        if not self._ended or self._head:
            raise DecodeError("the compressed body ends too early")

    def _step(self, data: bytes) -> Generator[bytes, None, bytes]:
        """Yield what a slice makes, up to the end of the member; return what lies behind that."""
        if self._stream is None:
            data = self._begin(data)
            if self._stream is None:
                return b""
        try:
            while True:
                piece = self._stream.decompress(data, PIECE)
                if piece:
                    yield piece
                data = self._stream.unconsumed_tail
                if self._stream.eof or (not data and len(piece) < PIECE):
                    break
        except zlib.error:
            raise DecodeError("the compressed body is damaged") from None
        if not self._stream.eof:
            return b""
        rest, self._stream, self._ended = self._stream.unused_data, None, True
        return rest

    def _begin(self, data: bytes) -> bytes:
        """Open the next member, or keep its head until it can be told; return what to feed it."""
        data = self._head + data
        self._head = b""
        if self._ended and self._gzip:
            data = data.lstrip(b"\0")  # padding between and behind members is usual
        if not data:
            return b""
        if len(data) < 2:
            self._head = data
            return b""
        if self._gzip:
            wbits = 31
        else:
            zlib_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
            wbits = 15 if zlib_header else -15
        self._stream, self._ended = zlib.decompressobj(wbits=wbits), False
        return data


class Brotli:
    """br (RFC 7932)."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._stream = brotli.Decompressor()
        self._fed = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of about PIECE bytes; raises DecodeError."""
        self._fed = self._fed or bool(data)
        try:
            piece = self._stream.process(data, output_buffer_limit=PIECE)
            # `can_accept_more_data` is true before all that was fed has come out: an empty piece is the sign.
            while piece or not self._stream.can_accept_more_data():
                yield piece
                piece = self._stream.process(b"", output_buffer_limit=PIECE)
        except brotli.error:
            raise DecodeError("the compressed body is damaged") from None

    def finish(self) -> None:
        """Raise DecodeError where the stream is not whole."""
        if self._fed and not self._stream.is_finished():
            raise DecodeError("the compressed body ends too early")


class Zstd:
    """zstd, one frame or more (RFC 8878)."""

    def __init__(self) -> None:
        """Begin a stream."""
        self._context = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield pieces of at most 16 MiB; raises DecodeError."""
        for start in range(0, len(data), _ZSTD_SLICE):
            rest = data[start : start + _ZSTD_SLICE]
            while rest:
                if self._frame is None:
                    self._frame = self._context.decompressobj()
                try:
                    piece = self._frame.decompress(rest)
                except zstandard.ZstdError:
                    raise DecodeError("the compressed body is damaged, or wants too large a window") from None
                if piece:
                    yield piece
                rest = b""
                if self._frame.eof:
                    rest, self._frame = self._frame.unused_data, None

    def finish(self) -> None:
        """Raise DecodeError where the last frame is not whole."""
        if self._frame is not None:
            raise DecodeError("the compressed body ends too early")


_DECODERS: dict[str, Callable[[], Decoder]] = {
    "": Identity,
    "identity": Identity,
    "gzip": lambda: Zlib(gzip=True),
    "x-gzip": lambda: Zlib(gzip=True),
    "deflate": lambda: Zlib(gzip=False),
    "br": Brotli,
    "zstd": Zstd,
}


def decoder_for(content_encoding: str) -> Decoder:
    """Return the decoder for a Content-Encoding header; raises DecodeError for what was not asked for."""
    make = _DECODERS.get(content_encoding.strip().lower())
    if make is None:
        named = f": {content_encoding!r}" if len(content_encoding) <= SHOWN else ""  # half a secret cannot be hidden
        raise DecodeError(f"a Content-Encoding that was not asked for{named}")
    return make()
