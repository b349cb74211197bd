"""Mbox files: message by message, and only what is whole."""

import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.agent import mbox
from tipd.agent.maildir import RefusedMail

MAILS = [b"Subject: %d\n\nline\n>From here\n" % n for n in range(5)]


def joined(mails) -> bytes:
    return b"".join(b"From a@example.net Sun Nov 22 04:00:00 2026\n" + mail + b"\n" for mail in mails)


class Box:
    def __init__(self, path):
        self.path = path
        self.position = None

    def write(self, raw: bytes, *, append: bool = False) -> None:
        with self.path.open("ab" if append else "wb") as file:
            file.write(raw)

    def look(self, most: int = 100, *, settled: bool = True) -> list[bytes] | None:
        now = self.path.stat().st_mtime + (60 if settled else 0)
        found = mbox.look(os.fsencode(self.path), self.position, now, most)
        if found is None:
            return None
        self.position = found.position
        raw = self.path.read_bytes()
        return [raw[each.place : each.place + each.length] for each in found.messages]


@pytest.fixture
def box(tmp_path) -> Box:
    return Box(tmp_path / "mbox")


def test_messages_are_told_as_they_lie_and_once(box):
    box.write(joined(MAILS[:3]))
    assert box.look() == MAILS[:3]
    assert box.look() is None
    box.write(joined(MAILS[3:]), append=True)
    assert box.look() == MAILS[3:]


def test_a_file_is_still_the_same_with_more_at_its_end_and_not_when_it_was_rewritten(box, tmp_path):
    path = os.fsencode(box.path)
    box.write(joined(MAILS[:3]))
    box.look()
    assert mbox.is_still(path, box.position)
    box.write(joined(MAILS[3:]), append=True)
    assert mbox.is_still(path, box.position)
    box.write(joined(MAILS[1:]))
    assert not mbox.is_still(path, box.position)
    box.path.unlink()
    assert not mbox.is_still(path, box.position)
    box.path.symlink_to(tmp_path)
    assert not mbox.is_still(path, box.position)


def test_the_last_one_counts_when_nobody_wrote_for_a_while(box):
    box.write(joined(MAILS[:2])[:-4])
    assert box.look(settled=False) == MAILS[:1]
    assert box.look(settled=False) is None
    box.write(joined(MAILS[:2])[-4:], append=True)
    assert box.look() == MAILS[1:2]


def test_many_are_told_in_slices(box):
    box.write(joined(MAILS))
    assert box.look(2) == MAILS[:2]
    assert box.look(2) == MAILS[2:4]
    assert box.look(2) == MAILS[4:]
    assert box.look(2) is None


def test_a_file_that_was_rewritten_is_read_again(box):
    box.write(joined(MAILS[:3]))
    box.look()
    box.write(joined([MAILS[1], MAILS[3]]))  # a mail program removed some
    assert box.look() == [MAILS[1], MAILS[3]]
    box.write(joined([MAILS[4], MAILS[3]]))  # the same length
    os.utime(box.path, (1, 1))
    box.position = mbox.Position(inode=box.position.inode, place=box.position.place - 7, tail=box.position.tail)
    assert box.look() == [MAILS[4], MAILS[3]]
    box.write(b"")
    assert box.look() == []
    assert box.look() is None


def test_lines_with_carriage_returns(box):
    box.write(joined(MAILS[:2]).replace(b"\n", b"\r\n"))
    assert box.look() == [mail.replace(b"\n", b"\r\n") for mail in MAILS[:2]]


@pytest.mark.parametrize("raw", [b"Subject: one\n\nno mbox\n", b"\x00\x01", b"from x\n"])
def test_what_is_no_mbox_is_refused(box, raw):
    box.write(raw)
    with pytest.raises(RefusedMail, match="no mbox"):
        box.look()


LOCKED = """
import fcntl, sys
file = open(sys.argv[1], "ab")
fcntl.lockf(file, fcntl.LOCK_EX)
print("locked", flush=True)
sys.stdin.read()
"""


def test_one_that_somebody_writes_to_is_left_for_later(box):
    box.write(joined(MAILS[:1]))
    words = [sys.executable, "-c", LOCKED, str(box.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"locked\n"
        assert box.look() is None
        writer.communicate()
    assert box.look() == MAILS[:1]


def test_links_and_pipes_are_refused(box, tmp_path):
    os.mkfifo(box.path)
    with pytest.raises(RefusedMail, match="a pipe"):
        box.look()
    box.path.unlink()
    (tmp_path / "other").write_bytes(joined(MAILS))
    box.path.symlink_to(tmp_path / "other")
    with pytest.raises(RefusedMail, match="a link"):
        box.look()


TEXT = st.text("aF\n \r", max_size=40)
BODIES = st.lists(TEXT.map(lambda text: b"Subject: x\n\n" + text.encode() + b"\n"), max_size=6)


@settings(max_examples=40)
@given(BODIES, st.integers(5, 64), st.integers(1, 3))
def test_pieces_fall_where_they_may(tmp_path_factory, mails, piece, most):
    box = Box(tmp_path_factory.mktemp("mbox") / "mbox")
    mails = [mail.replace(b"From ", b">From ") for mail in mails]
    box.write(joined(mails))
    before, mbox._PIECE = mbox._PIECE, max(24, piece)
    try:
        found = []
        while (more := box.look(most)) is not None:
            found += more
            if not more:
                break
    finally:
        mbox._PIECE = before
    assert found == mails
