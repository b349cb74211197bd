"""The launcher: becomes the program, and ties it to its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tipd.work import launch


def start(*words: str, parent: int | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", launch.__file__, str(parent or os.getpid()), *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_it_becomes_the_program() -> None:
    done = start("sh", "-c", "echo $0 $1; exit 7", "a b", "c")
    assert (done.returncode, done.stdout) == (7, "a b c\n")


def test_what_cannot_be_run() -> None:
    assert start("no-such-program-here").returncode == launch.NOT_FOUND
    assert start("/etc/passwd").returncode == launch.NOT_RUNNABLE


def test_a_parent_that_died_already() -> None:
    assert start("echo", "x", parent=1).returncode == launch.NOT_RUNNABLE


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import os, subprocess, sys, time\n"
        f"subprocess.Popen([sys.executable, '-I', '-S', {launch.__file__!r}, str(os.getpid()), 'sh', '-c',"
        f" 'echo $$ > {pid}; exec sleep 1000'])\ntime.sleep(1000)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    until = time.monotonic() + 20
    while not (pid.exists() and pid.read_text().strip()) and time.monotonic() < until:
        os.sched_yield()
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child = Path(f"/proc/{int(pid.read_text())}/status")
    while time.monotonic() < until and child.exists() and "State:\tZ" not in child.read_text():
        os.sched_yield()
    assert not child.exists() or "State:\tZ" in child.read_text()
