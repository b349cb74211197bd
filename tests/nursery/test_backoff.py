import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.nursery.backoff import Backoff


@given(st.floats(0.001, 10), st.floats(10, 10_000), st.integers(0, 3000), st.integers())
def test_a_delay_is_within_its_doubling_and_the_cap(base: float, cap: float, failures: int, seed: int) -> None:
    backoff = Backoff(base, cap, random.Random(seed), failures=failures)
    ceiling = min(cap, base * 2 ** min(failures, 64))
    assert backoff.ceiling == ceiling
    assert 0 <= backoff.next() <= ceiling
    assert backoff.failures == failures + 1


def test_the_jitter_is_full() -> None:
    delays = [Backoff(8, 8, random.Random(seed)).next() for seed in range(400)]
    quarters = [sum(low <= delay < low + 2 for delay in delays) for low in (0, 2, 4, 6)]
    assert min(quarters) > 60  # of 100 each were it even


def test_ceilings_double_until_the_cap_and_begin_anew() -> None:
    backoff = Backoff(1, 10, random.Random(1))
    ceilings = []
    for _ in range(6):
        ceilings.append(backoff.ceiling)
        backoff.next()
    assert ceilings == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.ceiling == 1


@pytest.mark.parametrize(("base", "cap"), [(0, 1), (-1, 1), (2, 1), (float("nan"), 1)])
def test_numbers_that_make_no_sense_are_refused(base: float, cap: float) -> None:
    with pytest.raises(ValueError, match="base"):
        Backoff(base, cap, random.Random(1))
