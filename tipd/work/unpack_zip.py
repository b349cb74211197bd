"""zip archives (APPNOTE 6.3): stored and deflated members, as streams, checked against their CRC."""

from __future__ import annotations

import stat
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

from tipd.work.unpack import PIECE, UnpackError, unsafe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.work.unpack import Entries, Meter

_BYTES_AN_ENTRY = 512  # of the directory, on the average; more is no list's archive
_FLOOR = 2**20


class _Bounded:
    """A file whose reads are bounded: `zipfile` reads a directory as large as an archive says."""

    def __init__(self, file: IO[bytes], limit: int) -> None:
        self._file = file
        self._limit = limit
        self._end = file.seek(0, 2)
        file.seek(0)
        self.seek, self.tell, self.close = file.seek, file.tell, file.close

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if size > self._limit:
            raise UnpackError("too_many_entries", f"has a directory of {size} bytes")
        left = max(0, self._end - self._file.tell())  # whoever asks for more has it allocated
        return self._file.read(min(left, self._limit if size < 0 else size))


def zip_entries(file: IO[bytes], meter: Meter) -> Entries:
    """Yield (name, chunks) of each regular member; raises UnpackError."""
    bounded = _Bounded(file, max(_FLOOR, meter.limits.max_entries * _BYTES_AN_ENTRY))
    try:
        archive = zipfile.ZipFile(bounded)
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError, EOFError) as error:
        raise UnpackError("damaged", f"not a whole zip archive ({error})") from None
    infos = archive.infolist()
    meter.entry(len(infos))
    for info in infos:
        why = _refusal(info)
        if why is None:
            yield info.filename, _chunks(archive, info, meter)
        elif why != "folder":
            meter.refused[why] += 1


def _refusal(info: zipfile.ZipInfo) -> str | None:
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if info.is_dir() or stat.S_ISDIR(mode):
        return "folder"
    if stat.S_ISLNK(mode):
        return "link"
    if kind not in {0, stat.S_IFREG}:
        return "device"
    return "unsafe name" if unsafe(info.orig_filename) or unsafe(info.filename) else None


def _chunks(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Iterator[bytes]:
    if info.flag_bits & 0x1:
        raise UnpackError("encrypted", "the zip archive is encrypted")
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise UnpackError("unsupported", f"a member is packed by method {info.compress_type}, which is not read")
    try:
        with archive.open(info) as member:
            while chunk := member.read(PIECE):
                meter.bytes(len(chunk))
                yield chunk
    except EOFError:
        raise UnpackError("truncated", "the zip archive ends too early") from None
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise UnpackError("damaged", f"the zip archive is damaged ({type(error).__name__})") from None
