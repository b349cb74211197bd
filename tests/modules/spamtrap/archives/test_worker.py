"""The function that reads an archive, spoken to as the daemon does it."""

import os
import threading
from datetime import timedelta

import pytest
from support.trapping import BEGAN, month, seven, spam

from tipd.modules.spamtrap.archives.talk import DOWN, PLACE, PLACES, UP, Answer, Ears, frame
from tipd.modules.spamtrap.archives.worker import MOST_ASKED, ReadJob, read_archive
from tipd.modules.spamtrap.gathering import Rules


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "talk"
    made.mkdir()
    for name in (UP, DOWN):
        os.mkfifo(made / name)
    (made / PLACE).write_bytes(bytes(PLACES.size))
    return made


def listen(folder, known=lambda _: False):
    """Answer in a thread until the last word; return what was said."""
    said = []
    up, down = (os.open(folder / name, os.O_RDWR) for name in (UP, DOWN))

    def answer():
        ears = Ears()
        while not (said and said[-1].end):
            for each in ears.hear(os.read(up, 65536)):
                said.append(each)
                if each.asks:
                    os.write(down, frame(Answer(known=bytes(known(sha256) for sha256 in each.asks))))
        os.close(up)
        os.close(down)

    thread = threading.Thread(target=answer)
    thread.start()
    return said, thread


def read(folder, body, known=lambda _: False, **more):
    (folder.parent / "archive").write_bytes(body)
    said, thread = listen(folder, known)
    rules = Rules(source="a", now=BEGAN, since=BEGAN)
    job = ReadJob(path=os.fsencode(folder.parent / "archive"), folder=str(folder), rules=rules, member="m", **more)
    result = read_archive(job)
    thread.join(30)
    return result, said


def test_it_asks_before_it_parses_and_says_how_far_it_is(folder):
    count = MOST_ASKED + 20
    result, said = read(folder, seven(month(0, count)))
    asked = [len(each.asks) for each in said if each.asks]
    assert asked == [MOST_ASKED, 20]
    assert sum(len(each.batch.mails) for each in said if each.batch) == count == result.new == result.mails
    assert all(each.batch.member == "m" for each in said if each.batch)
    assert said[-1].at.endswith(f"{count - 1:08}.txt") and result.parsing > 0 and result.fault == ""
    assert PLACES.unpack((folder / PLACE).read_bytes())[0] == 0


def test_what_is_known_is_not_parsed(folder):
    result, said = read(folder, seven(month(0, 9)), lambda _: True)
    assert (result.mails, result.new, result.parsing) == (9, 0, 0.0)
    assert [each.batch for each in said] == [None, None]


def test_trap_boundary_and_mask_are_the_archives(folder):
    rules = Rules(source="a", now=BEGAN + timedelta(days=1), since=BEGAN, own=("198.51.100.0/24",))
    (folder.parent / "archive").write_bytes(seven({"x": spam(1)}))
    said, thread = listen(folder)
    path = os.fsencode(folder.parent / "archive")
    read_archive(ReadJob(path=path, folder=str(folder), rules=rules, member="m", trap="typo", key=b"k"))
    thread.join(30)
    (row,) = next(each.batch for each in said if each.batch).mails
    assert row.trap_kind == "typo" and row.sighted is False and len(row.trap) == 8
