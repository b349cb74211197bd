"""Looking at a maildir of 500,000 mails, against a bare `os.listdir`; and an agent that has nothing to do on it.

First look: the names are listed for the first time and the newest 2,048 are picked, of a folder the ledger knows
nothing of. Later look: 100 mails came since, and are found. Both in turns with `os.listdir` of the same folder, caches
warm, in one process. Not in them: reading the mails. The files are empty, since a look never opens one.

At rest: an agent that took all of these mails before (its ledger says so), its folders unchanged. Processor time over
some seconds, of the agent and what it started, once its first looks are over; resident memory at its highest since.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import trio
from _figure import figure, machine, say, scaled
from support.agents import config, host

from tipd.agent import loop
from tipd.agent.folders import SLICE
from tipd.agent.ledger import Added
from tipd.agent.listing import Listing

MAILS = scaled(500_000, 2000)
NEW = scaled(100, 10)
ROUNDS = 5
REST = 60.0 if MAILS > 100_000 else 2.0
_BEGUN = 1_700_000_000


def name(n: int) -> bytes:
    """Return a name as Postfix and Dovecot make them."""
    return b"%d.M%dP%d.mx1.example.org" % (_BEGUN + n // 7, n * 7919 % 1_000_000, 1000 + n % 30_000)


def fill(folder: Path, first: int, count: int) -> None:
    """Put empty mails into a folder."""
    at = os.open(folder, os.O_RDONLY)
    for n in range(first, first + count):
        os.close(os.open(name(n), os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=at))
    os.close(at)


def timed(call) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def looks(folder: Path) -> None:
    """Measure first and later looks, in turns with the bare listing."""
    path = os.fsencode(folder)
    bare, first, later = [], [], []
    for turn in range(ROUNDS):
        bare.append(timed(lambda: os.listdir(folder)))  # noqa: PTH208
        listing = Listing(path)
        first.append(timed(lambda listing=listing: (listing.look(), listing.older(SLICE))))
        fill(folder, MAILS + turn * NEW, NEW)
        found: list[bytes] = []
        later.append(timed(lambda listing=listing, found=found: found.extend(listing.look())))
        assert len(found) == NEW, len(found)
        bare.append(timed(lambda: os.listdir(folder)))  # noqa: PTH208
    alone = statistics.median(bare)
    figure("maildir", f"bare os.listdir of {MAILS:,} names", alone * 1000, "ms")
    for metric, times in (("first look", first), (f"later look, {NEW} new", later)):
        taken = statistics.median(times)
        figure("maildir", metric, taken * 1000, "ms", "bare os.listdir", taken / alone)


def rest(folder: Path) -> None:
    """Measure an agent that has nothing to do."""
    opened = host(config(folder, folder / "Maildir"))
    box, new = os.fsencode(folder / "Maildir"), os.fsencode(folder / "Maildir" / "new")
    names = [name(n) for n in range(MAILS + ROUNDS * NEW)]
    for begun in range(0, len(names), 20_000):
        some = names[begun : begun + 20_000]
        opened.ledger.add(Added(box=box, folder=new, name=each, sha256=each.ljust(48)[:48], at=1.0) for each in some)
    opened.close()
    with subprocess.Popen([sys.executable, __file__, "--rest", str(folder)]) as agent:
        while not (folder / "ready").exists():
            time.sleep(0.1)
        Path(f"/proc/{agent.pid}/clear_refs").write_text("5")  # the highest memory is counted anew
        before, begun_at = _cpu(agent.pid), time.perf_counter()
        time.sleep(REST)
        share = (_cpu(agent.pid) - before) / (time.perf_counter() - begun_at)
        memory = _status(agent.pid, "VmHWM") / 1024
        agent.kill()
    figure("maildir", f"at rest on {MAILS:,} mails, of a core", share * 100, "%", "the 1 % allowed", share / 0.01)
    figure("maildir", f"at rest on {MAILS:,} mails, memory", memory, "MB", "the 150 MB allowed", memory / 150)


def _cpu(pid: int) -> float:
    """Return the processor seconds of a process and of the children it reaped."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _status(pid: int, key: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1])


async def resting(folder: Path) -> None:
    """Be the agent; say when the first looks are over."""
    opened = host(config(folder, folder / "Maildir", look_every="10s", cpu=0.5, max_load=1e9))
    async with trio.open_nursery() as nursery:
        agent = await nursery.start(loop.run, opened)
        while not any(each.listing.names for each in agent.folders.values()) or agent.behind:  # noqa: ASYNC110
            await trio.sleep(0.2)
        say("all names were compared with the ledger")
        await trio.sleep(1)
        (folder / "ready").touch()
        await trio.sleep_forever()


def main() -> None:
    """Measure and print."""
    if sys.argv[1:2] == ["--rest"]:
        trio.run(resting, Path(sys.argv[2]))
        return
    say(f"on {machine()}")
    with tempfile.TemporaryDirectory(prefix="tipd-bench-") as folder:
        new = Path(folder) / "Maildir" / "new"
        new.mkdir(parents=True)
        fill(new, 0, MAILS)
        looks(new)
        rest(Path(folder))


if __name__ == "__main__":
    main()
