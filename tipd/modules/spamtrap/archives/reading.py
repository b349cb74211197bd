"""The daemon's side of reading an archive: starts the process, answers it, stores what it hands over, kills it.

Error handling: a process that dies or stands still is WorkerFailed, a damaged archive UnpackFailed; what was stored
before stays. Resource handling: the FIFOs and the mapped file are closed however it ends.
"""

from __future__ import annotations

import mmap
import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.errors import TipdError, WorkerFailed
from tipd.modules.spamtrap.archives.talk import DOWN, PLACE, PLACES, UP, Answer, Ears, Said, frame
from tipd.modules.spamtrap.archives.worker import ReadJob, ReadResult
from tipd.nursery.attempt import attempt, causes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence
    from pathlib import Path

    from tipd.model.spam import SpamBatch

WORK = "tipd.modules.spamtrap.archives.worker:read_archive"
LONGEST = 7 * 86400.0  # seconds: progress is what is watched
_PIECE = 1 << 20
_AHEAD = 1  # batches that wait to be stored while the next one is read


class UnpackFailed(TipdError):
    """An archive that cannot, or must not, be unpacked to its end."""


class Deadly(TipdError):
    """A mail killed whoever parsed it; `number`: which one of the archive, from 1."""

    def __init__(self, number: int, why: str) -> None:
        super().__init__(why)
        self.number = number


class Workers(Protocol):
    """The worker pool."""

    async def call(
        self, function: str, argument: ReadJob, result_type: type[ReadResult], *, deadline: float, memory: int
    ) -> ReadResult:
        """Run a function in a worker process."""
        ...


class Keeper(Protocol):
    """Where mails go."""

    async def known(self, hashes: Sequence[bytes]) -> set[bytes]:
        """Return which of these mails are known."""
        ...

    async def keep(self, batch: SpamBatch, said: Said) -> None:
        """Store a batch."""
        ...

    def shows(self, said: Said) -> None:
        """Show how far it is."""
        ...


class Reading:
    """Reads archives, one at a time."""

    def __init__(self, workers: Workers, *, stall: float, memory: int) -> None:
        """`stall`: seconds without progress after which the process is killed; `memory`: bytes it may take."""
        self._workers = workers
        self._stall = stall
        self._memory = memory

    async def read(self, job: ReadJob, folder: Path, keeper: Keeper) -> ReadResult:
        """Read an archive to its end; return how it went. `folder` is empty, and the job's.

        Raises UnpackFailed, Deadly, WorkerFailed, and what `keeper` raises; whatever happens, the process is gone then.
        """
        with _fifos(folder) as ends:
            return await _Talk(ends, keeper, self._stall).run(self._call(job, ends))

    def _call(self, job: ReadJob, ends: _Ends) -> Callable[[], Awaitable[ReadResult]]:
        async def call() -> ReadResult:
            try:
                return await self._workers.call(WORK, job, ReadResult, deadline=LONGEST, memory=self._memory)
            except WorkerFailed as error:
                number, _ = ends.place()
                if error.reason == "system":
                    raise
                if number:
                    raise Deadly(number, str(error)) from error
                if error.reason in {"raised", "memory"}:
                    raise UnpackFailed(str(error)) from error
                raise

        return call


class _Ends:
    """Our ends of the FIFOs, and the place that the reader notes."""

    def __init__(self, up: int, down: int, place: mmap.mmap) -> None:
        self.up = trio.lowlevel.FdStream(up)
        self.down = trio.lowlevel.FdStream(down)
        self._place = place

    def place(self) -> tuple[int, int]:
        """Return which mail is being parsed (0: none), and how many pieces were read."""
        number, pieces = PLACES.unpack_from(self._place)
        return number, pieces

    def close(self) -> None:
        self.up.close()
        self.down.close()


@contextmanager
def _fifos(folder: Path) -> Iterator[_Ends]:
    (folder / PLACE).write_bytes(bytes(PLACES.size))
    for name in (UP, DOWN):
        os.mkfifo(folder / name, 0o600)
    with (folder / PLACE).open("r+b") as file, mmap.mmap(file.fileno(), PLACES.size) as place:
        # For reading and writing: so each opens at once, and is never at its end.
        up, down = (os.open(folder / name, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC) for name in (UP, DOWN))
        ends = _Ends(up, down, place)
        try:
            yield ends
        finally:
            ends.close()


class _Talk:
    """One archive's conversation; the first fault ends it, and the process with it."""

    def __init__(self, ends: _Ends, keeper: Keeper, stall: float) -> None:
        self._ends = ends
        self._keeper = keeper
        self._stall = stall
        self._busy = 0  # questions and batches that are ours to settle: the process may have to wait
        self._result: ReadResult | None = None

    async def run(self, call: Callable[[], Awaitable[ReadResult]]) -> ReadResult:
        """Listen and store until the process has ended and all it said is stored."""
        ended = await attempt(partial(self._run, call))
        if ended.error is not None:
            raise next(causes(ended.error))
        if self._result is None:
            raise WorkerFailed("died", "the process that reads an archive ended without a word")
        if self._result.fault:
            raise UnpackFailed(self._result.fault)
        return self._result

    async def _run(self, call: Callable[[], Awaitable[ReadResult]]) -> None:
        gives, takes = trio.open_memory_channel[Said](_AHEAD)
        async with trio.open_nursery() as watching:
            watching.start_soon(self._watch)
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._work, call)
                nursery.start_soon(self._listen, gives)
                nursery.start_soon(self._store, takes)
            watching.cancel_scope.cancel()

    async def _work(self, call: Callable[[], Awaitable[ReadResult]]) -> None:
        self._result = await call()

    async def _listen(self, gives: trio.MemorySendChannel[Said]) -> None:
        """Answer questions, hand batches on, until the last word."""
        ears = Ears()
        async with gives:
            while True:
                for said in ears.hear(await self._ends.up.receive_some(_PIECE)):
                    self._keeper.shows(said)
                    if said.end:
                        return
                    self._busy += 1
                    if said.batch is None:
                        await self._answer(said)
                    else:
                        await gives.send(said)  # waits while the store is behind, and the process waits with us

    async def _answer(self, said: Said) -> None:
        known = await self._keeper.known(said.asks)
        await self._ends.down.send_all(frame(Answer(known=bytes(sha256 in known for sha256 in said.asks))))
        self._busy -= 1

    async def _store(self, takes: trio.MemoryReceiveChannel[Said]) -> None:
        async for said in takes:
            if said.batch is not None:
                await self._keeper.keep(said.batch, said)
            self._busy -= 1

    async def _watch(self) -> None:
        """Raise where the process stands still while nothing of ours holds it up."""
        before, since = self._ends.place(), trio.current_time()
        while True:
            await trio.sleep(self._stall / 8)
            place = self._ends.place()
            if place != before or self._busy or not place[1]:  # it may wait for its turn among other work
                before, since = place, trio.current_time()
            elif trio.current_time() - since >= self._stall:
                why = f"no progress in {self._stall:g} s"
                raise Deadly(place[0], why) if place[0] else UnpackFailed(f"reading stood still: {why}")
