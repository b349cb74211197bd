"""The agent killed at every system call that changes anything: no version torn, lost, doubled or renumbered."""

import hashlib
import itertools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.agents import config, host
from support.maildirs import Maildir, mail

from tipd.agent.carrying import lines_of
from tipd.agent.chain import Chain
from tipd.agent.readers import python_path

DRIVER = Path(__file__).resolve().parents[1] / "support" / "agent_once.py"
CALLS = (
    *("write", "pwrite64", "openat", "mkdir", "rename", "renameat", "renameat2", "unlink", "unlinkat"),
    *("fsync", "fdatasync", "ftruncate", "fchmod", "chmod", "link", "symlink"),
)
MAILS = 8
IN_MBOX = 3


def strace() -> str:
    found = shutil.which("strace")
    assert found, "strace is missing: apt-get install strace (or apk add strace, dnf install strace)"
    return found


def environment() -> dict[str, str]:
    return os.environ | {
        "PYTHONPATH": os.pathsep.join((str(DRIVER.parents[1]), *python_path())),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def made(folder: Path) -> set[str]:
    """Fill a maildir and an mbox; return the hashes of the mails."""
    box = Maildir(folder / "Maildir")
    raws = [mail(n) for n in range(MAILS + IN_MBOX)]
    for n, raw in enumerate(raws[:MAILS]):
        box.deliver(raw, at=1_700_000_000 + n)
    joined = b"".join(b"From a@example.net\n" + raw + b"\n" for raw in raws[MAILS:])
    (folder / "mbox").write_bytes(joined)
    os.utime(folder / "mbox", (1, 1))
    return {hashlib.sha256(raw).hexdigest() for raw in raws}


def run(folder: Path, *before: str) -> int:
    words = [*before, sys.executable, str(DRIVER), str(folder)]
    return subprocess.run(words, env=environment(), capture_output=True, timeout=120).returncode


def manifests(folder: Path) -> dict[tuple[str, int], bytes]:
    """Return every manifest there is, by view and number."""
    found = {}
    for view in ("urls", "redacted"):
        chain = Chain(folder / "state" / "chains" / view)
        found |= {(view, n): chain.manifest(n) for n in range(1, chain.last + 1)}
    return found


def check(folder: Path, before: dict[tuple[str, int], bytes], wanted: set[str], kept: dict[str, list[str]]) -> None:
    """Hold what a killed agent left, and what a whole run made of it, against the promise."""
    after = manifests(folder)
    assert {key: after.get(key) for key in before} == before, "a sealed version changed or went away"
    opened = host(config(folder, folder / "Maildir", folder / "mbox"))
    try:
        for view, chain in opened.chains.items():
            links = list(chain.check(since=0))
            assert [link.n for link in links] == list(range(1, chain.last + 1))
            assert all(link.state != "bad" for link in links), links
            assert sum(len(link.manifest.withdraws) for link in links) == 1
            assert sum(link.manifest.records for link in links) == len(wanted), f"{view}: lost or doubled"
            for link in links:
                if link.state == "good":
                    kept[view] += [each.sha256 for each in _lines(chain, link.n)]
            assert len(kept[view]) == len(set(kept[view]))
            assert set(kept[view]) <= wanted
    finally:
        opened.close()


def _lines(chain, n):
    return [known for known, _ in lines_of(chain.body(n))]


def killed_at(folder: Path, call: str, nth: int) -> bool:
    """Run until the nth such call of a thread, which is killed in it; return whether there was one."""
    inject = f"--inject={call}:signal=SIGKILL:when={nth}"
    return run(folder, strace(), "-f", "-qq", "-o", "/dev/null", f"--trace={call}", inject) != 0


def count(folder: Path, call: str) -> int:
    """Return how often the busiest thread makes a call that changes something."""
    log = folder.parent / "trace"
    run(folder, strace(), "-f", "-qq", "-o", str(log), f"--trace={call}")
    threads: dict[str, int] = {}
    for line in log.read_text(errors="replace").splitlines():
        if f"{call}(" in line:
            threads[line.split()[0]] = threads.get(line.split()[0], 0) + 1
    return max(threads.values(), default=0)


def hunt(tmp_path: Path, call: str, places) -> int:
    """Kill at some of a call's places, each from the beginning; return how many killed."""
    hit = 0
    for nth in places:
        folder = tmp_path / f"{call}{nth}"
        wanted = made(folder)
        hit += killed_at(folder, call, nth)
        before = manifests(folder)
        assert run(folder) == 0
        check(folder, before, wanted, {"urls": [], "redacted": []})
        shutil.rmtree(folder)
    return hit


def test_killed_where_versions_are_made(tmp_path):
    assert hunt(tmp_path, "rename", (13,)) == 1


@pytest.mark.long
@pytest.mark.parametrize("call", CALLS)
def test_killed_at_every_call(tmp_path, call):
    made(tmp_path / "first")
    most = count(tmp_path / "first", call)
    first = 1
    if call in {"openat", "write"}:  # the many before the state folder is there change nothing
        first = max(1, most - 150)
    places = range(first, most + 1)
    if places:
        assert hunt(tmp_path, call, places)


@pytest.mark.long
def test_killed_again_and_again(tmp_path):
    folder = tmp_path / "again"
    wanted = made(folder)
    before: dict[tuple[str, int], bytes] = {}
    for nth in itertools.chain(range(1, 40, 2), range(3, 40, 4)):
        killed_at(folder, "pwrite64" if nth % 3 else "fsync", nth)
        now = manifests(folder)
        assert {key: now.get(key) for key in before} == before
        before = now
    assert run(folder) == 0
    check(folder, before, wanted, {"urls": [], "redacted": []})
