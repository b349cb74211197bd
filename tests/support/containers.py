"""Bodies in every container, and how a test reads them."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
import zstandard

from tipd.work.unpack import UnpackError, UnpackLimits, open_body

LIST = b"# a list\n192.0.2.1\n192.0.2.2\n" * 40
MEMBERS = {"one.txt": b"192.0.2.1", "folder/two.txt": b"192.0.2.2\n", "folder/empty": b"", "three.csv": b"192.0.2.3\n"}
JOINED = b"192.0.2.1\n192.0.2.2\n192.0.2.3\n"
BOMB = bytes(64 * 2**20)

type Packed = Callable[[bytes], Path]


def tarred(members: dict[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def seven_zipped(members: dict[str, bytes], filters: list[dict[str, int]] | None = None) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", filters=filters) as archive:
        for name, data in members.items():
            archive.writef(io.BytesIO(data), name)
    return out.getvalue()


def zstd(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=1).compress(data)


STREAMS: dict[str, Callable[[bytes], bytes]] = {
    "gz": lambda data: gzip.compress(data, 6),
    "bz2": bz2.compress,
    "xz": lambda data: lzma.compress(data, preset=1),
    "zstd": zstd,
}
ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {"tar": tarred, "zip": zipped, "7z": seven_zipped}


def read(path: Path, limits: UnpackLimits | None = None, **options: object) -> bytes:
    return b"".join(open_body(path, limits, **options))  # type: ignore[arg-type]


def why(path: Path, limits: UnpackLimits | None = None) -> str:
    with pytest.raises(UnpackError) as caught:
        read(path, limits)
    assert str(caught.value)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "nothing is left beside it"
    return caught.value.reason
