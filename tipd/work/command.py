"""Runs a program of the operator's: bytes on its standard input, a time limit, little of what it says kept.

No shell. The environment is a clean one; the program has a session of its own, and what is left of it is killed when
it ends, is cancelled, or has had its time. It does not outlive tipd.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import trio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")  # of our environment
MOST_SAID = 4096  # bytes kept of what it writes
_PIECE = 64 * 1024
_LAST_WORDS = 0.2  # seconds after its end in which what it wrote is still read
_REAPED_WITHIN = 5.0
_LAUNCHER = Path(__file__).with_name("launch.py")


class Ended(NamedTuple):
    """How a program ended: its exit code (negative: by that signal), None: it was killed at its time's end."""

    code: int | None
    said: str


async def run_command(
    words: Sequence[str], given: bytes, *, within: float, environment: Mapping[str, str] | None = None
) -> Ended:
    """Run it with `given` on its standard input; `within` is in seconds. Never raises for what the program does.

    From the main thread: the kernel's parent-death signal follows the thread that spawned.
    """
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    said_here, said_there = socket.socketpair()
    input_here, input_there = socket.socketpair()
    with said_there, input_there:
        process = _start(words, kept | dict(environment or {}), input_there.fileno(), said_there.fileno())
    says = trio.SocketStream(trio.socket.from_stdlib_socket(said_here))
    takes = trio.SocketStream(trio.socket.from_stdlib_socket(input_here))
    said, heard = bytearray(), trio.Event()
    try:
        with trio.move_on_after(within) as scope:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_give, takes, given)
                nursery.start_soon(_listen, says, said, heard)
                await _ended(process)
                _kill_all(process)
                with trio.move_on_after(_LAST_WORDS):
                    await heard.wait()
                nursery.cancel_scope.cancel()
    finally:
        await _bury(process)
        for stream in (says, takes):
            stream.socket.close()
    words_said = bytes(said).decode("utf-8", "replace").strip()
    return Ended(None if scope.cancelled_caught else process.returncode, words_said)


def _start(words: Sequence[str], environment: Mapping[str, str], takes: int, says: int) -> subprocess.Popen[bytes]:
    """Start it, isolated, through the launcher, which ties it to us."""
    return subprocess.Popen(  # noqa: S603 - the operator's own words
        [sys.executable, "-I", "-S", str(_LAUNCHER), str(os.getpid()), *words],
        stdin=takes,
        stdout=says,
        stderr=says,
        env=environment,
        cwd="/",
        start_new_session=True,
    )


async def _give(stream: trio.SocketStream, given: bytes) -> None:
    with suppress(trio.BrokenResourceError):  # it need not read it all
        await stream.send_all(given)
        await stream.send_eof()


async def _listen(stream: trio.SocketStream, said: bytearray, heard: trio.Event) -> None:
    with suppress(trio.BrokenResourceError):
        while piece := await stream.receive_some(_PIECE):
            said += piece[: MOST_SAID - len(said)]
    heard.set()


async def _ended(process: subprocess.Popen[bytes]) -> None:
    """Wait for its end; it is not reaped, so that its number stays its own."""
    descriptor = os.pidfd_open(process.pid)
    try:
        await trio.lowlevel.wait_readable(descriptor)
    finally:
        os.close(descriptor)


def _kill_all(process: subprocess.Popen[bytes]) -> None:
    """Kill it and what it left behind in its group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _bury(process: subprocess.Popen[bytes]) -> None:
    _kill_all(process)
    with trio.CancelScope(shield=True), trio.move_on_after(_REAPED_WITHIN):
        await _ended(process)
    process.poll()
