"""Raw clients: a socket that does as it likes, and a plain websocket over it."""

from __future__ import annotations

import base64
import os
import socket
from typing import Any

import msgspec
import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Ping, Pong, TextMessage

from support.api import Served

OPEN: list[socket.socket] = []
KEY = base64.b64encode(b"0123456789abcdef").decode()


async def connect(port: int, *, receive_buffer: int | None = None) -> trio.SocketStream:
    """Connect to a port of 127.0.0.1; a small receive buffer makes a client that is soon full."""
    raw = socket.socket()
    OPEN.append(raw)
    one = trio.socket.from_stdlib_socket(raw)
    if receive_buffer is not None:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await one.connect(("127.0.0.1", port))
    return trio.SocketStream(one)


def close_all() -> None:
    """Close every client of this test."""
    while OPEN:
        OPEN.pop().close()


async def read_all(stream: trio.abc.ReceiveStream) -> bytes:
    """Read until the end, or until the connection breaks."""
    received = b""
    try:
        while data := await stream.receive_some(65536):
            received += bytes(data)
    except trio.BrokenResourceError:
        pass
    return received


async def read_head(stream: trio.abc.ReceiveStream) -> tuple[bytes, bytes]:
    """Return an answer's head and what came after it."""
    received = b""
    while b"\r\n\r\n" not in received:
        data = await stream.receive_some(65536)
        if not data:
            break
        received += bytes(data)
    head, _, rest = received.partition(b"\r\n\r\n")
    return head, rest


def upgrade(query: str = "", *, token: str | None = "tip_all", **headers: str) -> bytes:
    """Return the bytes of an upgrade request."""
    lines = [f"GET /api/v1/stream{query} HTTP/1.1", "Host: 127.0.0.1"]
    given = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": KEY, "Sec-WebSocket-Version": "13"}
    if token is not None:
        given["Authorization"] = f"Bearer {token}"
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines += [f"{name}: {value}" for name, value in given.items() if value]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Client:
    """A websocket client that checks what it gets and answers pings only when asked to."""

    def __init__(self, stream: Any, head: bytes, rest: bytes) -> None:
        self.stream = stream
        self.head = head
        self.rest = rest
        self.connection = Connection(ConnectionType.CLIENT, trailing_data=rest)
        self.messages: list[Any] = []
        self.pings = 0
        self.closed: tuple[int, str | None] | None = None
        self.answers_pings = True
        self._text = ""

    @property
    def status(self) -> int:
        return int(self.head.split(b" ")[1])

    async def message(self) -> Any:
        """Return the next message; raises EOFError when the server has closed."""
        while not self.messages:
            await self._more()
        return self.messages.pop(0)

    async def close_code(self) -> int:
        """Read on until the server's close frame."""
        while self.closed is None:
            await self._more()
        return self.closed[0]

    async def _more(self) -> None:
        self._take()
        if self.messages or self.closed:
            if self.messages:
                return
            raise EOFError(str(self.closed))
        data = await self.stream.receive_some(65536)
        if not data:
            raise EOFError("no close frame")
        self.connection.receive_data(bytes(data))
        self._take()

    def _take(self) -> None:
        for event in self.connection.events():
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    self.messages.append(msgspec.json.decode(self._text))
                    self._text = ""
            elif isinstance(event, Ping):
                self.pings += 1
                if self.answers_pings:
                    os.write(self.stream.socket.fileno(), self.connection.send(event.response()))
            elif isinstance(event, CloseConnection):
                self.closed = (event.code, event.reason)
            elif isinstance(event, Pong | BytesMessage):
                self.messages.append(event)

    async def send(self, event: Any) -> None:
        await self.stream.send_all(self.connection.send(event))

    async def findings(self, count: int) -> list[int]:
        """Return the next `count` seqs."""
        seqs: list[int] = []
        while len(seqs) < count:
            message = await self.message()
            assert message["type"] == "findings", message
            seqs += [one["seq"] for one in message["findings"]]
        return seqs


async def websocket(api: Served, query: str = "", *, receive_buffer: int | None = None, **more: Any) -> Client:
    """Open the stream on a fresh connection."""
    stream = await connect(api.port, receive_buffer=receive_buffer)
    await stream.send_all(upgrade(query, **more))
    head, rest = await read_head(stream)
    return Client(stream, head, rest)


async def slow_websocket(api: Served, query: str = "", **more: Any) -> Client:
    """Open the stream on a connection that was used before: quart serves it."""
    stream = await connect(api.port)
    await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    head, rest = await read_head(stream)
    while not rest.endswith(b"}") and b"\r\n0\r\n\r\n" not in rest:
        rest += bytes(await stream.receive_some(65536))
    assert b" 200 " in head
    await stream.send_all(upgrade(query, **more))
    head, rest = await read_head(stream)
    return Client(stream, head, rest)
