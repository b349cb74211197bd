"""When a folder is worth another look."""

import os

import pytest

from tipd.agent import folders
from tipd.agent.folders import Folder
from tipd.agent.maildir import Box
from tipd.agent.settings import MaildirSettings

LATE = 2**62  # a wall clock long after any change


@pytest.fixture
def folder(tmp_path) -> Folder:
    (tmp_path / "new").mkdir()
    return Folder(Box(tmp_path, MaildirSettings(path=str(tmp_path))), os.fsencode(tmp_path / "new"))


def test_one_that_did_not_change_is_left_alone(folder, tmp_path):
    assert folder.is_due(0.0)
    assert folder.look(0.0, LATE) == []
    assert not folder.is_due(1.0)
    (tmp_path / "new" / "1.x").touch()
    assert folder.is_due(1.0)
    assert folder.look(1.0, LATE) == [b"1.x"]
    assert not folder.is_due(2.0)
    assert folder.is_due(1.0 + folders.FULL_LOOK)  # some file systems do not tell


def test_a_change_of_the_same_moment_is_not_missed(folder, tmp_path):
    told = (tmp_path / "new").stat().st_mtime_ns
    folder.look(0.0, told + 1_000_000)
    (tmp_path / "new" / "1.x").touch()
    os.utime(tmp_path / "new", ns=(told, told))  # the clock of the file system did not move
    assert folder.is_due(1.0)


def test_one_that_takes_long_is_looked_at_seldom(folder, tmp_path):
    folder.look(0.0, LATE)
    folder.took = 0.3
    (tmp_path / "new" / "1.x").touch()
    assert not folder.is_due(29.0)
    assert folder.is_due(31.0)


def test_one_that_went_away_and_came_back_is_new(folder, tmp_path):
    (tmp_path / "new" / "1.x").touch()
    folder.look(0.0, LATE)
    assert folder.listing.older(9) == [b"1.x"]
    (tmp_path / "new" / "1.x").unlink()
    (tmp_path / "new").rmdir()
    assert folder.is_due(1.0)
    with pytest.raises(FileNotFoundError):
        folder.look(1.0, LATE)
    assert folder.is_due(2.0)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "1.x").touch()
    folder.look(3.0, LATE)
    assert folder.listing.older(9) == [b"1.x"]


def test_now_and_then_and_after_trouble_every_name_is_compared_again(folder, tmp_path):
    (tmp_path / "new" / "1.x").touch()
    folder.look(0.0, LATE)
    assert folder.listing.older(9) == [b"1.x"]
    folder.trouble(10.0)
    assert not folder.is_due(folders.AFTER_TROUBLE)
    assert folder.is_due(10.0 + folders.AFTER_TROUBLE)
    folder.look(10.0 + folders.AFTER_TROUBLE, LATE)
    assert folder.listing.older(9) == [b"1.x"]
    assert not folder.listing.behind
    folder.look(10.0 + folders.AFTER_TROUBLE + folders.AGAIN, LATE)
    assert folder.listing.behind


def test_slices_grow_while_all_in_them_is_known(folder, tmp_path):
    for n in range(5):
        (tmp_path / "new" / f"{n}.x").touch()
    folder.look(0.0, LATE)
    folder.slice = 2
    assert folder.older() == [b"4.x", b"3.x"]
    folder.took_slice(known=True)
    assert folder.slice == 4
    assert folder.older() == [b"2.x", b"1.x", b"0.x"]
    folder.took_slice(known=False)
    assert folder.slice == folders.SLICE


def test_what_can_never_be_read_is_tried_later_and_later(folder):
    now, waits = 0.0, []
    for _ in range(6):
        folder.look(now, LATE)
        folder.trouble(now)
        folder.trouble(now)  # of another slice
        waits.append(folder.again_at - now)
        now = folder.again_at
    assert waits == [300.0, 600.0, 1200.0, 2400.0, 3600.0, 3600.0]
    folder.look(now, LATE)  # all is well
    folder.look(folder.again_at, LATE)
    folder.trouble(now := folder.again_at)
    assert folder.again_at - now <= folders.AFTER_TROUBLE
