"""Reading processes: whatever a mail does to one, each mail gets its outcome."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from support.maildirs import Maildir, mail

from tipd.agent import readers
from tipd.agent.readers import Reader
from tipd.agent.reading import Entry, Setup
from tipd.errors import WorkerFailed
from tipd.mail.view import SHIPPED

SETUP = Setup(views=SHIPPED, keys={name: bytes(32) for name in SHIPPED})
MEMORY = 256 * 2**20


@pytest.fixture
def box(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


@pytest.fixture
async def reader():
    made = Reader(SETUP, MEMORY, 2.0)
    yield made
    await made.close()


def entries(box, *names) -> list[Entry]:
    return [Entry(folder=os.fsencode(box.path / "new"), name=os.fsencode(name), views=("urls",)) for name in names]


async def test_mails_are_read_in_their_order_by_one_process(box, reader):
    names = [box.deliver(mail(n)) for n in range(5)]
    outcomes = await reader.read(entries(box, *names, "1.gone"))
    assert [outcome.sha256 for outcome in outcomes[:5]] == [hashlib.sha256(mail(n)).digest() for n in range(5)]
    assert outcomes[5].state == "gone"
    first = reader._process.pid
    await reader.read(entries(box, names[0]))
    assert reader._process.pid == first
    assert reader.killed == 0


async def test_the_process_is_limited_and_has_none_of_our_rights(box, reader):
    await reader.read(entries(box, box.deliver(mail(1))))
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{reader._process.pid}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    limits = Path(f"/proc/{reader._process.pid}/limits").read_text()
    assert "Max file size             0" in limits
    assert "Max core file size        0" in limits
    assert "Max address space         unlimited" not in limits
    assert os.getpriority(os.PRIO_PROCESS, reader._process.pid) == 19


@pytest.fixture
def killer(monkeypatch, tmp_path):
    """Have the child's parser do something terrible to mails that say so."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, signal, sys\n"
        "if 'tipd.agent.child' in sys.orig_argv:\n"
        "    import tipd.agent.reading as reading\n"
        "    real = reading.read\n"
        "    def read(raw, *rest):\n"
        "        if b'KILL' in raw: os.kill(os.getpid(), signal.SIGSEGV)\n"
        "        if b'SPIN' in raw:\n"
        "            while True: pass\n"
        "        if b'EAT' in raw: bytearray(2**40)\n"
        "        if b'X-Header: WORSE' in raw: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        return real(raw, *rest)\n"
        "    reading.read = read\n"
    )
    monkeypatch.setattr(readers, "python_path", lambda real=readers.python_path: [str(tmp_path), *real()])


@pytest.mark.parametrize("harm", ["KILL", "SPIN", "EAT"])
async def test_a_mail_that_kills_costs_a_process_and_nothing_else(box, killer, harm):
    reader = Reader(SETUP, MEMORY, 0.3)
    names = [box.deliver(raw) for raw in (mail(1), mail(2, harm), mail(3))]
    outcomes = await reader.read(entries(box, *names))
    await reader.close()
    assert [outcome.state for outcome in outcomes] == ["read"] * 3
    assert outcomes[1].sha256 == hashlib.sha256(mail(2, harm)).digest()
    assert b"unread" in outcomes[1].lines["urls"]
    assert b"unread" not in outcomes[2].lines["urls"]
    assert reader.killed == 1
    assert outcomes[1].cpu >= 0.3  # the budget pays for the process that is gone too


async def test_one_whose_header_kills_still_gives_its_hash(box, killer):
    reader = Reader(SETUP, MEMORY, 1.0)
    raw = b"X-Header: WORSE\n" + mail(1)
    outcomes = await reader.read(entries(box, box.deliver(raw)))
    await reader.close()
    assert outcomes[0].sha256 == hashlib.sha256(raw).digest()
    assert b'"parser":"none"' in outcomes[0].lines["urls"] or b"broken" in outcomes[0].lines["urls"]
    assert reader.killed == 2


async def test_a_process_killed_from_outside_is_replaced(box, reader):
    name = box.deliver(mail(1))
    await reader.read(entries(box, name))
    os.kill(reader._process.pid, signal.SIGKILL)
    outcomes = await reader.read(entries(box, name))
    assert outcomes[0].state == "read"


async def test_where_no_process_can_be_had_it_says_so(box, monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(WorkerFailed, match="no mail can be read"):
        await Reader(SETUP, MEMORY).read(entries(box, box.deliver(mail(1))))
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(WorkerFailed, match="no mail can be read"):
        await Reader(SETUP, MEMORY).read(entries(box, "1"))


async def test_being_cancelled_leaves_no_process(box, killer, monkeypatch):
    reader = Reader(SETUP, MEMORY, 60.0)
    await reader.read(entries(box, box.deliver(mail(1))))
    pid = reader._process.pid
    with trio.move_on_after(0.2):
        await reader.read(entries(box, box.deliver(mail(2, "SPIN"))))
    await reader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_dies_with_its_parent(tmp_path):
    code = (
        "import trio, os, sys\n"
        "from tipd.agent.readers import Reader\nfrom tipd.agent.reading import Setup\n"
        "async def main():\n"
        "    reader = Reader(Setup(), 2**28)\n"
        "    await reader.read([])\n    await reader._ready()\n"
        "    print(reader._process.pid, flush=True)\n"
        "    os.kill(os.getpid(), 9)\n"
        "trio.run(main)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    child = int(done.stdout)
    descriptor = None
    try:
        descriptor = os.pidfd_open(child)
    except ProcessLookupError:
        return
    import select

    assert select.select([descriptor], [], [], 10)[0], "it outlives its parent"
    os.close(descriptor)
