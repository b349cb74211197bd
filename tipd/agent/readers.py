"""The reading processes as the agent sees them: each mail gets an outcome, whatever it does to its reader."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import trio
import zstandard

import tipd
from tipd.agent.child import LENGTH, MAX_FRAME, READY, frame
from tipd.agent.reading import Entry, Mode, Outcome, Setup
from tipd.errors import WorkerFailed

if TYPE_CHECKING:
    from collections.abc import Sequence

SECONDS = 10.0  # of processor time for one mail
_WALL = 120.0  # however busy the host is
_START = 60.0
_FEWER: dict[Mode, Mode] = {"all": "header", "header": "hash"}
_ENVIRONMENT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR", "COVERAGE_PROCESS_START")
_decoder = msgspec.msgpack.Decoder(Outcome)


def python_path() -> list[str]:
    """Return where tipd and what it needs lie: not the rest of our path, in which a script's folder may stand."""
    modules = (tipd, msgspec, zstandard)
    return list(dict.fromkeys(str(Path(str(module.__file__)).parents[1]) for module in modules))


class Reader:
    """One process; started when it is needed, again when a mail killed it. One caller at a time."""

    def __init__(self, setup: Setup, memory: int, seconds: float = SECONDS) -> None:
        """`memory`: bytes it may take over what Python itself does."""
        self.killed = 0  # how often a mail cost a process
        self._setup = setup
        self._memory = memory
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._stream: trio.SocketStream | None = None

    async def read(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Return what became of each mail, in order; raises WorkerFailed where no process can be had.

        A mail that kills its reader, by time, memory or a fault of a parser, is tried again: for its header alone, then
        for its hash alone.
        """
        waiting = list(entries)
        outcomes: list[Outcome] = []
        cost: dict[int, float] = {}  # what mails took of processes that nobody can ask any more
        while waiting:
            await self._ready()
            await self._take(waiting, outcomes)
            if not waiting:
                break
            self.killed += 1
            cost[len(outcomes)] = cost.get(len(outcomes), 0.0) + self._seconds
            await self.close()
            fewer = _FEWER.get(waiting[0].mode)
            if fewer is None:
                outcomes.append(Outcome(state="failed", why="reading it kills the reader"))
                del waiting[0]
            else:
                waiting[0] = msgspec.structs.replace(waiting[0], mode=fewer)
        for at, seconds in cost.items():
            outcomes[at] = msgspec.structs.replace(outcomes[at], cpu=outcomes[at].cpu + seconds)
        return outcomes

    async def _take(self, waiting: list[Entry], outcomes: list[Outcome]) -> None:
        """Move what the process answers from one list to the other, until all is done or it died."""
        stream = self._open()
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError, msgspec.DecodeError):
            await stream.send_all(frame(msgspec.msgpack.encode(waiting)))
            while waiting:
                with trio.fail_after(_WALL):
                    outcomes.append(_decoder.decode(await self._receive()))
                del waiting[0]

    async def _ready(self) -> None:
        """Have a process that is ready; raises WorkerFailed."""
        if self._process is not None and self._process.poll() is None:
            return
        await self.close()
        try:
            self._spawn()
            with trio.fail_after(_START):
                await self._open().send_all(frame(msgspec.msgpack.encode(self._setup)))
                if await self._receive() == READY:
                    return
        except (OSError, trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError) as error:
            await self.close()
            raise WorkerFailed("system", f"no mail can be read: {error}") from error
        await self.close()
        raise WorkerFailed("system", "no mail can be read: the reading process does not answer")

    def _spawn(self) -> None:
        """Start it from this thread, the main one: the kernel's parent-death signal follows the thread that spawned."""
        ours, theirs = socket.socketpair()
        environment = {key: os.environ[key] for key in _ENVIRONMENT if key in os.environ}
        environment["PYTHONPATH"] = os.pathsep.join(python_path())
        told = [str(os.getpid()), str(self._memory), str(self._seconds)]
        words = [sys.executable, "-P", "-m", "tipd.agent.child", *told]  # -P: the folder we stand in is not searched
        try:
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                    words, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment, start_new_session=True
                )
        except OSError:
            ours.close()
            raise
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))

    async def _receive(self) -> bytes:
        (length,) = LENGTH.unpack(await self._exactly(LENGTH.size))
        if length > MAX_FRAME:
            raise trio.BrokenResourceError(f"an answer of {length} bytes")
        return await self._exactly(length)

    async def _exactly(self, size: int) -> bytes:
        stream, buffer = self._open(), bytearray()
        while len(buffer) < size:
            piece = await stream.receive_some(size - len(buffer))
            if not piece:
                raise trio.BrokenResourceError("it ended")
            buffer += piece
        return bytes(buffer)

    def _open(self) -> trio.SocketStream:
        if self._stream is None:
            raise trio.ClosedResourceError("there is no process")
        return self._stream

    async def close(self) -> None:
        """End the process now; safe under cancellation, and twice."""
        process, stream, self._process, self._stream = self._process, self._stream, None, None
        if process is not None:
            process.kill()
            process.wait()  # it is killed: this takes no time
        if stream is not None:
            stream.socket.close()
