"""A feed: a bounded channel that makes the sender wait and loses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.nursery.health import Fill

if TYPE_CHECKING:
    from types import TracebackType


class Feed[T]:
    """A channel of at most `size` values between tasks; any number of senders and receivers, each value goes to one.

    Resource handling: `close` (or leaving `with feed:`) ends sending; receivers drain what is there and then stop.
    """

    def __init__(self, size: int) -> None:
        """Hold `size` values, at least one (else ValueError)."""
        if size < 1:
            raise ValueError(f"a feed holds at least one value, not {size}")
        self.size = size
        self.passed = 0  # values received, since the start
        self._sender, self._receiver = trio.open_memory_channel[T](size)

    async def send(self, value: T) -> None:
        """Hand a value on, waiting for a place; cancelled, it was not sent. Raises ClosedResourceError once closed."""
        await self._sender.send(value)

    def send_nowait(self, value: T) -> None:
        """Hand a value on at once; raises trio.WouldBlock where the feed is full."""
        self._sender.send_nowait(value)

    async def receive(self) -> T:
        """Take the next value, waiting for one; raises trio.EndOfChannel when closed and drained."""
        value = await self._receiver.receive()
        self.passed += 1
        return value

    def receive_nowait(self) -> T:
        """Take the next value at once; raises trio.WouldBlock where there is none."""
        value = self._receiver.receive_nowait()
        self.passed += 1
        return value

    def __aiter__(self) -> Feed[T]:
        return self

    async def __anext__(self) -> T:
        try:
            return await self.receive()
        except trio.EndOfChannel:
            raise StopAsyncIteration from None

    def close(self) -> None:
        """End sending; what is in the feed can still be received."""
        self._sender.close()

    def __enter__(self) -> Feed[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def fill(self) -> Fill:
        """Return how full it is now."""
        now = self._sender.statistics()
        return Fill(
            "feed",
            self.size,
            now.current_buffer_used,
            senders=now.tasks_waiting_send,
            readers=now.tasks_waiting_receive,
        )
