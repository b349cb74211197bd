"""Numbers in few bytes: there and back, and hostile bytes refused."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.varint import Taker, put, put_array


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_there_and_back(numbers) -> None:
    into = bytearray()
    put(into, numbers)
    take = Taker(bytes(into))
    assert take.many(len(numbers)) == numbers
    assert take.at == len(into)


@pytest.mark.parametrize("code", "BHIQ")
@given(st.data())
def test_arrays_there_and_back(code, data) -> None:
    most = 2 ** (8 * array(code).itemsize) - 1
    numbers = data.draw(st.lists(st.integers(0, most) | st.integers(0, 255), max_size=50))
    into, back = bytearray(), array(code)
    put_array(into, array(code, numbers))
    take = Taker(bytes(into))
    take.array(back, 50)
    assert back.tolist() == numbers
    assert take.at == len(into)


def test_arrays_are_as_narrow_as_their_greatest_number() -> None:
    sizes = []
    for greatest in (255, 65535, 2**32 - 1, 2**40):
        into = bytearray()
        put_array(into, array("Q", [greatest] * 10))
        sizes.append(len(into))
    assert sizes == [11, 21, 41, 81]


def test_small_numbers_take_one_byte() -> None:
    into = bytearray()
    put(into, range(128))
    assert len(into) == 128


@pytest.mark.parametrize(
    ("memo", "said"),
    [(b"", "end within"), (b"\x80", "end within"), (b"\x80" * 11 + b"\x01", "more than 64"), (b"\x14\x01", "too soon")],
)
def test_broken_bytes_are_refused(memo, said) -> None:
    with pytest.raises(ValueError, match=said):
        Taker(memo).array(array("I"), 100)


def test_too_many_are_refused_and_too_great_ones() -> None:
    into = bytearray()
    put_array(into, array("I", range(10)))
    with pytest.raises(ValueError, match="10 numbers, at most 9"):
        Taker(bytes(into)).array(array("I"), 9)
    into = bytearray()
    put_array(into, array("I", [300]))
    with pytest.raises(OverflowError):
        Taker(bytes(into)).array(array("B"), 9)


def test_fewer_bytes_than_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="fewer"):
        Taker(b"\x01").many(2)


def test_bytes_end_too_soon() -> None:
    take = Taker(b"abc")
    assert take.bytes(2) == b"ab"
    with pytest.raises(ValueError, match="too soon"):
        take.bytes(2)


@given(st.binary(max_size=40))
def test_any_bytes_are_numbers_or_refused(memo) -> None:
    found = array("Q")
    try:
        Taker(memo).array(found, 64)
    except ValueError:
        return
    assert len(found) <= 64
