"""7z archives: as a stream, and what only py7zr unpacks by it, into one spool file without a name, member by member."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import py7zr
import py7zr.exceptions
import py7zr.io
import py7zr.py7zr

from tipd.work.seven_zip import members
from tipd.work.unpack import PIECE, UnpackError, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tipd.work.unpack import Entries, Meter

# py7zr unpacks up to 128 MB of a member at once, and copies them; a chunk is as much as anybody needs.
py7zr.py7zr.get_memory_limit = lambda: PIECE  # type: ignore[attr-defined]

_WITH_DICTIONARY = frozenset({b"\x03\x01\x01", b"\x21", b"\x03\x04\x01"})  # LZMA, LZMA2, PPMd


@dataclass(slots=True)
class _Part:
    """Where a member stands in the spool file."""

    name: str
    start: int
    end: int


class _Spool(py7zr.io.WriterFactory):
    """Takes all members into one file, counting as they come."""

    def __init__(self, file: IO[bytes], meter: Meter) -> None:
        self.file = file
        self.meter = meter
        self.parts: list[_Part] = []

    def create(self, filename: str) -> py7zr.io.Py7zIO:
        end = self.file.tell()
        self.parts.append(_Part(filename, end, end))
        return _Door(self)


class _Door(py7zr.io.Py7zIO):
    """One member on its way into the spool file."""

    def __init__(self, spool: _Spool) -> None:
        self._spool = spool
        self._part = spool.parts[-1]

    def write(self, s: bytes | bytearray) -> int:
        self._spool.meter.bytes(len(s))
        self._spool.file.write(s)
        self._part.end += len(s)
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        return b""

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        return

    def size(self) -> int:
        return self._part.end - self._part.start


def seven_zip_entries(file: IO[bytes], meter: Meter, folder: Path | None) -> Entries:
    """Yield (name, chunks) of each regular member; raises UnpackError.

    Nearly all archives are read as a stream; what py7zr alone unpacks goes through a spool file in `folder`, where one
    is given.
    """
    try:
        streamed = members(file, meter)
    except UnpackError as error:
        if error.reason != "unsupported" or folder is None:
            raise
        file.seek(0)
        meter.entries = 0
        return _spooled(file, meter, folder)
    return streamed


def _spooled(file: IO[bytes], meter: Meter, folder: Path) -> Entries:
    with tempfile.TemporaryFile(dir=folder) as spooled:
        spool = _Spool(spooled, meter)
        try:
            _extract(file, spool)
        except UnpackError:
            raise
        except py7zr.exceptions.DecompressionBombError:
            raise UnpackError("bomb", "the 7z archive unpacks to far more than its size") from None
        except py7zr.PasswordRequired:
            raise UnpackError("encrypted", "the 7z archive is encrypted") from None
        except py7zr.UnsupportedCompressionMethodError:
            raise UnpackError("unsupported", "the 7z archive is packed by a method that is not read") from None
        except MemoryError:
            raise UnpackError("memory", "the 7z archive wants more memory than it may have") from None
        except Exception as error:  # hostile headers make py7zr raise nearly anything
            if isinstance(error, OSError) and error.errno:
                raise  # our disk
            raise UnpackError("damaged", f"the 7z archive is damaged ({type(error).__name__})") from None
        for part in spool.parts:
            yield part.name, _chunks(spooled, part)


def _extract(file: IO[bytes], spool: _Spool) -> None:
    meter = spool.meter
    with py7zr.SevenZipFile(file, "r", max_extract_size=meter.most) as archive:
        meter.entry(len(archive.files))
        _check_dictionaries(archive, meter.limits.memory)
        wanted: set[str] = set()
        for member in archive.files:
            why = _refusal(member)
            if why is None:
                wanted.add(member.filename)
            elif why != "folder":
                meter.refused[why] += 1
        if wanted:
            archive.extract(targets=wanted, factory=spool)


def _refusal(member: py7zr.py7zr.ArchiveFile) -> str | None:
    if member.is_directory:
        return "folder"
    if member.is_symlink or member.is_junction:
        return "link"
    if member.is_socket:
        return "device"
    return "unsafe name" if unsafe(member.filename) else None


def _check_dictionaries(archive: py7zr.SevenZipFile, memory: int) -> None:
    """Raise UnpackError `memory` before a dictionary is allocated that a header merely claims."""
    streams = archive.header.main_streams
    for folder in streams.unpackinfo.folders if streams else ():
        for coder in folder.coders:
            if coder["method"] in _WITH_DICTIONARY and _dictionary(coder["properties"]) > memory:
                raise UnpackError("memory", "the 7z archive wants a larger dictionary than it may have")


def _dictionary(properties: bytes | None) -> int:
    """Return the size of an LZMA or PPMd (5 bytes and more) or LZMA2 (1 byte) coder's dictionary."""
    if not properties:
        return 0
    if len(properties) >= 5:
        return int.from_bytes(properties[1:5], "little")
    bits = properties[0] & 0x3F
    return 2**32 - 1 if bits >= 40 else (2 | (bits & 1)) << (bits // 2 + 11)


def _chunks(file: IO[bytes], part: _Part) -> Iterator[bytes]:
    position = part.start
    while position < part.end:
        file.seek(position)
        chunk = file.read(min(PIECE, part.end - position))
        position += len(chunk)
        yield chunk
