"""The worker's own side, run in this process or as a bare child."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tipd.work import child
from tipd.work.wire import LENGTH, Answer, Job, frame


@pytest.fixture
def worker():
    ours, theirs = socket.socketpair()
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    words = [sys.executable, "-m", "tipd.work.child", str(os.getpid())]
    with theirs:
        process = subprocess.Popen(words, stdin=theirs.fileno(), env=environment)
    yield ours, process
    ours.close()
    process.kill()
    process.wait()


def ask(peer, name, argument=None):
    peer.sendall(frame(Job(name, msgspec.msgpack.encode(argument), 64 * 2**20)))
    with peer.makefile("rb") as file:
        (length,) = LENGTH.unpack(file.read(4))
        return msgspec.msgpack.decode(file.read(length), type=Answer)


def test_it_serves_until_its_input_ends(worker):
    peer, process = worker
    assert msgspec.msgpack.decode(ask(peer, "support.jobs:double", 3).result) == 6
    assert msgspec.msgpack.decode(ask(peer, "support.jobs:pid").result) == process.pid
    peer.close()
    assert process.wait(10) == 0


def test_a_job_that_cannot_be_found_is_an_answer(worker):
    peer, _ = worker
    assert "ModuleNotFoundError" in ask(peer, "nowhere.at_all:double", 3).text
    assert "AttributeError" in ask(peer, "support.jobs:nothing", 3).text
    assert msgspec.msgpack.decode(ask(peer, "support.jobs:double", 1).result) == 2


def test_what_the_machine_is_to_blame_for_is_told_apart(worker):
    peer, _ = worker
    assert ask(peer, "nowhere.at_all:double", 3).failed == "system"
    assert ask(peer, "support.jobs:no_room").failed == "system"
    assert ask(peer, "support.jobs:nothing", 3).failed == "raised"


def test_an_argument_of_the_wrong_type_is_an_answer(worker):
    peer, _ = worker
    answer = ask(peer, "support.jobs:double", "three")
    assert (answer.failed, "ValidationError" in answer.text) == ("raised", True)


def test_it_is_nicer_than_its_parent_and_leaves_no_core(worker):
    peer, process = worker
    ask(peer, "support.jobs:pid")
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == min(19, os.getpriority(os.PRIO_PROCESS, 0) + 5)
    limits = Path(f"/proc/{process.pid}/limits").read_text()
    assert next(line.split()[4] for line in limits.splitlines() if line.startswith("Max core")) == "0"


def test_it_ends_at_once_where_its_parent_is_somebody_else():
    words = [sys.executable, "-m", "tipd.work.child", "1"]
    assert subprocess.run(words, stdin=subprocess.DEVNULL, timeout=30).returncode == 0


def test_half_a_frame_is_an_end_and_not_a_hang():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"\x05\x00")
        ours.shutdown(socket.SHUT_WR)
        assert child._read(theirs) is None
