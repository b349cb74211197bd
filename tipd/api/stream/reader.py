"""Readers of the stream: what the hub delivers to, never waiting.

A `DirectReader` owns a plain socket: a frame goes out at once with one non-blocking write, and only what the socket
does not take waits for the reader's own drain task. A `QueuedReader` (TLS, or an upgrade that came through quart) has
every message written by its drain task. Both are bounded in bytes and cut when they lag.
"""

from __future__ import annotations

import os
import socket as stdlib_socket
from collections import deque
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.api.stream import frames
from tipd.api.stream.frames import Close

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.api.auth import Caller
    from tipd.api.stream.message import Message
    from tipd.model.choice import Choice

_MOST_PIECES = 64  # of one writev
# Doubled by the kernel. A stalled reader otherwise holds megabytes of kernel memory.
SEND_BUFFER = 64 * 1024
# What a cut reader's send buffer grows to, so that the frame cut in two and the close frame find room and the reader
# still learns why, if it reads again at all.
_LAST_WORDS_BUFFER = 1024 * 1024


class Reader(Protocol):
    """One subscriber, as the hub sees it."""

    choice: Choice
    caller: Caller
    position: int  # the `last` it was told
    waiting_since: float | None  # when bytes began to wait without progress (trio time), None: none wait
    quiet: bool  # nothing was heard since the last ping

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait for it."""
        ...

    def deliver(self, message: Message) -> bool:
        """Send or queue a message; False where too much waits already: the reader is to be cut."""
        ...

    def ping(self) -> None:
        """Send a ping, where the way allows it."""
        ...

    def cut(self, code: Close, reason: str) -> None:
        """Begin to close: drop what waits, send a close frame, end soon."""
        ...


class DirectReader:
    """A reader on a plain socket; one writer per socket: this object."""

    __slots__ = (
        "_backlog",
        "_empty",
        "_fd",
        "_more",
        "_pending_bytes",
        "_socket",
        "caller",
        "choice",
        "dead",
        "ending",
        "pending",
        "position",
        "quiet",
        "waiting_since",
        "went",
    )

    def __init__(self, socket: trio.socket.SocketType, choice: Choice, caller: Caller, backlog: int) -> None:
        """`backlog`: bytes that may wait."""
        self.choice = choice
        self.caller = caller
        self.position = 0
        self.quiet = False
        self.waiting_since: float | None = None
        self.pending: deque[memoryview | bytes] = deque()
        self.ending = False
        self.dead = False
        self.went = trio.Event()  # set when a cut was begun
        self._socket = socket
        self._fd = socket.fileno()
        self._backlog = backlog
        self._pending_bytes = 0
        self._more = trio.lowlevel.ParkingLot()
        self._empty = trio.lowlevel.ParkingLot()

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait for it."""
        return self._pending_bytes

    async def begin(self, greeting: bytes) -> None:
        """Send the answer to the handshake, before anything else can go out."""
        self.push(greeting)
        await trio.lowlevel.checkpoint()

    async def settle(self) -> None:
        """Wait until nothing waits any more."""
        while self.pending and not self.ending:
            await self._empty.park()

    async def farewell(self) -> None:
        """Do nothing: the close frame went out with the rest."""

    def deliver(self, message: Message) -> bool:
        """Write the frame, or what the socket does not take of it later; False where too much waits."""
        return self.push(message.frame)

    def push(self, frame: bytes) -> bool:
        """Write or queue one whole frame."""
        if self.ending or self.dead:
            return True
        if self.pending:
            self._queue(frame)
            return self._pending_bytes <= self._backlog
        try:
            sent = os.write(self._fd, frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._die()
            return True
        if sent < len(frame):
            self.waiting_since = trio.current_time()
            self._queue(memoryview(frame)[sent:] if sent else frame)
            self._more.unpark_all()
        return True

    def ping(self) -> None:
        """Send a ping frame."""
        self.push(frames.ping())

    def pong(self, payload: bytes) -> None:
        """Answer a ping; of those that wait only the last (RFC 6455, section 5.5.3), so that no flood of them grows."""
        pong = frames.pong(payload)
        waiting = self.pending[-1] if self.pending else b""
        if isinstance(waiting, bytes) and waiting[:1] == pong[:1] and not self.ending:
            self.pending[-1] = pong
            self._pending_bytes += len(pong) - len(waiting)
        else:
            self.push(pong)

    def cut(self, code: Close, reason: str) -> None:
        """Keep only the frame that is half out, add the close frame, and end."""
        if self.ending:
            return
        self.ending = True
        half = self.pending[0] if self.pending and isinstance(self.pending[0], memoryview) else None
        self.pending.clear()
        self._pending_bytes = 0
        if half is not None:
            self._queue(half)
        self._queue(frames.close(code, reason))
        if not self.dead:
            self._last_words()
        self._more.unpark_all()
        self._empty.unpark_all()
        self.went.set()

    async def drain(self) -> None:
        """Write what waits whenever the socket takes it; returns when the close frame is out or the peer is gone."""
        while not self.dead:
            if self.pending:
                await trio.lowlevel.wait_writable(self._fd)
                self._flush()
            elif self.ending:
                return
            else:
                await self._more.park()

    def _queue(self, piece: memoryview | bytes) -> None:
        self.pending.append(piece)
        self._pending_bytes += len(piece)

    def _last_words(self) -> None:
        try:
            self._socket.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_SNDBUF, _LAST_WORDS_BUFFER)
            if self._socket.family != stdlib_socket.AF_UNIX:  # trio lets only 16 KiB wait unsent
                self._socket.setsockopt(stdlib_socket.IPPROTO_TCP, stdlib_socket.TCP_NOTSENT_LOWAT, _LAST_WORDS_BUFFER)
        except OSError:
            self._die()
        else:
            self._flush()

    def _flush(self) -> None:
        pieces = [self.pending[number] for number in range(min(len(self.pending), _MOST_PIECES))]
        try:
            sent = os.writev(self._fd, pieces)
        except BlockingIOError:
            return
        except OSError:
            self._die()
            return
        self._pending_bytes -= sent
        self.waiting_since = trio.current_time()
        while self.pending and sent >= len(self.pending[0]):
            sent -= len(self.pending.popleft())
        if sent:
            self.pending[0] = memoryview(self.pending[0])[sent:]
        if not self.pending:
            self.waiting_since = None
            self._empty.unpark_all()

    def _die(self) -> None:
        self.dead = True
        self.pending.clear()
        self._more.unpark_all()
        self._empty.unpark_all()
        self.went.set()


class Way(Protocol):
    """How a `QueuedReader` writes: over TLS, or through quart."""

    async def greet(self, greeting: bytes) -> None:
        """Send the answer to the handshake."""
        ...

    async def send(self, message: Message, progress: Callable[[], None]) -> None:
        """Send a message; call `progress` when a part of it is out."""
        ...

    async def ping(self) -> bool:
        """Send a ping; return whether its answer will show in `Reader.quiet`."""
        ...

    async def pong(self, payload: bytes) -> None:
        """Answer a ping."""
        ...

    async def close(self, code: Close, reason: str) -> None:
        """Send a close frame."""
        ...


class QueuedReader:
    """A reader whose messages go out through an asynchronous `send`, one after another."""

    __slots__ = (
        "_backlog",
        "_bytes",
        "_empty",
        "_more",
        "_pinged",
        "_pong",
        "_way",
        "caller",
        "choice",
        "closing",
        "ending",
        "pending",
        "position",
        "quiet",
        "waiting_since",
        "went",
    )

    def __init__(self, way: Way, choice: Choice, caller: Caller, backlog: int) -> None:
        """`way` writes; it may wait, and raise what it raises."""
        self.choice = choice
        self.caller = caller
        self.position = 0
        self.quiet = False
        self.waiting_since: float | None = None
        self.pending: deque[Message] = deque()
        self.ending = False
        self.closing: tuple[Close, str] = (Close.NORMAL, "")
        self.went = trio.Event()
        self._way = way
        self._backlog = backlog
        self._bytes = 0
        self._pinged = False
        self._pong: bytes | None = None
        self._more = trio.lowlevel.ParkingLot()
        self._empty = trio.lowlevel.ParkingLot()

    @property
    def waiting_bytes(self) -> int:
        """How many bytes wait for it."""
        return self._bytes

    async def begin(self, greeting: bytes) -> None:
        """Send the answer to the handshake, before anything else can go out."""
        await self._way.greet(greeting)

    async def settle(self) -> None:
        """Wait until nothing waits any more."""
        while self.pending and not self.ending:
            await self._empty.park()

    async def farewell(self) -> None:
        """Close, once the drain task has returned."""
        await self._way.close(*self.closing)

    def progress(self) -> None:
        """Note that some bytes went out."""
        self.waiting_since = trio.current_time()

    def deliver(self, message: Message) -> bool:
        """Queue a message; False where too much waits."""
        if self.ending:
            return True
        if not self.pending:
            self.waiting_since = trio.current_time()
        self.pending.append(message)
        self._bytes += len(message.frame)
        self._more.unpark_all()
        return self._bytes <= self._backlog or len(self.pending) == 1

    def ping(self) -> None:
        """Let the drain task send a ping."""
        self._pinged = True
        self._more.unpark_all()

    def pong(self, payload: bytes) -> None:
        """Let the drain task answer a ping; of several only the last (RFC 6455, section 5.5.3, allows that)."""
        self._pong = payload
        self._more.unpark_all()

    def cut(self, code: Close, reason: str) -> None:
        """Drop what waits; `closing` says how to close once the drain task has returned."""
        if self.ending:
            return
        self.ending = True
        self.closing = (code, reason)
        self.pending.clear()
        self._more.unpark_all()
        self._empty.unpark_all()
        self.went.set()

    async def drain(self) -> None:
        """Send what waits, one message after another, until cut."""
        while not self.ending:
            if self._pinged:
                self._pinged = False
                self.quiet = await self._way.ping()
            elif self._pong is not None:
                payload, self._pong = self._pong, None
                await self._way.pong(payload)
            elif self.pending:
                await self._send_first()
            else:
                await self._more.park()

    async def _send_first(self) -> None:
        message = self.pending[0]
        await self._way.send(message, self.progress)
        # quart's send does not yield once the peer has gone.
        await trio.lowlevel.checkpoint()
        if not self.ending:
            self.pending.popleft()
            self._bytes -= len(message.frame)
            self.waiting_since = trio.current_time() if self.pending else None
            if not self.pending:
                self._empty.unpark_all()
