"""A scripted HTTP server on loopback: it says exactly what a script says, however wrong.

    async with serving() as server:
        server.on("/list.txt", page(b"192.0.2.1\\n", etag='"1"'))
        ... fetch server.url("/list.txt") ...
        assert server.seen[0].headers["user-agent"]

A script is `async def script(stream, seen)`; it writes raw bytes and returns, and the connection is closed. Each path
has one script; `in_turn` makes one of several. Unknown paths answer 404. With `tls` (an `ssl.SSLContext`) it is HTTPS.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import trio

type Script = Callable[[trio.abc.Stream, Seen], Awaitable[None]]

MAX_HEAD = 256 * 1024


@dataclass(frozen=True)
class Seen:
    """A request as it came; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path


@dataclass
class ScriptedServer:
    """What is served, and what was asked."""

    port: int
    secure: bool = False
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    at_once: int = 0  # now
    most_at_once: int = 0
    _scripts: dict[str, Script] = field(default_factory=dict)
    _any: Script | None = None

    def on(self, path: str, script: Script) -> None:
        """Answer a path by a script from now on."""
        self._scripts[path] = script

    def on_any(self, script: Script) -> None:
        """Answer every other path by a script."""
        self._any = script

    def url(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http{'s' if self.secure else ''}://{host}:{self.port}{path}"

    async def answer(self, stream: trio.abc.Stream) -> None:
        """Serve one connection with one request."""
        self.connections += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            seen = await read_request(stream)
            if seen is not None:
                self.seen.append(seen)
                await (self._scripts.get(seen.path) or self._any or status(404))(stream, seen)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass  # the client cut us off, as it should
        finally:
            self.at_once -= 1
            await _goodbye(stream)


async def _goodbye(stream: trio.abc.Stream) -> None:
    """Close, with TLS's own goodbye where there is TLS."""
    with trio.move_on_after(0.2) as scope:
        scope.shield = True
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await stream.aclose()


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[ScriptedServer]:
    """Serve on a free port while the block runs."""
    listeners = await trio.open_tcp_listeners(0, host=host)
    port = listeners[0].socket.getsockname()[1]
    server = ScriptedServer(port, secure=tls is not None)

    async def connection(stream: trio.SocketStream) -> None:
        if tls is None:
            await server.answer(stream)
            return
        try:
            secured = trio.SSLStream(stream, tls, server_side=True)
            await secured.do_handshake()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(stream)
            return
        await server.answer(secured)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(trio.serve_listeners, connection, listeners)
        yield server
        nursery.cancel_scope.cancel()


async def read_request(stream: trio.abc.Stream) -> Seen | None:
    """Read one request whole, None where the client goes away or talks for ever."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = await stream.receive_some(65536)
        if not piece or len(data) > MAX_HEAD:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += await stream.receive_some(65536)
    return Seen(method, target, headers, body)


# --- scripts ---------------------------------------------------------------------------------------------------------


def head(code: int, headers: Mapping[str, object] | None = None) -> bytes:
    """Return the bytes of an answer's head."""
    lines = [f"HTTP/1.1 {code} As Scripted", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def raw(*pieces: bytes) -> Script:
    """Write these bytes and nothing else."""

    async def script(stream: trio.abc.Stream, seen: Seen) -> None:
        for piece in pieces:
            await stream.send_all(piece)

    return script


def status(code: int, **headers: object) -> Script:
    """Answer a status without a body; `retry_after=7` becomes `Retry-After: 7`."""
    return raw(head(code, {"Content-Length": 0} | _named(headers)))


def page(body: bytes, code: int = 200, **headers: object) -> Script:
    """Answer a body with its right length."""
    return raw(head(code, {"Content-Length": len(body)} | _named(headers)) + body)


def conditional(body: bytes, **headers: object) -> Script:
    """Answer as a good server does: 304 where `etag` or `last_modified` match what the client has."""
    named = _named(headers)

    async def script(stream: trio.abc.Stream, seen: Seen) -> None:
        known = seen.headers.get("if-none-match"), seen.headers.get("if-modified-since")
        if (named.get("Etag") or named.get("Last-Modified")) in known:
            await stream.send_all(head(304, named))
        else:
            await stream.send_all(head(200, {"Content-Length": len(body)} | named) + body)

    return script


def redirect(location: str, code: int = 302) -> Script:
    """Send the client elsewhere."""
    return status(code, location=location)


def chunked(*pieces: bytes, end: bool = True) -> Script:
    """Answer in chunks; `end` false leaves the last one out."""
    wire = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")
    return raw(head(200, {"Transfer-Encoding": "chunked"}) + wire)


def drip(start: bytes, piece: bytes, every: float) -> Script:
    """Write `start`, then a piece every so many seconds, for ever."""

    async def script(stream: trio.abc.Stream, seen: Seen) -> None:
        await stream.send_all(start)
        while True:
            await trio.sleep(every)
            await stream.send_all(piece)

    return script


def silence() -> Script:
    """Never answer."""

    async def script(stream: trio.abc.Stream, seen: Seen) -> None:
        await trio.sleep_forever()

    return script


def in_turn(*scripts: Script) -> Script:
    """Answer by each script once, by the last one ever after."""
    left = list(scripts)

    async def script(stream: trio.abc.Stream, seen: Seen) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(stream, seen)

    return script


def _named(headers: Mapping[str, object]) -> dict[str, object]:
    return {name.replace("_", "-").title(): value for name, value in headers.items()}
