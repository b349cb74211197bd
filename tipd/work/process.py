"""One worker process as its parent sees it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import msgspec
import trio

from tipd.errors import WorkerFailed
from tipd.work.wire import LENGTH, MAX_FRAME, Answer, Job, frame

_ENVIRONMENT = {  # what a worker sees of ours: enough to find its modules, no secrets
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "PYTHONPATH",
    "LD_LIBRARY_PATH",  # where an interpreter that is not in its usual place has its library
    "VIRTUAL_ENV",
    "TMPDIR",
    "COVERAGE_PROCESS_START",
}


class Process:
    """A spawned worker; one job at a time."""

    def __init__(self) -> None:
        """Spawn it.

        From the calling thread, which must be the main one: the kernel's parent-death signal follows the *thread*
        that spawned, and a thread of trio's pool idles out after ten seconds and would take the worker with it.
        """
        ours, theirs = socket.socketpair()
        environment = {key: value for key, value in os.environ.items() if key in _ENVIRONMENT}
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        with theirs:
            self._popen = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "tipd.work.child", str(os.getpid())],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,  # a signal to our terminal's group is not for it
            )
        self._stream = trio.SocketStream(trio.socket.from_stdlib_socket(ours))
        self.jobs = 0
        self.rss = 0
        self.idle_since = 0.0

    @property
    def pid(self) -> int:
        """The process's number."""
        return int(self._popen.pid)

    async def call(self, job: Job) -> Answer:
        """Send the job and wait for its answer; raises WorkerFailed(`died`) when the process ends instead."""
        self.jobs += 1
        try:
            await self._stream.send_all(frame(job))
            (length,) = LENGTH.unpack(await self._receive(LENGTH.size))
            if length > MAX_FRAME:
                raise WorkerFailed("died", f"worker {self.pid} answered {length} bytes, over the limit")
            answer = msgspec.msgpack.decode(await self._receive(length), type=Answer)
        except (trio.BrokenResourceError, trio.ClosedResourceError, msgspec.DecodeError) as error:
            raise WorkerFailed("died", f"worker {self.pid} ended in {job.function}: {error}") from error
        self.rss = answer.rss
        return answer

    async def _receive(self, size: int) -> bytes:
        buffer = bytearray()
        while len(buffer) < size:
            piece = await self._stream.receive_some(size - len(buffer))
            if not piece:
                raise trio.BrokenResourceError("its socket closed")
            buffer += piece
        return bytes(buffer)

    def alive(self) -> bool:
        """Say whether the process still runs; reap it and close its socket where it does not."""
        if self._popen.poll() is None:
            return True
        self._stream.socket.close()
        return False

    async def kill(self) -> None:
        """End the process now and reap it; safe to call under cancellation and twice."""
        with trio.CancelScope(shield=True), trio.move_on_after(5):
            if self._popen.poll() is None:
                await self._kill_and_reap()
        with trio.CancelScope(shield=True):  # else a cancelled caller would leave the pool's next process alive
            await trio.aclose_forcefully(self._stream)

    async def _kill_and_reap(self) -> None:
        descriptor = os.pidfd_open(self._popen.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGKILL)
            await trio.lowlevel.wait_readable(descriptor)
        finally:
            os.close(descriptor)
        self._popen.wait()
