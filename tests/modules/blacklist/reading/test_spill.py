"""Numbers gathered and given back in sorted parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.reading import spill
from tipd.modules.blacklist.reading.spill import PARTS, Spill, part_bounds

numbers = st.lists(st.integers(0, 2**64 - 1), max_size=40)


@pytest.mark.parametrize("keep", [1 << 18, 10])
def test_all_come_back_in_their_part(tmp_path, monkeypatch, keep):
    monkeypatch.setattr(spill, "_KEEP_ROWS", keep)
    rng = np.random.default_rng(5)
    kept = Spill(tmp_path, 2)
    everything = rng.integers(0, 2**64, (100, 2), dtype=np.uint64)
    for start in range(0, 100, 7):
        kept.add(everything[start : start + 7])
    back = []
    for part in range(PARTS):
        rows = kept.part(part)
        assert ((rows[:, 0] >> np.uint64(59)) == part).all()
        back += rows.tolist()
    assert sorted(back) == sorted(everything.tolist())
    kept.close()
    assert list(tmp_path.iterdir()) == []


@given(numbers)
def test_bounds_part_a_sorted_array(values):
    ordered = np.sort(np.array(values, np.uint64))
    bounds = part_bounds(ordered)
    assert len(bounds) == PARTS + 1
    for part in range(PARTS):
        assert all(int(value) >> 59 == part for value in ordered[bounds[part] : bounds[part + 1]])


def test_nothing_gives_nothing(tmp_path):
    empty = Spill(tmp_path, 1)
    assert [len(empty.part(part)) for part in range(PARTS)] == [0] * PARTS
    empty.close()
