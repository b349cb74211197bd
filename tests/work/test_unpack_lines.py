"""Caps on lines."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.work.unpack import UnpackError
from tipd.work.unpack_lines import capped_lines

CUTS = st.lists(st.integers(1, 30), max_size=40)


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    pieces, position = [], 0
    for length in lengths:
        pieces.append(data[position : position + length])
        position += length
    return [piece for piece in [*pieces, data[position:]] if piece]


@given(
    st.binary(max_size=200).map(lambda data: data.translate(bytes([10, 13] + [97] * 6) * 32)), CUTS, st.integers(1, 12)
)
def test_same_as_splitting_it_all_at_once(data: bytes, cuts: list[int], max_line: int) -> None:
    refused: Counter[str] = Counter()
    got = b"".join(capped_lines(iter(cut(data, cuts)), max_line=max_line, max_lines=10**6, refused=refused))
    lines = data.splitlines()
    assert [line for line in got.splitlines() if line] == [line for line in lines if line and len(line) <= max_line]
    assert refused["line too long"] == sum(len(line) > max_line for line in lines)


def test_memory_stays_bounded_by_a_line_without_end() -> None:
    def endless() -> object:
        for _ in range(1000):
            yield b"x" * 10_000
        yield b"\n192.0.2.1\n"

    refused: Counter[str] = Counter()
    chunks = list(capped_lines(endless(), max_line=65536, max_lines=10, refused=refused))  # type: ignore[arg-type]
    assert b"".join(chunks).strip() == b"192.0.2.1" and refused == {"line too long": 1}


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_too_many_lines(end: bytes) -> None:
    body = (b"192.0.2.1" + end) * 11
    with pytest.raises(UnpackError) as caught:
        list(capped_lines(iter([body[:50], body[50:]]), max_line=100, max_lines=10))
    assert caught.value.reason == "too_many_lines"
    assert b"".join(capped_lines(iter([body]), max_line=100, max_lines=11)) == body
