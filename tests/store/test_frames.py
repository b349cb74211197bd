"""Files of changes: whole frames or none, and nothing believed that is too large."""

from __future__ import annotations

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.store.frames import COPY_HEADER, COPY_TRAILER, PIECE, FrameError, copy_stream, next_frame, next_keys


def frame(rows: int, tuples: bytes) -> bytes:
    return struct.pack("<II", rows, len(tuples)) + tuples


def all_frames(raw: bytes) -> list[bytes]:
    file = io.BytesIO(raw)
    return list(iter(lambda: next_frame(file), None))


def test_frames_come_one_by_one_and_empty_ones_are_passed_over() -> None:
    assert all_frames(frame(1, b"a") + frame(0, b"") + frame(2, b"bc")) == [b"a", b"bc"]
    assert all_frames(b"") == []


@given(st.integers(1, 29))
def test_a_file_cut_short_anywhere_is_refused_or_ends_at_a_frame(length: int) -> None:
    whole = frame(1, b"0123456") + frame(1, b"0123456")
    if length in (15, 30):
        assert all_frames(whole[:length])
    else:
        with pytest.raises(FrameError, match="ends inside"):
            all_frames(whole[:length])


@pytest.mark.parametrize("head", [(20_001, 10), (1, 2**31)])
def test_frames_too_large_are_refused(head: tuple[int, int]) -> None:
    with pytest.raises(FrameError, match="too large"):
        next_frame(io.BytesIO(struct.pack("<II", *head)))


def test_keys_are_signed_little_endian_and_come_in_parts() -> None:
    keys = [-(2**63), -1, 0, 1, 2**63 - 1] * 5000
    file = io.BytesIO(struct.pack(f"<{len(keys)}q", *keys))
    assert next_keys(file) == keys[:20_000]
    assert next_keys(file) == keys[20_000:]
    assert next_keys(file) == []


def test_half_a_key_is_refused() -> None:
    with pytest.raises(FrameError, match="inside a key"):
        next_keys(io.BytesIO(bytes(12)))


async def test_a_stream_has_header_pieces_and_trailer() -> None:
    pieces = [piece async for piece in copy_stream(bytes(PIECE + 1))]
    assert pieces == [COPY_HEADER, bytes(PIECE), b"\0", COPY_TRAILER]
