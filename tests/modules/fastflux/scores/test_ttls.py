"""The sketch of TTLs: exact where they are few, near where they are many, small always."""

import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.fastflux.scores.ttls import Ttls


def sketch(ttls) -> Ttls:
    found = Ttls()
    for ttl in ttls:
        found.add(ttl)
    return found


def test_one_ttl_is_exact() -> None:
    found = sketch([300] * 1000)
    assert (found.least, found.median, found.greatest) == (300, 300, 300)


@pytest.mark.parametrize(("ttls", "median"), [([], 0), ([60, 300, 300], 300), ([5, 60, 60, 3600], 60), ([0, 0, 9], 0)])
def test_few_are_exact(ttls, median) -> None:
    assert sketch(ttls).median == median


@given(st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=200))
def test_the_median_is_near_and_the_ends_are_exact(ttls) -> None:
    found = sketch(ttls)
    truth = statistics.median_low(ttls)
    assert truth / 1.19 - 1 <= found.median <= truth * 1.19 + 1
    assert (found.least, found.greatest) == (min(ttls), max(ttls))
    assert list(found.values) == sorted(set(found.values))


def test_counts_at_once_weigh_as_one_by_one_and_old_ones_fade() -> None:
    found = Ttls()
    found.add(300, 200)
    found.add(60, 100)
    assert found.median == 300
    found.add(60, 10_000)
    assert found.median == 60


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(1, 10**6)), max_size=400))
def test_it_stays_small(counted) -> None:
    found = Ttls()
    for ttl, count in counted:
        found.add(ttl, count)
    assert len(found.values) == len(found.counts) <= 128
