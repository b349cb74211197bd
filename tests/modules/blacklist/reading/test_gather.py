"""Rows gathered by indicator."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.reading import gather as room
from tipd.modules.blacklist.reading.beside import NOTHING, Beside, read_back, written
from tipd.modules.blacklist.reading.frames import parted, value_of
from tipd.modules.blacklist.reading.gather import Gather


def gathered(folder, groups):
    gather = Gather(folder)
    for code, keys, values, besides in groups:
        gather.add(code, np.array(keys, np.uint64), values, besides)
    slices = list(gather.slices())
    gather.close()
    keys = [key for part in slices for key in part.keys.tolist()]
    rows = [row for part in slices for row in part.rows]
    assert len(keys) == len(rows)
    return keys, rows


def port(number):
    return written(Beside({"port": number}))


def test_each_key_once_in_order_with_all_that_is_said(tmp_path):
    top = 2**64 - 1
    keys, rows = gathered(
        tmp_path,
        [
            (1, [7, top, 0], [b"seven", b"top", b"zero"], [port(1), NOTHING, NOTHING]),
            (4, [9], [b"nine"], None),
            (1, [7, 7, 0], [b"seven"] * 2 + [b"zero"], [port(2), port(1), NOTHING]),
        ],
    )
    assert keys == [0, 7, 9, top]
    assert [value_of(row) for row in rows] == ["zero", "seven", "nine", "top"]
    assert [read_back(parted(row)[1]).context for row in rows] == [{}, {"port": [1, 2]}, {}, {}]


def test_nothing_makes_no_files(tmp_path):
    assert gathered(tmp_path, []) == ([], [])


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(room, "_RUN_ROWS", 7)
    monkeypatch.setattr(room, "_SLICE_BYTES", 300)


def test_many_runs_are_one_in_whatever_order(tmp_path, small):
    rng = random.Random(5)
    rows = [(rng.randrange(2**64) if number % 3 else number, number % 50) for number in range(2000)]
    rows += [(number * 6, 1000 + number) for number in range(200)]
    made = []
    for _ in range(2):
        rng.shuffle(rows)
        made.append(gathered(tmp_path, [(1, [key], [b"%d" % key], [port(said)]) for key, said in rows]))
    assert made[0] == made[1]
    keys, out = made[0]
    assert keys == sorted({key for key, _ in rows})
    for key, row in zip(keys, out, strict=True):
        said = sorted({said for other, said in rows if other == key})
        assert read_back(parted(row)[1]).context == {"port": said if len(said) > 1 else said[0]}


def test_one_indicator_on_all_rows_stays_small(tmp_path, small):
    besides = [written(Beside({name: f"{name}{number}" * 80 for name in "abcdefgh"})) for number in range(300)]
    (keys, rows) = gathered(tmp_path, [(1, [5], [b"x"], [beside]) for beside in besides])
    assert keys == [5]
    assert len(rows[0]) < 9000


@given(
    st.lists(st.lists(st.tuples(st.integers(0, 5) | st.integers(0, 2**64 - 1), st.integers(0, 3)), max_size=12)),
    st.integers(1, 5),
    st.integers(1, 400),
)
def test_runs_and_slices_make_no_difference(tmp_path_factory, groups, run, part):
    folder = tmp_path_factory.mktemp("g")
    made = [
        (
            1,
            [key for key, _ in group],
            [b"v%d" % key for key, _ in group],
            [port(p) if p else NOTHING for _, p in group],
        )
        for group in groups
    ]
    whole = gathered(folder, made)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "_RUN_ROWS", run)
        patch.setattr(room, "_SLICE_BYTES", part)
        assert gathered(folder, made) == whole
