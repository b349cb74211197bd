"""Looking at processes from outside, through /proc."""

import os
from pathlib import Path

from support.daemon import Daemon, wait_a_moment

PROC = Path("/proc")


def alive(pid: int) -> bool:
    """Say whether a process runs (one that ended and was not reaped does not)."""
    return state(pid) not in {"", "Z", "X"}


def state(pid: int) -> str:
    """Return the letter of proc(5), "" where there is no such process."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""


def parent(pid: int) -> int:
    """Return the parent's number, 0 where there is no such process."""
    try:
        return int((PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def children(pid: int) -> list[int]:
    """Return the direct children."""
    return [int(each.name) for each in PROC.iterdir() if each.name.isdigit() and parent(int(each.name)) == pid]


def command(pid: int) -> str:
    """Return the command line, words parted by blanks."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def workers(pid: int) -> list[int]:
    """Return a daemon's worker processes."""
    return [child for child in children(pid) if "tipd.work.child" in command(child)]


def gone(pids: list[int]) -> bool:
    """Say whether none of them runs."""
    return not any(alive(pid) for pid in pids)


def postmaster(daemon: Daemon) -> int:
    """Return the number of the daemon's own PostgreSQL, 0 where it has none."""
    try:
        return int((daemon.state / "postgres" / "data" / "postmaster.pid").read_text().split("\n")[0])
    except (OSError, ValueError):
        return 0


def signal_when(daemon: Daemon, number: int, condition) -> None:
    """Send the daemon a signal as soon as the condition holds."""
    daemon.wait_for(condition, what="the moment to send a signal")
    os.kill(daemon.process.pid, number)


def wait_gone(pids: list[int], polls: int = 200) -> bool:
    """Poll until all are gone; False where some stay (10 s by default)."""
    for _ in range(polls):
        if gone(pids):
            return True
        wait_a_moment()
    return False


def memory_of(pid: int) -> int:
    """Return how much memory a process has resident, in bytes."""
    lines = (PROC / str(pid) / "status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) * 1024
