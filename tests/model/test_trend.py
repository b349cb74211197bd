"""What rises and falls."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.trend import CLEAR, Movement, default_since, movement, next_start, periods, start_of

DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
BY = st.sampled_from(["day", "week", "month"])


@given(DAYS, BY)
def test_a_day_lies_in_its_period_and_the_next_begins_where_it_ends(day, by):
    start = start_of(day, by)
    assert start <= day < next_start(start, by)
    assert start_of(next_start(start, by), by) == next_start(start, by)


@given(DAYS, st.integers(1, 200), BY)
def test_periods_cover_the_days_without_gap_or_overlap(since, length, by):
    until = since + timedelta(days=length)
    found = periods(since, until, by, until)
    assert found[0].start <= since
    assert found[-1].end >= until
    assert all(one.end == two.start for one, two in itertools.pairwise(found))
    assert all(period.complete == (since <= period.start and period.end <= until) for period in found)


def test_today_is_not_over():
    today = date(2026, 11, 22)
    found = periods(date(2026, 11, 20), date(2026, 11, 23), "day", today)
    assert [period.complete for period in found] == [True, True, False]


def test_weeks_begin_on_monday_and_months_on_the_first():
    assert start_of(date(2026, 11, 22), "week") == date(2026, 11, 16)
    assert start_of(date(2026, 11, 22), "month") == date(2026, 11, 1)
    assert next_start(date(2026, 12, 1), "month") == date(2027, 1, 1)


@pytest.mark.parametrize(("by", "since"), [("day", "2026-11-08"), ("week", "2026-09-21"), ("month", "2026-05-01")])
def test_what_is_told_where_nobody_says_since_when(by, since):
    assert default_since(date(2026, 11, 23), by) == date.fromisoformat(since)


@pytest.mark.parametrize(
    ("counts", "rises", "falls"),
    [
        ([100, 110, 90, 200], True, False),
        ([100, 110, 90, 105], False, False),
        ([100, 110, 90, 20], False, True),
        ([0, 0, 0, 2], False, False),
        ([0, 0, 0, 50], True, False),
        ([5], False, False),
        ([], False, False),
    ],
)
def test_only_what_clearly_moves_is_said_to(counts, rises, falls):
    moved = movement(counts, [True] * len(counts))
    assert (moved.score >= CLEAR, moved.score <= -CLEAR) == (rises, falls)


def test_a_period_that_is_not_over_says_nothing():
    assert movement([100, 100, 3], [True, True, False]) == movement([100, 100], [True, True])


def test_the_change_is_a_ratio():
    assert movement([50, 150], [True, True]).change == pytest.approx(2.0)
    assert movement([0, 150], [True, True]).change is None


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=20))
def test_the_score_has_the_sign_of_the_movement(counts):
    moved = movement(counts, [True] * len(counts))
    assert (moved.score > 0) == (moved.last > moved.before)
    assert (moved.score < 0) == (moved.last < moved.before)


def test_what_was_not_counted_yet_is_not_nothing() -> None:
    counts, complete = [0, 0, 0, 7, 50], [True] * 5
    assert movement(counts, complete).score > CLEAR
    assert movement(counts, complete, 3).before == 7
    assert movement(counts, complete, 4) == Movement(last=50, before=50.0, change=0.0, score=0.0)
    assert movement(counts, complete, 9).last == 50
