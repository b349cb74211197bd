"""Bodies in every container, and every way in which a container can be hostile."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tipd.work import unpack
from tipd.work.unpack import UnpackError, UnpackLimits, detect, open_body, open_entries

LIST = b"# a list\n192.0.2.1\n192.0.2.2\n" * 40
MEMBERS = {"one.txt": b"192.0.2.1", "folder/two.txt": b"192.0.2.2\n", "folder/empty": b"", "three.csv": b"192.0.2.3\n"}
JOINED = b"192.0.2.1\n192.0.2.2\n192.0.2.3\n"
BOMB = bytes(64 * 2**20)


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


@pytest.fixture
def packed(tmp_path: Path) -> Callable[[bytes], Path]:
    """Give a body as a file, whose name says nothing."""

    def write(data: bytes) -> Path:
        path = tmp_path / "body"
        path.write_bytes(data)
        return path

    return write


type Packed = Callable[[bytes], Path]


def read(path: Path, limits: UnpackLimits | None = None, **options: object) -> bytes:
    return b"".join(open_body(path, limits, **options))  # type: ignore[arg-type]


def why(path: Path, limits: UnpackLimits | None = None) -> str:
    with pytest.raises(UnpackError) as caught:
        read(path, limits)
    assert str(caught.value)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name], "nothing is left beside it"
    return caught.value.reason


# --- what works ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", STREAMS)
def test_streams_of_one_member_and_more(packed: Packed, kind: str) -> None:
    pack = STREAMS[kind]
    assert detect(pack(LIST)) == kind
    assert read(packed(pack(LIST))) == LIST
    assert read(packed(pack(LIST[:50]) + pack(b"") + pack(LIST[50:]))) == LIST


@pytest.mark.parametrize("kind", ARCHIVES)
def test_archives_give_their_members_as_lines(packed: Packed, kind: str) -> None:
    path = packed(ARCHIVES[kind](MEMBERS))
    assert detect(path.read_bytes()[:512]) == kind
    assert sorted(read(path).split()) == JOINED.split()
    names = {name: b"".join(chunks) for name, chunks in open_entries(path)}
    assert names == MEMBERS
    assert read(path, member="*.csv") == b"192.0.2.3\n"
    assert read(path, member="two.txt") == read(path, member="folder/t*") == b"192.0.2.2\n"
    assert read(path, member="none") == b""


@pytest.mark.parametrize("inner", ARCHIVES)
@pytest.mark.parametrize("outer", STREAMS)
def test_archives_inside_streams(packed: Packed, outer: str, inner: str) -> None:
    path = packed(STREAMS[outer](ARCHIVES[inner](MEMBERS)))
    assert sorted(read(path).split()) == JOINED.split()
    assert [entry.name for entry in path.parent.iterdir()] == ["body"]


def test_plain_and_empty_and_nearly_packed(packed: Packed) -> None:
    for body in (b"", LIST, b"PK", b"BZh9 is no archive\n", b"\x1f\x8b", b"7z", bytes(600)):
        assert read(packed(body)) == body


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_forms_with_long_names(packed: Packed, form: int) -> None:
    members = {"d" * 90 + "/" + "n" * 60: b"a", "ünï/cödé": b"b", "short": b"c"}
    if form != tarfile.USTAR_FORMAT:
        members["x" * 3000] = b"d"
    entries = {name: b"".join(chunks) for name, chunks in open_entries(packed(tarred(members, form)))}
    assert entries == members


def test_members_that_were_not_read_are_skipped(packed: Packed) -> None:
    members = {str(number): bytes([number]) * 100_000 for number in range(5)}
    for kind in ("tar", "zip", "7z"):
        seen = []
        for name, chunks in open_entries(packed(ARCHIVES[kind](members))):
            if int(name) % 2:
                seen.append(next(chunks)[:1])
        assert seen == [b"\1", b"\3"]


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


@given(
    st.sampled_from([*STREAMS, "tar", "zip"]),
    st.lists(st.tuples(st.text("abc/ü", min_size=1, max_size=8), st.binary(max_size=3000)), min_size=1, max_size=4),
)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_any_data(packed: Packed, kind: str, members: list[tuple[str, bytes]]) -> None:
    if kind in STREAMS:
        data = members[0][1] + b"."  # nothing that is packed itself
        assert read(packed(STREAMS[kind](b"#" + data))) == b"#" + data
    else:
        chosen = {f"m/{name.strip('/') or 'x'}": data for name, data in members}
        entries = {name: b"".join(chunks) for name, chunks in open_entries(packed(ARCHIVES[kind](chosen)))}
        assert entries == chosen


# --- what is hostile -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*STREAMS, "zip", "7z"])
def test_bombs(packed: Packed, kind: str) -> None:
    bomb = STREAMS[kind](BOMB) if kind in STREAMS else ARCHIVES[kind]({"bomb": BOMB})
    assert len(bomb) < 2**20
    assert why(packed(bomb)) == "bomb"


@pytest.mark.parametrize("kind", [*STREAMS, *ARCHIVES, "plain"])
def test_caps_on_bytes(packed: Packed, kind: str) -> None:
    data = LIST * 20
    pack = STREAMS.get(kind) or (lambda data: ARCHIVES[kind]({"list": data}) if kind in ARCHIVES else data)
    assert why(packed(pack(data)), UnpackLimits(max_bytes=10_000)) == "too_large"


def test_a_bomb_in_a_bomb_and_a_flat_one(packed: Packed) -> None:
    assert why(packed(gzip.compress(gzip.compress(BOMB, 9), 9))) == "bomb"
    assert why(packed(gzip.compress(zipped({"bomb": BOMB}), 9))) == "bomb"
    assert why(packed(gzip.compress(tarred({"bomb": BOMB}), 9))) == "bomb"
    piece = bytes(4 * 2**20)
    assert why(packed(zipped({str(number): piece for number in range(8)}))) == "bomb"


def test_layer_upon_layer(packed: Packed) -> None:
    body = LIST
    for _ in range(3):
        body = gzip.compress(body)
    assert why(packed(body)) == "unsupported"
    assert read(packed(gzip.decompress(body))) == LIST


@pytest.mark.parametrize("kind", ARCHIVES)
def test_caps_on_members(packed: Packed, kind: str) -> None:
    members = {str(number): b"x" for number in range(50)}
    assert why(packed(ARCHIVES[kind](members)), UnpackLimits(max_entries=49)) == "too_many_entries"
    assert len(read(packed(ARCHIVES[kind](members)), UnpackLimits(max_entries=50)).split()) == 50


def test_a_zip_directory_of_any_size_is_not_read(packed: Packed) -> None:
    many = zipped({"n" * 200 + str(number): b"" for number in range(6000)}, zipfile.ZIP_STORED)
    assert why(packed(many), UnpackLimits(max_entries=100)) == "too_many_entries"


@pytest.mark.parametrize("kind", [*STREAMS, *ARCHIVES])
def test_truncated_anywhere(packed: Packed, kind: str) -> None:
    whole = STREAMS[kind](LIST) if kind in STREAMS else ARCHIVES[kind](MEMBERS)
    shortest = {"gz": 3, "bz2": 10, "xz": 6, "zstd": 4, "tar": 262, "zip": 4, "7z": 6}[kind]
    step = max(1, len(whole) // 60)
    longest = len(whole) - (20 * 512 if kind == "tar" else 0)  # tar ends with empty blocks
    for length in range(shortest, longest, step):
        assert why(packed(whole[:length])) in {"truncated", "damaged"}


@pytest.mark.parametrize("kind", [*STREAMS, *ARCHIVES])
def test_damaged_anywhere_raises_only_our_error(packed: Packed, kind: str) -> None:
    whole = STREAMS[kind](LIST) if kind in STREAMS else ARCHIVES[kind](MEMBERS)
    noticed = 0
    for position in range(0, len(whole), max(1, len(whole) // 120)):
        path = packed(whole[:position] + bytes([whole[position] ^ 0x55]) + whole[position + 1 :])
        try:
            read(path)
        except UnpackError:
            noticed += 1
    assert noticed > 5


def special_tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE),
            ("hard", tarfile.LNKTYPE),
            ("fifo", tarfile.FIFOTYPE),
            ("null", tarfile.CHRTYPE),
            ("disk", tarfile.BLKTYPE),
            ("folder", tarfile.DIRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        for name in ("/etc/cron.d/x", "../../x", "a/../../x", "C:\\x", "good"):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"data"))
    return out.getvalue()


def test_tar_members_that_are_no_files_or_would_leave(packed: Packed) -> None:
    refused: Counter[str] = Counter()
    assert [name for name, _ in open_entries(packed(special_tar()), refused=refused)] == ["good"]
    assert refused == {"link": 2, "fifo": 1, "device": 2, "unsafe name": 4}
    assert read(packed(special_tar())) == b"data"


def test_zip_members_that_are_no_files_or_would_leave(packed: Packed) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, mode in (("link", 0o120777), ("null", 0o020666), ("pipe", 0o010666), ("good", 0o100644)):
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            archive.writestr(info, "data")
        for name in ("/etc/cron.d/x", "../x", "a/../../x", "folder/"):
            archive.writestr(zipfile.ZipInfo(name), b"" if name == "folder/" else b"data")
    refused: Counter[str] = Counter()
    assert [name for name, _ in open_entries(packed(out.getvalue()), refused=refused)] == ["good"]
    assert refused == {"link": 1, "device": 2, "unsafe name": 3}


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


def test_encrypted_archives(packed: Packed) -> None:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password="secret") as archive:
        archive.writef(io.BytesIO(LIST), "list")
    assert why(packed(out.getvalue())) == "encrypted"
    locked = bytearray(zipped({"list": LIST}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert why(packed(bytes(locked))) == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_zip_methods_that_are_not_read(packed: Packed, method: int) -> None:
    assert why(packed(zipped({"list": LIST}, method))) == "unsupported"


def test_dictionaries_and_windows_that_are_too_large(packed: Packed) -> None:
    small = UnpackLimits(memory=4 * 2**20)
    large: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": 32 * 2**20}]
    assert why(packed(lzma.compress(LIST, filters=large)), small) == "memory"
    assert why(packed(seven_zipped({"list": LIST}, large)), small) == "memory"
    ppmd: list[dict[str, int]] = [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 25}]
    assert why(packed(seven_zipped({"list": LIST}, ppmd)), small) == "memory"
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert why(packed(stream.compress(LIST) + stream.flush()), small) == "memory"


def test_tar_headers_that_claim_the_impossible(packed: Packed) -> None:
    def with_size(field: bytes, kind: bytes = b"0") -> bytes:
        block = bytearray(tarred({"x": b"data"}, tarfile.USTAR_FORMAT)[:512])
        block[124:136], block[156:157], block[148:156] = field, kind, b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        return bytes(block) + bytes(2048)

    assert why(packed(with_size(b"77777777777\0"))) == "truncated"
    assert why(packed(with_size(b"\x80" + b"\xff" * 11))) == "truncated"
    assert why(packed(with_size(b"\xff" * 12))) == "damaged"
    assert why(packed(with_size(b"not a numb\0\0"))) == "damaged"
    for kind in (b"L", b"x"):
        assert why(packed(with_size(b"00004000000\0", kind))) == "damaged"
    assert why(packed(with_size(b"00000001000\0", b"x")[:512] + b"999999 path=x\n".ljust(512, b" "))) == "damaged"


def test_garbage_behind_a_stream(packed: Packed) -> None:
    assert read(packed(gzip.compress(LIST) + bytes(1000))) == LIST
    assert why(packed(gzip.compress(LIST) + b"garbage")) == "damaged"


def test_chunks_stay_small(packed: Packed) -> None:
    data = bytes(range(256)) * 40_000
    for kind in STREAMS:
        sizes = [len(chunk) for chunk in open_body(packed(STREAMS[kind](data)))]
        assert sum(sizes) == len(data)
        assert max(sizes) <= (17 * 2**20 if kind == "zstd" else 2 * unpack.PIECE)
