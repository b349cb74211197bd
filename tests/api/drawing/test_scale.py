"""Positions and marks of scales."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.api.drawing.scale import MOST_MARKS, AmountScale, TimeScale, amount, round_step

START = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


def test_moments_lie_between_the_borders():
    scale = TimeScale(START, START + timedelta(hours=4), 100, 500)
    assert scale.at(START) == 100
    assert scale.at(START + timedelta(hours=1)) == 200
    assert scale.at(START + timedelta(days=9)) == 500
    assert scale.at(START - timedelta(days=9)) == 100
    assert [(tick.at, tick.label) for tick in scale.ticks()] == [
        (100 + 50 * half, f"{4 + half // 2:02}:{30 * (half % 2):02}") for half in range(9)
    ]


@pytest.mark.parametrize(
    ("span", "label"),
    [
        (timedelta(seconds=30), "04:00:05"),
        (timedelta(minutes=30), "04:05"),
        (timedelta(hours=20), "06:00"),
        (timedelta(days=6), "11-23"),
        (timedelta(days=4000), "2027"),
    ],
)
def test_marks_are_written_as_the_span_needs(span, label):
    assert label in [tick.label for tick in TimeScale(START, START + span, 0, 100).ticks()]


def test_a_moment_alone_stands_in_the_middle():
    scale = TimeScale(START, START, 0, 100)
    assert scale.at(START) == 50
    assert [tick.at for tick in scale.ticks()] == [50]


@given(st.floats(1, 4e9))
def test_marks_are_few_and_inside(seconds):
    scale = TimeScale(START, START + timedelta(seconds=seconds), 10, 20)
    assert len(scale.ticks()) <= 2 * MOST_MARKS
    assert all(10 <= tick.at <= 20 for tick in scale.ticks())


def test_amounts_grow_upwards():
    scale = AmountScale(200, 180, 20)
    assert (scale.at(0), scale.at(100), scale.at(200), scale.at(999), scale.at(-5)) == (180, 100, 20, 20, 180)
    assert [tick.label for tick in scale.ticks()] == ["0", "50", "100", "150", "200"]
    assert AmountScale(0, 180, 20).at(5) == 180


@given(st.floats(1e-3, 1e9))
def test_a_step_is_round_and_not_below(least):
    step = round_step(least)
    assert least * (1 - 1e-6) <= step <= 10 * least
    assert f"{step:e}"[0] in "125"


def test_large_amounts_take_few_characters() -> None:
    values = (0, 0.5, 5000, 10_000, 150_000, 1_500_000, 20_000_000, 3e9)
    assert [amount(value) for value in values] == ["0", "0.5", "5000", "10k", "150k", "1.5M", "20M", "3G"]
