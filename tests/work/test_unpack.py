"""Bodies in every container, and the ways in which any container can be hostile."""

import gzip
import io
import lzma

import py7zr
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.containers import (
    ARCHIVES,
    BOMB,
    JOINED,
    LIST,
    MEMBERS,
    STREAMS,
    Packed,
    read,
    seven_zipped,
    tarred,
    why,
    zipped,
)

from tipd.work.unpack import UnpackError, UnpackLimits, detect, open_entries


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


def test_members_that_were_not_read_are_skipped(packed: Packed) -> None:
    members = {str(number): bytes([number]) * 100_000 for number in range(5)}
    for kind in ("tar", "zip", "7z"):
        seen = []
        for name, chunks in open_entries(packed(ARCHIVES[kind](members))):
            if int(name) % 2:
                seen.append(next(chunks)[:1])
        assert seen == [b"\1", b"\3"]


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


def test_encrypted_archives(packed: Packed) -> None:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", password="secret") as archive:
        archive.writef(io.BytesIO(LIST), "list")
    assert why(packed(out.getvalue())) == "encrypted"
    locked = bytearray(zipped({"list": LIST}))
    locked[6] |= 1
    locked[locked.index(b"PK\x01\x02") + 8] |= 1
    assert why(packed(bytes(locked))) == "encrypted"


def test_dictionaries_and_windows_that_are_too_large(packed: Packed) -> None:
    small = UnpackLimits(memory=4 * 2**20)
    large: list[dict[str, int]] = [{"id": lzma.FILTER_LZMA2, "dict_size": 32 * 2**20}]
    assert why(packed(lzma.compress(LIST, filters=large)), small) == "memory"
    assert why(packed(seven_zipped({"list": bytes(5 * 2**20)}, large)), small) == "memory"
    ppmd: list[dict[str, int]] = [{"id": py7zr.FILTER_PPMD, "order": 6, "mem": 25}]
    assert why(packed(seven_zipped({"list": LIST}, ppmd)), small) == "memory"
    parameters = zstandard.ZstdCompressionParameters(window_log=24)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    assert why(packed(stream.compress(LIST) + stream.flush()), small) == "memory"
