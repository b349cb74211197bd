"""Distinct traps are counted as long as they are few, and estimated beyond."""

import random

from hypothesis import given
from hypothesis import strategies as st

from tipd.store.spam.sets import MOST, distinct

HASHES = st.integers(-(2**63), 2**63 - 1)


@given(st.lists(st.frozensets(HASHES, max_size=20), max_size=20))
def test_few_are_counted(parts: list[frozenset[int]]) -> None:
    assert distinct(parts) == len(frozenset().union(*parts))


def test_many_are_estimated() -> None:
    rng = random.Random(1)
    for many in (1500, 20_000, 400_000):
        smallest = sorted(rng.randrange(-(2**63), 2**63) for _ in range(many))[:MOST]
        assert abs(distinct([smallest]) - many) < 0.12 * many
    assert distinct([range(MOST)]) >= MOST
