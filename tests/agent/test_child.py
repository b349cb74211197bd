"""What parent and reading process say to each other."""

import os
import socket
import subprocess
import sys

import msgspec
import pytest

from tipd.agent import child
from tipd.agent.readers import python_path
from tipd.agent.reading import Entry, Outcome, Setup


@pytest.fixture
def peer():
    ours, theirs = socket.socketpair()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(python_path())}
    words = [sys.executable, "-m", "tipd.agent.child", str(os.getpid()), str(2**28), "5"]
    with theirs:
        process = subprocess.Popen(words, stdin=theirs.fileno(), env=environment)
    ours.settimeout(60)
    yield ours
    ours.close()
    assert process.wait(60) == 0  # the end of its input is its end


def test_one_outcome_for_each_entry(peer, tmp_path):
    (tmp_path / "1.x").write_bytes(b"Subject: one\n\ntext\n")
    peer.sendall(child.frame(msgspec.msgpack.encode(Setup())))
    assert child.receive(peer) == child.READY
    entries = [Entry(folder=os.fsencode(tmp_path), name=name) for name in (b"1.x", b"2.x")]
    peer.sendall(child.frame(msgspec.msgpack.encode(entries)))
    outcomes = [msgspec.msgpack.decode(child.receive(peer), type=Outcome) for _ in entries]
    assert [outcome.state for outcome in outcomes] == ["read", "gone"]
    assert outcomes[0].cpu > 0


def test_a_message_that_is_cut_is_the_end():
    one, other = socket.socketpair()
    one.sendall(child.frame(b"whole") + child.frame(b"cut")[:-1])
    one.close()
    assert child.receive(other) == b"whole"
    assert child.receive(other) is None
    other.close()


def test_a_parent_that_is_another_ends_it():
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(python_path())}
    words = [sys.executable, "-m", "tipd.agent.child", "1", str(2**28), "5"]
    assert subprocess.run(words, env=environment, stdin=subprocess.DEVNULL, timeout=60).returncode == 0
