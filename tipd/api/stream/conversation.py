"""One reader from the handshake to the end: replay, live delivery, control frames, the farewell."""

from __future__ import annotations

import socket as stdlib_socket
from typing import TYPE_CHECKING

import trio
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import RemoteProtocolError

from tipd.api.stream import frames
from tipd.api.stream.frames import Close
from tipd.api.stream.reader import SEND_BUFFER, DirectReader, QueuedReader
from tipd.api.stream.replay import LogRestarted, catch_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.api.auth import Caller
    from tipd.api.core import Core
    from tipd.api.stream.message import Message
    from tipd.model.choice import Choice

type Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]
type AnyReader = DirectReader | QueuedReader

MOST_RECEIVED = 4096  # bytes of one message from a reader, who has nothing to say
FAREWELL = 1.0  # seconds between our close frame and the end
_RECEIVE = 4096
_PIECE = 16 * 1024  # of a frame under TLS: one record
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


def make_reader(stream: Stream, choice: Choice, caller: Caller, backlog: int) -> AnyReader:
    """Return the reader that fits the stream; its send buffer is made small."""
    plain = isinstance(stream, trio.SocketStream)
    transport = stream if isinstance(stream, trio.SocketStream) else stream.transport_stream
    transport.setsockopt(stdlib_socket.SOL_SOCKET, stdlib_socket.SO_SNDBUF, SEND_BUFFER)
    if plain:
        return DirectReader(transport.socket, choice, caller, backlog)
    return QueuedReader(_TlsWay(stream), choice, caller, backlog)


class _TlsWay:
    """Frames through a TLS stream, a record at a time, so that progress shows on a slow line."""

    def __init__(self, stream: trio.abc.SendStream) -> None:
        self._stream = stream

    async def greet(self, greeting: bytes) -> None:
        await self._stream.send_all(greeting)

    async def send(self, message: Message, progress: Callable[[], None]) -> None:
        frame = memoryview(message.frame)
        for start in range(0, len(frame), _PIECE):
            await self._stream.send_all(frame[start : start + _PIECE])
            progress()

    async def ping(self) -> bool:
        await self._stream.send_all(frames.ping())
        return True

    async def pong(self, payload: bytes) -> None:
        await self._stream.send_all(frames.pong(payload))

    async def close(self, code: Close, reason: str) -> None:
        await self._stream.send_all(frames.close(code, reason))


async def converse(core: Core, stream: Stream, reader: AnyReader, trailing: bytes) -> None:
    """Serve the reader until it leaves or was cut and its last words are out, at most `FAREWELL` seconds later."""
    async with trio.open_nursery() as nursery:
        written = trio.Event()
        nursery.start_soon(end_soon, reader, nursery.cancel_scope)
        nursery.start_soon(_write, stream, reader, written)
        nursery.start_soon(replay, core, reader)
        await _Listener(stream, reader).run(trailing)
        reader.cut(Close.NORMAL, "")
        await written.wait()
        nursery.cancel_scope.cancel()


async def end_soon(reader: AnyReader, scope: trio.CancelScope) -> None:
    """Let a reader that was cut end, whatever its client does."""
    await reader.went.wait()
    scope.deadline = trio.current_time() + FAREWELL


async def replay(core: Core, reader: AnyReader) -> None:
    """Bring the reader up to date and make it live; what goes wrong ends this reader alone."""

    async def send(message: Message) -> None:
        reader.deliver(message)
        await reader.settle()

    try:
        services = core.services
        await catch_up(core.hub, services.store.findings, services.annotations, reader, send)
    except LogRestarted:
        core.hub.cut(reader, Close.RESTART, "the log of findings began anew")
    except Exception:
        core.services.log.exception("a stream reader's replay failed", reader=reader.caller.name)
        core.hub.cut(reader, Close.INTERNAL_ERROR, "tipd failed here")


async def _write(stream: Stream, reader: AnyReader, written: trio.Event) -> None:
    try:
        await reader.drain()
        await reader.farewell()
        if isinstance(stream, trio.SocketStream):
            await stream.send_eof()
    except GONE:
        reader.went.set()
    written.set()


class _Listener:
    """Reads what a reader says: pongs, pings, a close; nothing else is of interest, and none of it may grow."""

    def __init__(self, stream: Stream, reader: AnyReader) -> None:
        self._stream = stream
        self._reader = reader
        self._received = 0

    async def run(self, trailing: bytes) -> None:
        """Return when the reader has closed, is gone, or broke the protocol (it was cut then)."""
        connection = Connection(ConnectionType.SERVER, trailing_data=trailing)
        try:
            while self._take_all(connection):
                data = await self._stream.receive_some(_RECEIVE)
                self._reader.quiet = False
                if not data:
                    return
                connection.receive_data(bytes(data))
        except RemoteProtocolError:
            self._reader.cut(Close.PROTOCOL_ERROR, "that is not websocket")
        except GONE:
            return

    def _take_all(self, connection: Connection) -> bool:
        for event in connection.events():
            if isinstance(event, CloseConnection):
                # wsproto reports a frame it could not read as if the peer had closed.
                if connection.state is not ConnectionState.REMOTE_CLOSING:
                    self._reader.cut(Close.PROTOCOL_ERROR, "that is not websocket")
                return False
            if not self._take(event):
                return False
        return True

    def _take(self, event: object) -> bool:
        """Return whether to read on."""
        if isinstance(event, Ping):
            self._reader.pong(bytes(event.payload))
        elif isinstance(event, TextMessage | BytesMessage):
            return self._count(len(event.data), event.message_finished)
        return True

    def _count(self, length: int, finished: bool) -> bool:
        self._received += length
        if self._received > MOST_RECEIVED:
            self._reader.cut(Close.TOO_BIG, "a reader has nothing to say")
            return False
        if finished:
            self._received = 0
        return True
