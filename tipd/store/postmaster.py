"""One run of the server program: start it, wait until it is ready, pass on what it says, stop it."""

from __future__ import annotations

import signal
from collections import deque
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any

import trio

from tipd.errors import Unavailable
from tipd.store.cluster import environment
from tipd.store.orphan import read_pid_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.log import Log
    from tipd.store.account import Account

IMMEDIATE = 3.0  # seconds for an immediate shutdown
_POLL = 0.02  # seconds between looks at postmaster.pid
_LONGEST_LINE = 64 * 1024
_LOUD = {"PANIC": "error", "FATAL": "warning", "ERROR": "warning", "WARNING": "warning"}
_READY = frozenset({"ready", "standby"})
_PASSING = ("shared memory", "lock file", "could not bind", "being accessed", "starting up")


class Postmaster:
    """A running server process; made by `start`."""

    def __init__(self, process: trio.Process, data: Path, log: Log) -> None:
        """Take over a process whose standard error is a pipe."""
        self._process = process
        self._data = data
        self._log = log
        self._said: deque[str] = deque(maxlen=12)
        self._stopping = False
        self._drained = trio.Event()  # set once `pass_on` has read all

    @classmethod
    async def start(
        cls, command: Sequence[str], data: Path, account: Account, descriptors: Sequence[int], log: Log
    ) -> Postmaster:
        """Start the command as that user; raises Unavailable where the machine does not let us."""
        options: dict[str, Any] = account.spawn() | {"pass_fds": tuple(descriptors), "cwd": "/", "env": environment()}
        try:
            process = await trio.lowlevel.open_process(
                list(command),
                stdin=DEVNULL,
                stdout=DEVNULL,
                stderr=PIPE,
                start_new_session=True,  # Ctrl-C is for tipd, which still needs its server to drain
                **options,
            )
        except OSError as error:
            raise Unavailable(f"cannot run {command[0]} as {account.name}: {error.strerror}") from None
        return cls(process, data, log)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def ended(self) -> int | None:
        """How it ended: an exit status, or minus a signal's number; None while it runs."""
        return self._process.poll()

    def last_words(self) -> str:
        """Return the last things it said, in one line."""
        return " | ".join(list(self._said)[-4:]) or "it said nothing"

    def passing(self) -> bool:
        """Say whether what it died of clears by itself (its predecessor's children are still going)."""
        return any(word in line for line in self._said for word in _PASSING)

    async def ready(self) -> bool:
        """Wait until it accepts connections; False where it ended before."""
        while self.ended is None:
            found = read_pid_file(self._data)
            if found is not None and found.pid == self.pid and found.status in _READY:
                return True
            await trio.sleep(_POLL)
        return False

    async def wait(self) -> int:
        """Wait for its end and return how it ended."""
        return await self._process.wait()

    async def stop(self, fast: float, immediate: float = IMMEDIATE) -> None:
        """Fast shutdown, after `fast` seconds immediate shutdown (it recovers at the next start), then SIGKILL.

        Safe under cancellation and of a process that has ended.
        """
        self._stopping = self.ended is None  # what a server says that we stop is no news; why one died is
        with trio.CancelScope(shield=True):
            for how, seconds in ((signal.SIGINT, fast), (signal.SIGQUIT, immediate), (signal.SIGKILL, 60.0)):
                if self.ended is None:
                    self._process.send_signal(how)
                with trio.move_on_after(seconds):
                    await self._process.wait()
                    break
            with trio.move_on_after(1):  # a child of it may still hold the pipe
                await self._drained.wait()
            if self._process.stderr is not None:
                await self._process.stderr.aclose()

    async def pass_on(self) -> None:
        """Put what it writes into our log until `stop` has taken its last words; cancelling does not hurry it."""
        stream = self._process.stderr
        assert stream is not None  # noqa: S101 - opened as a pipe
        buffer = b""
        try:
            with trio.CancelScope(shield=True):
                async for piece in stream:
                    *lines, buffer = (buffer + piece).split(b"\n")
                    if len(buffer) > _LONGEST_LINE:
                        lines, buffer = [*lines, buffer], b""
                    for line in lines:
                        self._pass_line(line.decode(errors="replace").strip())
        except trio.ClosedResourceError:
            pass
        finally:
            self._drained.set()

    def _pass_line(self, line: str) -> None:
        if not line:
            return
        word, _, text = line.partition(":  ")
        if word in _LOUD or word == "LOG" or not text:
            self._said.append(line[:500])
        level = "debug" if self._stopping or "is starting up" in line else _LOUD.get(word, "debug")
        getattr(self._log, level)("postgres: " + (text.strip() or line)[:2000], severity=word if text else "")
