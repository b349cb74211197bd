"""7z, and what it may claim."""

import io
import struct
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
from support.containers import LIST, Packed, read, seven_zipped

from tipd.work.unpack import open_entries


@pytest.mark.parametrize("method", ["LZMA", "LZMA2", "BZIP2", "DEFLATE", "ZSTD", "PPMD"])
def test_7z_methods(packed: Packed, method: str) -> None:
    filters: list[dict[str, int]] = [{"id": getattr(py7zr, f"FILTER_{method}")}]
    if method.startswith("LZMA"):
        filters[0]["preset"] = 1
    if method == "PPMD":
        filters[0] |= {"order": 6, "mem": 20}
    if method == "ZSTD":
        filters[0]["level"] = 3
    assert read(packed(seven_zipped({"list": LIST}, filters))) == LIST


def test_7z_members_that_are_no_files(packed: Packed, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "good").write_bytes(b"data")
    (source / "link").symlink_to("good")
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as archive:
        archive.writeall(source, "source")
    refused: Counter[str] = Counter()
    assert [name for name, _ in open_entries(packed(out.getvalue()), refused=refused)] == ["source/good"]
    assert refused == {"link": 1}


def test_7z_names_that_would_leave(packed: Packed, tmp_path: Path) -> None:
    archive = seven_zipped({"aa/evil": b"bad", "good": b"data"})
    names = "aa/evil".encode("utf-16-le"), "../evil".encode("utf-16-le")
    patched = _with_header(archive, lambda header: header.replace(*names))
    refused: Counter[str] = Counter()
    entries = {name: b"".join(chunks) for name, chunks in open_entries(packed(patched), refused=refused)}
    assert entries == {"good": b"data"} and refused == {"unsafe name": 1}
    assert not (tmp_path.parent / "evil").exists()


def _with_header(archive: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return a 7z archive whose (plain) header is changed, its checksums right again."""
    with py7zr.SevenZipFile(io.BytesIO(archive)) as opened:
        members = dict.fromkeys(opened.getnames(), b"")
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w") as plain:
        plain.set_encoded_header_mode(False)
        for name in members:
            plain.writef(io.BytesIO(b"data" if name == "good" else b"bad"), name)
    raw = bytearray(out.getvalue())
    offset, size, _ = struct.unpack("<QQI", raw[12:32])
    header = change(bytes(raw[32 + offset : 32 + offset + size]))
    raw[32 + offset :] = header
    start = struct.pack("<QQI", offset, len(header), zlib.crc32(header))
    raw[8:32] = struct.pack("<I", zlib.crc32(start)) + start
    return bytes(raw)
