"""A mail host's listener for tests: a chain in a folder, peers, TLS where wanted, and raw clients."""

from __future__ import annotations

import ssl
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import h11
import msgspec
import structlog
import trio
from wsproto.connection import Connection, ConnectionType
from wsproto.events import CloseConnection, Ping, TextMessage

from support import sealed
from tipd.agent import certificate, peers
from tipd.agent.chain import Chain
from tipd.agent.listening import Keys, listen
from tipd.agent.server import Limits, Server
from tipd.agent.shelf import OneAgent
from tipd.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
LIMITS = Limits(head=2, idle=5, send=2, ping=5, look=0.1)


class Answer(NamedTuple):
    """An answer: header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Host:
    """What a test has of a listener."""

    def __init__(self, folder: Path, versions: int, raw: bytes = b"{}\n") -> None:
        self.folder = folder
        self.chain = Chain(folder / "chain")
        for _ in range(versions):
            self.grow(raw)
        self.peers_path = folder / "peers.json"
        self.token = self.enroll("lab", "redacted")
        self.chains: dict[str, Any] = {"redacted": self.chain}
        self.port = 0
        self.server: Server
        self.tls: certificate.Made | None = None
        self.certificate_path = folder / "tls.pem"
        self._streams: list[Any] = []

    def grow(self, raw: bytes = b"{}\n") -> None:
        sealed.grow(self.chain, self.folder, raw)

    def enroll(self, name: str, view: str, **more: Any) -> str:
        return peers.enroll(self.peers_path, name, peers.Peer(view=view, **more), NOW)

    def revoke(self, name: str) -> None:
        peers.revoke(self.peers_path, name, NOW)

    async def connect(self, client: certificate.Made | None = None) -> Any:
        """Open a connection, over TLS where the listener speaks it; it is closed with the listener."""
        stream = await self.connect_plain()
        if self.tls is None:
            return stream
        context = ssl.create_default_context(cadata=self.tls.certificate.decode())
        if client is not None:
            path = self.folder / "client.pem"
            path.write_bytes(client.key + client.certificate)
            context.load_cert_chain(path)
        over = trio.SSLStream(stream, context, server_hostname="127.0.0.1", https_compatible=True)
        await over.do_handshake()
        return over

    async def connect_plain(self) -> trio.SocketStream:
        """Open a connection that says nothing yet."""
        self._streams.append(await trio.open_tcp_stream("127.0.0.1", self.port))
        return self._streams[-1]

    def close(self) -> None:
        """Close every client."""
        for stream in self._streams:
            stream.socket.close()

    def request(self, path: str, *, token: str | None = None, method: str = "GET", **headers: str) -> bytes:
        """Return the bytes of a request with the peer's token, another, or none (`token=""`)."""
        token = self.token if token is None else token
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        lines += [f"Authorization: Bearer {token}"] if token else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def ask(self, path: str, *, stream: Any = None, body: bytes = b"", **more: Any) -> Answer:
        """Ask once, on a connection of its own unless there is one."""
        stream = stream or await self.connect()
        await stream.send_all(self.request(path, **more) + body)
        return await answer(stream, more.get("method", "GET"))


async def answer(stream: Any, method: str = "GET") -> Answer:
    """Read one answer."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method=method, target="/", headers=[("host", "h")]))
    client.send(h11.EndOfMessage())
    body, head = bytearray(), None
    while True:
        event = client.next_event()
        if event is h11.NEED_DATA:
            client.receive_data(bytes(await stream.receive_some(65536)))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed | h11.PAUSED):
            assert head is not None, "no answer"
            headers = {name.decode(): value.decode() for name, value in head.headers}
            return Answer(head.status_code, headers, bytes(body))


class Reader:
    """A websocket client of announcements."""

    def __init__(self, stream: Any, head: bytes, rest: bytes) -> None:
        self.stream, self.head = stream, head
        self.status = int(head.split(b" ")[1])
        self.answers_pings = True
        self.closed: int | None = None
        self._socket = Connection(ConnectionType.CLIENT, trailing_data=rest)
        self._messages: list[Any] = []

    @classmethod
    async def of(cls, stream: Any) -> Reader:
        """Read the head of the answer to an upgrade."""
        received = b""
        while b"\r\n\r\n" not in received:
            more = await stream.receive_some(65536)
            assert more, received
            received += bytes(more)
        head, _, rest = received.partition(b"\r\n\r\n")
        return cls(stream, head, rest)

    async def message(self) -> Any:
        """Return the next message; raises EOFError at the end."""
        await self._take()
        while not self._messages:
            if self.closed is not None:
                raise EOFError(self.closed)
            await self._more()
        return self._messages.pop(0)

    async def close_code(self) -> int:
        """Read on until the close frame."""
        await self._take()
        while self.closed is None:
            await self._more()
        return self.closed

    async def read(self) -> None:
        """Read on, until cancelled."""
        while True:
            await self._more()

    async def _more(self) -> None:
        received = await self.stream.receive_some(65536)
        if not received:
            raise EOFError
        self._socket.receive_data(bytes(received))
        await self._take()

    async def _take(self) -> None:
        for event in self._socket.events():
            if isinstance(event, TextMessage):
                self._messages.append(msgspec.json.decode(event.data))
            elif isinstance(event, Ping) and self.answers_pings:
                await self.stream.send_all(self._socket.send(event.response()))
            elif isinstance(event, CloseConnection):
                self.closed = event.code


@asynccontextmanager
async def serving(
    folder: Path, versions: int = 3, *, tls: bool = False, limits: Limits = LIMITS, raw: bytes = b"{}\n", **more: Any
) -> AsyncIterator[Host]:
    """Serve a chain of so many versions until the block ends."""
    host = Host(folder, versions, raw)
    keys = None
    if tls:
        host.tls = certificate.self_signed(["127.0.0.1"], SystemClock().now())
        keys = Keys(folder / "tls.pem", folder / "tls.key")
        keys.certificate.write_bytes(host.tls.certificate)
        keys.key.write_bytes(host.tls.key)
    listeners = listen("127.0.0.1:0", keys)
    host.port = listeners[0].port
    quiet = structlog.wrap_logger(structlog.ReturnLogger(), processors=[structlog.processors.JSONRenderer()])
    more = {"clock": SystemClock(), "log": quiet, "limits": limits} | more
    host.server = Server(OneAgent("mx1", host.chains), peers.Peers(host.peers_path), **more)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: host.server.serve(listeners, task_status=task_status))
        try:
            yield host
        finally:
            host.close()
        nursery.cancel_scope.cancel()
