"""When a source is asked next."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.due import LONGEST_WAIT, after_failure, after_success

NOW = datetime(2026, 11, 22, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


def test_after_success():
    assert after_success(NOW, HOUR, MINUTE) == NOW + HOUR
    assert after_success(NOW, MINUTE, HOUR) == NOW + HOUR


@given(
    st.integers(1, 10**6),
    st.integers(1, 10**6),
    st.integers(1, 200),
    st.none() | st.floats(0, 1e9),
    st.integers(0, 100),
)
def test_after_failure(every, floor, failures, retry_after, seed):
    pace, shortest = timedelta(seconds=every), timedelta(seconds=floor)
    due = after_failure(
        NOW, every=pace, floor=shortest, failures=failures, retry_after=retry_after, rng=random.Random(seed)
    )
    assert due >= NOW + shortest
    asked = timedelta(seconds=min(retry_after or 0, LONGEST_WAIT.total_seconds()))
    assert due >= NOW + asked
    assert due <= NOW + max(pace, shortest, asked)


def test_patience_grows():
    def mean(failures):
        rng = random.Random(1)
        waits = [
            after_failure(NOW, every=24 * HOUR, floor=MINUTE, failures=failures, retry_after=None, rng=rng) - NOW
            for _ in range(200)
        ]
        return sum(waits, timedelta()) / 200

    assert mean(1) < 2 * MINUTE < mean(5) < HOUR < mean(10)
