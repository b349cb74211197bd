"""Messages between the pool and its workers."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.work.wire import LENGTH, Answer, Job, frame


def test_a_frame_over_the_limit_is_refused(monkeypatch):
    monkeypatch.setattr("tipd.work.wire.MAX_FRAME", 10)
    with pytest.raises(ValueError, match="over the limit"):
        frame(Job("tipd.x:y", b"x" * 100, 1))


@given(st.text(max_size=30), st.binary(max_size=100), st.integers(0, 2**62))
def test_jobs_survive_the_wire(function, argument, memory):
    job = Job(function, argument, memory)
    sent = frame(job)
    assert LENGTH.unpack(sent[:4])[0] == len(sent) - 4
    assert msgspec.msgpack.decode(sent[4:], type=Job) == job


@given(st.binary(max_size=50), st.sampled_from(["", "raised", "memory"]), st.text(max_size=20))
def test_answers_survive_the_wire(result, failed, text):
    answer = Answer(result, failed, text, 5)
    assert msgspec.msgpack.decode(frame(answer)[4:], type=Answer) == answer
