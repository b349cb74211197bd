"""7z archives as a stream: folders are unpacked piece by piece, members come out one by one, nothing is spooled.

Copy, LZMA, LZMA2, PPMd, bzip2 and deflate, behind the branch and delta filters that liblzma has.
"""

from __future__ import annotations

import bz2
import lzma
import stat
import zlib
from typing import IO, TYPE_CHECKING, Protocol

import zstandard

from tipd.work.seven_zip_header import START, Coder, Folder, Header, damaged, read_header, start_of
from tipd.work.unpack import PIECE, UnpackError, unsafe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tipd.work.unpack import Entries, Meter

_COPY, _LZMA, _LZMA2, _PPMD = b"\x00", b"\x03\x01\x01", b"\x21", b"\x03\x04\x01"
_BZIP2, _DEFLATE, _AES = b"\x04\x02\x02", b"\x04\x01\x08", b"\x06\xf1\x07\x01"
_ZSTD = b"\x04\xf7\x11\x01"
_FILTERS = {
    b"\x03": lzma.FILTER_DELTA,
    b"\x04": lzma.FILTER_X86,
    b"\x03\x03\x01\x03": lzma.FILTER_X86,
    b"\x05": lzma.FILTER_POWERPC,
    b"\x03\x03\x02\x05": lzma.FILTER_POWERPC,
    b"\x06": lzma.FILTER_IA64,
    b"\x07": lzma.FILTER_ARM,
    b"\x03\x03\x05\x01": lzma.FILTER_ARM,
    b"\x08": lzma.FILTER_ARMTHUMB,
    b"\x09": lzma.FILTER_SPARC,
}
_UNIX = 0x8000  # the upper half of the attributes is a mode (7-Zip on Unix, p7zip)
_FOLDER, _REPARSE = 0x10, 0x400
_SMALLEST = 1 << 16  # bytes of a dictionary
_LARGEST_WINDOW = 2**27


class _Decoder(Protocol):
    @property
    def needs_input(self) -> bool: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def members(file: IO[bytes], meter: Meter) -> Entries:
    """Yield (name, chunks) of each regular member, to be read before the next one is asked for.

    Raises UnpackError; `unsupported` before anything is yielded where a coder is not one of these.
    """
    header = _header(file, meter)
    meter.entry(header.count)
    for folder in header.folders:
        _check(folder, meter)
    return _members(file, header, meter)


def _header(file: IO[bytes], meter: Meter) -> Header:
    offset, size, crc = start_of(file.read(START))
    if not size:
        return Header()
    file.seek(START + offset)
    data = file.read(size)
    if len(data) != size:
        raise UnpackError("truncated", "the 7z archive ends too early")
    if zlib.crc32(data) != crc:
        raise damaged("its header")

    def decode(folder: Folder) -> bytes:
        _check(folder, meter)
        return b"".join(_Stream(file, folder).read(folder.sizes[0], folder.crcs[0]))

    return read_header(data, decode, meter.limits.max_entries)


def _check(folder: Folder, meter: Meter) -> None:
    """Refuse what is not read, and a dictionary that is larger than it may be, before it is allocated."""
    methods = [coder.method for coder in folder.coders]
    if any(coder.method == _AES for coder in folder.listed):
        raise UnpackError("encrypted", "the 7z archive is encrypted")
    if not methods or methods[0] not in _OPEN or any(each not in _FILTERS for each in methods[1:]):
        raise UnpackError("unsupported", "the 7z archive is packed by a method that is not read")
    if len(methods) > 1 and methods[0] not in {_LZMA, _LZMA2}:
        raise UnpackError("unsupported", "the 7z archive is packed by a method that is not read")
    if _allocated(folder.coders[0]) > meter.limits.memory:
        raise UnpackError("memory", "the 7z archive wants a larger dictionary than it may have")


def _members(file: IO[bytes], header: Header, meter: Meter) -> Entries:
    bodies = _bodies(file, header, meter)
    empty_files = iter(header.files or bytes(sum(header.empty)))
    anti = iter(header.anti or bytes(sum(header.empty)))
    for number, name in enumerate(_names(header)):
        is_empty = bool(header.empty and header.empty[number])
        attributes = header.attributes[number] if header.attributes else 0
        is_folder, is_anti = is_empty and not next(empty_files), is_empty and bool(next(anti))
        chunks = iter(()) if is_empty else next(bodies, None)
        if chunks is None:
            raise damaged("more names than members")
        why = _refusal(name, attributes, is_folder=is_folder, is_anti=is_anti)
        if why is None:
            yield name, chunks
        elif why != "folder":
            meter.refused[why] += 1
        for _ in chunks:  # the stream has to be read on to its next member
            pass


def _names(header: Header) -> Iterator[str]:
    """Yield as many names as there are members, without holding them all."""
    at, data = 0, header.names
    for _ in range(header.count):
        end = data.find(b"\0\0", at)
        while end != -1 and (end - at) % 2:
            end = data.find(b"\0\0", end + 1)
        if end == -1:
            raise damaged("fewer names than members")
        yield data[at:end].decode("utf-16-le", "replace")
        at = end + 2


def _refusal(name: str, attributes: int, *, is_folder: bool, is_anti: bool) -> str | None:
    mode = attributes >> 16 if attributes & _UNIX else 0
    kind = stat.S_IFMT(mode)
    if is_folder or attributes & _FOLDER or kind == stat.S_IFDIR:
        return "folder"
    if kind == stat.S_IFLNK or attributes & _REPARSE:
        return "link"
    if is_anti or kind not in {0, stat.S_IFREG}:
        return "device"
    return "unsafe name" if unsafe(name) else None


def _bodies(file: IO[bytes], header: Header, meter: Meter) -> Iterator[Iterator[bytes]]:
    for folder in header.folders:
        if not folder.sizes:
            continue
        stream = _Stream(file, folder)
        for size, crc in zip(folder.sizes, folder.crcs, strict=True):
            yield _metered(stream.read(size, crc), meter)


def _metered(chunks: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    for chunk in chunks:
        meter.bytes(len(chunk))
        yield chunk


class _Stream:
    """One folder's bytes as they are unpacked."""

    def __init__(self, file: IO[bytes], folder: Folder) -> None:
        self._file = file
        self._at = folder.start
        self._left = folder.packed
        self._rest = memoryview(b"")
        self._decoder = _decoder(folder)

    def read(self, size: int, crc: int | None) -> Iterator[bytes]:
        """Yield exactly so many bytes, checked against their CRC at the end."""
        found = 0
        while size:
            if not self._rest:
                self._rest = memoryview(self._more())
            piece = bytes(self._rest[:size])
            self._rest = self._rest[size:]
            size -= len(piece)
            found = zlib.crc32(piece, found)
            yield piece
        if crc is not None and crc != found:
            raise damaged("a member's checksum")

    def _more(self) -> bytes:
        """Return the next bytes; raises UnpackError where there are none."""
        while True:
            packed = b""
            if self._decoder.needs_input:
                self._file.seek(self._at)
                packed = self._file.read(min(self._left, PIECE))
                if not packed:
                    raise UnpackError("truncated", "the 7z archive ends too early")
                self._at += len(packed)
                self._left -= len(packed)
            try:
                made = self._decoder.decompress(packed, PIECE)
            except MemoryError:
                raise UnpackError("memory", "the 7z archive wants more memory than it may have") from None
            except (lzma.LZMAError, zlib.error, zstandard.ZstdError, OSError, EOFError, ValueError) as error:
                raise damaged(type(error).__name__) from None
            if made:
                return made
            if not self._decoder.needs_input and not packed:
                raise damaged("it ends too early")


def _decoder(folder: Folder) -> _Decoder:
    first = folder.coders[0]
    try:
        return _OPEN[first.method](folder)
    except (lzma.LZMAError, ValueError, IndexError, OverflowError):
        raise damaged("its coders") from None
    except MemoryError:
        raise UnpackError("memory", "the 7z archive wants more memory than it may have") from None


def _lzma(folder: Folder) -> _Decoder:
    first, *rest = folder.coders
    packing: dict[str, int] = {"id": lzma.FILTER_LZMA2 if first.method == _LZMA2 else lzma.FILTER_LZMA1}
    packing["dict_size"] = _allocated(first)
    if first.method == _LZMA:
        spelled = first.properties[0]
        packing |= {"lc": spelled % 9, "lp": spelled // 9 % 5, "pb": spelled // 45}
    filters = [_filter(coder) for coder in reversed(rest)]
    return lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=[*filters, packing])


def _filter(coder: Coder) -> dict[str, int]:
    kind = _FILTERS[coder.method]
    if kind == lzma.FILTER_DELTA:
        return {"id": kind, "dist": (coder.properties or b"\0")[0] + 1}
    return {"id": kind}


def _allocated(coder: Coder) -> int:
    """Return how much of a dictionary is needed: LZMA's never needs to be larger than what is unpacked."""
    claimed = _dictionary(coder)
    return claimed if coder.method == _PPMD else max(_SMALLEST, min(claimed, coder.size))


def _dictionary(coder: Coder) -> int:
    """Return the bytes of an LZMA, PPMd (5 bytes and more) or LZMA2 (1 byte) coder's dictionary."""
    if coder.method not in {_LZMA, _LZMA2, _PPMD} or not coder.properties:
        return 0
    if len(coder.properties) >= 5:
        return int.from_bytes(coder.properties[1:5], "little")
    bits = coder.properties[0] & 0x3F
    return 2**32 - 1 if bits >= 40 else (2 | (bits & 1)) << (bits // 2 + 11)


class _Copy:
    needs_input = True

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        return data


class _Deflate:
    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=-15)

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail and not self._stream.eof

    def decompress(self, data: bytes, max_length: int) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max_length)


class _Zstd:
    """zstandard takes no limit for its output: it is fed so little at once that 16 MiB is the most."""

    def __init__(self) -> None:
        self._frame = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW).decompressobj(read_across_frames=True)
        self._waiting = memoryview(b"")

    @property
    def needs_input(self) -> bool:
        return not self._waiting

    def decompress(self, data: bytes, _max_length: int) -> bytes:
        if data:
            self._waiting = memoryview(data)
        made = b""
        while self._waiting and not made:
            slice_, self._waiting = self._waiting[:512], self._waiting[512:]
            made = self._frame.decompress(slice_)
        return made


class _Ppmd:
    """PPMd variant H as 7z has it: order (1 byte) and memory (4 bytes) are its properties."""

    def __init__(self, coder: Coder) -> None:
        import pyppmd

        order, memory = coder.properties[0], int.from_bytes(coder.properties[1:5], "little")
        self._stream = pyppmd.Ppmd7Decoder(order, memory)
        self._left = coder.size

    @property
    def needs_input(self) -> bool:
        return bool(self._stream.needs_input) and self._left > 0

    def decompress(self, data: bytes, max_length: int) -> bytes:
        made: bytes = self._stream.decode(data, min(max_length, self._left)) if self._left else b""
        self._left -= len(made)
        return made


_OPEN: dict[bytes, Callable[[Folder], _Decoder]] = {
    _COPY: lambda _: _Copy(),
    _LZMA: _lzma,
    _LZMA2: _lzma,
    _BZIP2: lambda _: bz2.BZ2Decompressor(),
    _DEFLATE: lambda _: _Deflate(),
    _ZSTD: lambda _: _Zstd(),
    _PPMD: lambda folder: _Ppmd(folder.coders[0]),
}
