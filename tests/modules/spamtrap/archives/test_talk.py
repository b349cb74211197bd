"""What the reader of an archive and the daemon say to each other, in pieces of any size."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.spam import SpamBatch
from tipd.modules.spamtrap.archives.talk import DOWN, UP, Answer, Ears, Mouth, Said, frame

_said = st.builds(
    Said,
    asks=st.lists(st.binary(min_size=32, max_size=32), max_size=5).map(tuple),
    batch=st.none() | st.just(SpamBatch(source="a")),
    mails=st.integers(0, 2**40),
    end=st.booleans(),
    at=st.text(max_size=20),
)


@given(st.lists(_said, max_size=6), st.integers(1, 200))
def test_what_is_said_is_heard(said, size):
    whole = b"".join(map(frame, said))
    ears = Ears()
    heard = [one for at in range(0, len(whole), size) for one in ears.hear(whole[at : at + size])]
    assert heard == said


def test_what_is_no_message_is_refused():
    with pytest.raises(ValueError, match="4294967295 bytes"):
        Ears().hear(b"\xff\xff\xff\xff")


def test_a_question_waits_for_its_answer_and_ends_when_nobody_is_there(tmp_path):
    for name in (UP, DOWN):
        os.mkfifo(tmp_path / name)
    up, down = (os.open(tmp_path / name, os.O_RDWR) for name in (UP, DOWN))
    mouth = Mouth(tmp_path)
    os.write(down, frame(Answer(known=b"\x01")))
    found = []
    asking = threading.Thread(target=lambda: found.append(mouth.ask(Said(asks=(b"x" * 32,)))))
    asking.start()
    asking.join(30)
    assert found == [Answer(known=b"\x01")] and Ears().hear(os.read(up, 4096))[0].asks == (b"x" * 32,)
    os.close(down)
    with pytest.raises(BrokenPipeError):
        mouth.ask(Said(asks=(b"x" * 32,)))
    mouth.close()
    os.close(up)
