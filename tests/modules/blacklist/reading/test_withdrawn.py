"""Rows that are taken back."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.reading.batch import Group
from tipd.modules.blacklist.reading.withdrawn import Withdrawn


def group_of(keys: list[int], first: int = 0) -> Group:
    """Return rows of one kind, one after the other from a place on."""
    rows = np.arange(first, first + len(keys))
    return Group(1, [b"x%d" % key for key in keys], np.array(keys, np.uint64), rows)


def kept(withdrawn: Withdrawn, path: Path) -> set[int]:
    count = withdrawn.write(path)
    keys = np.fromfile(path, "<u8").tolist()
    assert len(keys) == count
    return set(keys)


def test_what_is_not_taken_back_is_left_as_it_is(tmp_path: Path) -> None:
    withdrawn, group = Withdrawn(), group_of([1, 2, 2**64 - 1])
    assert withdrawn.part(group, set()) is group
    assert kept(withdrawn, tmp_path / "keys") == set()


def test_the_last_word_holds(tmp_path: Path) -> None:
    withdrawn = Withdrawn()
    parted = withdrawn.part(group_of([1, 2, 3, 1, 2]), {0, 2, 4})
    assert (parted.values, parted.keys.tolist(), parted.rows.tolist()) == ([b"x2", b"x1"], [2, 1], [1, 3])
    assert kept(withdrawn, tmp_path / "keys") == {2, 3}
    assert withdrawn.part(group_of([3]), set()).keys.tolist() == [3]
    assert kept(withdrawn, tmp_path / "keys") == {2}


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), max_size=30), st.integers(1, 7))
def test_how_a_body_is_cut_changes_nothing(rows: list[tuple[int, bool]], step: int) -> None:
    withdrawn = Withdrawn()
    for start in range(0, len(rows), step):
        part = rows[start : start + step]
        taken = {place for place, (_, gone) in enumerate(part) if gone}
        withdrawn.part(group_of([key for key, _ in part]), taken)
    assert {key for key, taken in withdrawn._last.items() if taken} == {key for key, gone in dict(rows).items() if gone}
