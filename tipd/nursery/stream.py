"""A stream: a broadcast that never waits; a reader that lags is cut and resumes from its cursor."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from tipd.errors import TipdError, TryAgain
from tipd.nursery.health import Fill

if TYPE_CHECKING:
    from types import TracebackType


class Lagged(TipdError):
    """This reader fell too far behind and was cut: resume from the cursor."""


class Stream[T]:
    """Gives each value to every reader there is now; keeps at most `size` of them for each.

    `publish` never waits and never fails for a reader's sake. At most `readers` may listen at once.
    """

    def __init__(self, size: int, *, readers: int = 10_000) -> None:
        """Keep `size` values a reader, at least one (else ValueError)."""
        if size < 1 or readers < 1:
            raise ValueError(f"a stream needs size >= 1 and readers >= 1, not {size} and {readers}")
        self.size = size
        self.limit = readers
        self.cut = 0
        self.published = 0
        self._readers: set[Reader[T]] = set()
        self._closed = False

    def publish(self, value: T) -> None:
        """Give the value to every reader and cut those that are full; raises ClosedResourceError after `close`."""
        if self._closed:
            raise trio.ClosedResourceError
        self.published += 1
        for reader in [reader for reader in self._readers if not reader.put(value)]:
            self.cut += 1
            self._readers.discard(reader)

    def subscribe(self) -> Reader[T]:
        """Return a reader of all that is published from now on; close it, or use it in `with`.

        Raises TryAgain where there are too many readers, ClosedResourceError after `close`.
        """
        if self._closed:
            raise trio.ClosedResourceError
        if len(self._readers) >= self.limit:
            raise TryAgain(f"the stream has {self.limit} readers already")
        reader = Reader(self)
        self._readers.add(reader)
        return reader

    def forget(self, reader: Reader[T]) -> None:
        """Give this reader nothing more."""
        self._readers.discard(reader)

    def close(self) -> None:
        """End it: readers get what they have waiting, then the end."""
        self._closed = True
        for reader in self._readers:
            reader.finish()
        self._readers.clear()

    @property
    def fill(self) -> Fill:
        """Return how full the slowest reader's buffer is now."""
        used = max((reader.waiting for reader in self._readers), default=0)
        return Fill("stream", self.size, used, readers=len(self._readers), cut=self.cut)


class Reader[T]:
    """One reader of a stream, for one task; made by `Stream.subscribe`."""

    def __init__(self, stream: Stream[T]) -> None:
        self._stream = stream
        self._buffer: deque[T] = deque()
        self._news = trio.Event()
        self._state = "open"

    @property
    def waiting(self) -> int:
        """Return how many values wait to be received."""
        return len(self._buffer)

    def put(self, value: T) -> bool:
        """Buffer a value (the stream calls this); False: there was no room and the reader is cut."""
        if len(self._buffer) >= self._stream.size:
            self._buffer.clear()  # it will resume from its cursor: what it missed it must read there anyway
            self._end("cut")
            return False
        self._buffer.append(value)
        self._news.set()
        return True

    def finish(self) -> None:
        """Say that nothing more comes (the stream calls this)."""
        self._end("ended")

    async def receive(self) -> T:
        """Take the next value, waiting for one; cancelled, nothing was taken.

        Raises Lagged when cut, trio.EndOfChannel when the stream has ended, trio.ClosedResourceError after `close`.
        """
        await trio.lowlevel.checkpoint()
        while not self._buffer:
            if self._state == "cut":
                raise Lagged(f"the reader lagged by more than {self._stream.size}")
            if self._state == "ended":
                raise trio.EndOfChannel
            if self._state == "closed":
                raise trio.ClosedResourceError
            self._news = trio.Event()
            await self._news.wait()
        return self._buffer.popleft()

    def __aiter__(self) -> Reader[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """Listen no more; the buffer is dropped."""
        self._stream.forget(self)
        self._buffer.clear()
        self._end("closed")

    def _end(self, state: str) -> None:
        if self._state == "open" or state == "closed":
            self._state = state
        self._news.set()

    def __enter__(self) -> Reader[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
