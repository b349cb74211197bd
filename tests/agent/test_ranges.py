"""Ranges and conditions, as RFC 9110 has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.agent.ranges import Part, UnsatisfiableError, matches, still_valid, wanted

TAG = '"abc"'


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-0", Part(0, 1)),
        ("bytes=2-4", Part(2, 5)),
        ("bytes=2-", Part(2, 10)),
        ("bytes=2-99999999999", Part(2, 10)),
        ("bytes=-3", Part(7, 10)),
        ("bytes=-99", Part(0, 10)),
        (" bytes=1-1 ", Part(1, 2)),
    ],
)
def test_one_range_is_a_part(header: str, part: Part) -> None:
    assert wanted(header, 10) == part


@pytest.mark.parametrize(
    "header",
    ["", "bytes=-", "bytes=5-2", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "bytes=1", "bytes=" + "9" * 30 + "-"],
)
def test_what_is_no_single_range_gets_the_whole(header: str) -> None:
    assert wanted(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-12", "bytes=-0"])
def test_a_range_behind_the_end_cannot_be(header: str) -> None:
    with pytest.raises(UnsatisfiableError):
        wanted(header, 10)


def test_nothing_has_no_ranges() -> None:
    with pytest.raises(UnsatisfiableError):
        wanted("bytes=0-", 0)


@given(st.text("bytes=0123456789-, \t\u0661", max_size=20), st.integers(0, 100))
def test_a_part_is_never_empty_and_always_inside(header: str, size: int) -> None:
    try:
        part = wanted(header, size)
    except UnsatisfiableError:
        return
    assert part is None or 0 <= part.start < part.end <= size


@pytest.mark.parametrize(
    ("header", "same"),
    [
        ("", False),
        ("*", True),
        (TAG, True),
        ('W/"abc"', True),
        ('"x", "abc"', True),
        ('"x" "abc"', False),
        ("abc", False),
        ('"ab', False),
    ],
)
def test_if_none_match_names_tags(header: str, same: bool) -> None:
    assert matches(header, TAG) is same


def test_only_the_strong_tag_lets_a_range_count() -> None:
    assert still_valid(f" {TAG} ", TAG)
    assert not still_valid('W/"abc"', TAG)
    assert not still_valid("Sun, 22 Nov 2026 04:00:00 GMT", TAG)
