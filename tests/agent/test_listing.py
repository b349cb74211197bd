"""Looking at big folders: none is missed, and what stays costs nothing."""

import os
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.agent import listing
from tipd.agent.listing import Listing

NAMES = st.lists(st.binary(min_size=1, max_size=6).filter(lambda name: not set(name) & {0, 47}), unique=True)


def touch(folder, *names) -> None:
    for name in names:
        (folder / name).touch()


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def test_the_first_look_is_all_backlog_newest_first(folder):
    touch(folder, *(f"17000000{n:02}.mx1" for n in range(30)))
    known = Listing(os.fsencode(folder))
    assert known.look() == []
    assert known.behind
    taken = known.older(12) + known.older(12) + known.older(12)
    assert taken == [b"17000000%02d.mx1" % n for n in reversed(range(30))]
    assert not known.behind
    assert known.older(12) == []


def test_a_later_look_gives_what_is_new(folder):
    touch(folder, *(f"17000000{n:02}.mx1" for n in range(30)))
    known = Listing(os.fsencode(folder))
    known.look()
    known.older(100)
    touch(folder, "1700000099.mx1", "1600000000.mx1")
    assert known.look() == [b"1700000099.mx1", b"1600000000.mx1"]
    assert known.look() == []
    (folder / "1700000003.mx1").rename(folder / "1700000003.mx1:2,S")
    (folder / "1700000005.mx1").unlink()
    assert known.look() == [b"1700000003.mx1:2,S"]
    assert known.names == 31


def test_all_is_taken_again_when_told(folder):
    touch(folder, "1.mx1", "2.mx1")
    known = Listing(os.fsencode(folder))
    known.look()
    assert known.older(9) == [b"2.mx1", b"1.mx1"]
    known.again()
    assert known.older(1) == [b"2.mx1"]
    assert known.older(9) == [b"1.mx1"]


def test_a_folder_that_comes_back_is_new(folder):
    known = Listing(os.fsencode(folder / "new"))
    with pytest.raises(FileNotFoundError):
        known.look()
    (folder / "new").mkdir()
    assert known.look() == []
    assert not known.behind
    touch(folder / "new", "1.mx1")
    assert known.look() == [b"1.mx1"]
    known.forget()
    known.look()
    assert known.older(9) == [b"1.mx1"]


def test_names_that_are_no_text_are_names(folder):
    os.close(os.open(os.fsencode(folder) + b"/\xff\xfe\n", os.O_CREAT | os.O_WRONLY))
    known = Listing(os.fsencode(folder))
    known.look()
    assert known.older(9) == [b"\xff\xfe\n"]


@given(NAMES, NAMES, st.randoms(use_true_random=False))
def test_no_new_name_is_missed_whatever_the_order(old, new, rng):
    kept = [name for name in old if rng.random() < 0.7]
    now = kept + [name for name in new if name not in kept]
    if rng.random() < 0.5:
        rng.shuffle(now)
    added = list(listing._added(joined(old), joined(now)))
    assert set(now) - set(old) <= set(added) <= set(now)
    assert len(added) == len(set(added))


@given(NAMES, NAMES, st.randoms(use_true_random=False))
def test_where_the_order_holds_nothing_else_counts_as_new(old, new, rng):
    now = list(old)
    for name in new:
        if name not in now:
            now.insert(rng.randrange(len(now) + 1), name)
    assert sorted(listing._added(joined(old), joined(now))) == sorted(set(now) - set(old))


def joined(names: list[bytes]) -> bytes:
    return b"/".join([*names, b""])


def test_over_many_blocks(monkeypatch):
    monkeypatch.setattr(listing, "_BLOCK", 64)
    monkeypatch.setattr(listing, "_WINDOW", 128)
    rng = random.Random(7)
    names = [b"%d.M%d.mx1" % (n, rng.randrange(10**6)) for n in range(2000)]
    for _ in range(20):
        now = [name for name in names if rng.random() < 0.98]
        for n in range(rng.randrange(60)):
            now.insert(rng.randrange(len(now)), b"new%d.%d" % (n, rng.randrange(10**9)))
        added = set(listing._added(joined(names), joined(now)))
        assert set(now) - set(names) <= added <= set(now)
        names = now


def test_the_newest_of_many_even_where_the_sample_misleads():
    names = [b"%06d" % n for n in range(10_000)]
    random.Random(3).shuffle(names)
    assert listing._newest(names, 700) == sorted(names, reverse=True)[:700]
    skewed = sorted(names)
    assert listing._newest(skewed, 9_000) == sorted(names, reverse=True)[:9_000]


def test_the_highest_name_there_can_be_is_not_missed(tmp_path):
    names = [b"\xff" * 255, b"\xff" * 9, b"1.x"]
    for name in names:
        (tmp_path / os.fsdecode(name)).touch()
    listing = Listing(os.fsencode(tmp_path))
    listing.look()
    assert listing.older(9) == names
