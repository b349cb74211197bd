import random

import pytest

from tipd.nursery.policy import Policy, Record


def make(**numbers: float | None) -> Record:
    return Record(Policy(**numbers), random.Random(7))  # type: ignore[arg-type]


def test_more_than_the_limit_within_the_window_is_failed() -> None:
    record = make(limit=3, window=100.0, rest=900.0)
    delays = [record.fail(now) for now in (0.0, 10.0, 20.0)]
    assert not record.failed
    assert all(delay is not None and delay <= 4 for delay in delays)
    assert record.fail(100.0) == 900.0
    assert record.failed


def test_the_same_number_over_a_longer_time_is_not() -> None:
    record = make(limit=3, window=100.0)
    for now in range(0, 4000, 40):
        record.fail(float(now))
    assert not record.failed
    assert record.failures == 100


def test_a_failed_one_stays_failed_until_a_healthy_run() -> None:
    record = make(limit=0, window=10.0, rest=50.0)
    assert record.fail(0.0) == 50.0
    assert record.fail(1000.0) == 50.0
    record.calm()
    assert not record.failed
    assert record.failures == 0
    assert record.fail(1005.0) == 50.0  # the window still knows the one before


def test_success_forgets_the_window() -> None:
    record = make(limit=1, window=10.0)
    record.fail(0.0)
    record.succeed()
    record.fail(1.0)
    assert not record.failed


def test_without_a_rest_it_gives_up() -> None:
    record = make(limit=0, rest=None)
    assert record.fail(0.0) is None


def test_away_counts_for_nothing_and_is_asked_for_often() -> None:
    record = make(base=60.0, cap=3600.0)
    assert all(record.away() <= 30 for _ in range(50))
    assert record.failures == 0
    assert not record.failed


def test_failures_from_before_a_restart_go_on() -> None:
    record = Record(Policy(base=1, cap=1000, limit=9), random.Random(3), failures=9)
    assert not record.failed
    assert (record.fail(0.0) or 0) > 16
    assert record.failures == 10
    assert Record(Policy(limit=9), random.Random(3), failures=10).failed


@pytest.mark.parametrize(
    "numbers", [{"base": 0}, {"base": 9, "cap": 1}, {"limit": -1}, {"window": 0}, {"healthy_after": -1}, {"rest": 0}]
)
def test_numbers_that_make_no_sense_are_refused(numbers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"needs|positive"):
        Policy(**numbers)  # type: ignore[arg-type]
