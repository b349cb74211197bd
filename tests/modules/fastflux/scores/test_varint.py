"""Numbers in few bytes: there and back, and hostile bytes refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.varint import Taker, put, put_rising


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_there_and_back(numbers) -> None:
    into = bytearray()
    put(into, numbers)
    take = Taker(bytes(into))
    assert take.many(len(numbers)) == numbers
    assert take.at == len(into)


@given(st.lists(st.integers(0, 2**63), max_size=50).map(sorted))
def test_rising_there_and_back(numbers) -> None:
    into = bytearray()
    put_rising(into, numbers)
    assert Taker(bytes(into)).rising(50) == numbers


def test_small_numbers_take_one_byte() -> None:
    into = bytearray()
    put(into, range(128))
    assert len(into) == 128


@pytest.mark.parametrize(
    ("memo", "said"),
    [(b"", "end within"), (b"\x80", "end within"), (b"\x80" * 11 + b"\x01", "more than 64"), (b"\x05\x01", "fewer")],
)
def test_broken_bytes_are_refused(memo, said) -> None:
    with pytest.raises(ValueError, match=said):
        Taker(memo).rising(100)


def test_too_many_are_refused() -> None:
    into = bytearray()
    put_rising(into, range(10))
    with pytest.raises(ValueError, match="10 numbers, at most 9"):
        Taker(bytes(into)).rising(9)


def test_bytes_end_too_soon() -> None:
    take = Taker(b"abc")
    assert take.bytes(2) == b"ab"
    with pytest.raises(ValueError, match="too soon"):
        take.bytes(2)


@given(st.binary(max_size=40))
def test_any_bytes_are_numbers_or_refused(memo) -> None:
    take = Taker(memo)
    try:
        found = take.rising(64)
    except ValueError:
        return
    assert found == sorted(found)
