"""Hypercorn for one connection that we accepted ourselves, with every shield bounded.

Hypercorn's own `send_all` is shielded without a limit, so one client that stops reading keeps it from ever stopping;
here a send that does not get through in time breaks the connection off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast, override

import trio
from hypercorn.config import Config
from hypercorn.events import Closed, RawData
from hypercorn.protocol import ws_stream
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.trio.tcp_server import TCPServer

from tipd.api.head import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from h11 import Request
    from hypercorn.events import Event

    from tipd.api.settings import Limits
    from tipd.log import Log

_CLOSE_WITHIN = 2.0  # seconds for hypercorn's own farewell
# A connection's tasks (hypercorn's sleeping pings) may outlive its stream this long before they are cancelled.
_END_WITHIN = 0.5


def _no_extensions(_requested: object, _supported: object) -> None:
    """Accept no websocket extension: under permessage-deflate a 1 MB frame inflates to 1 GB."""


async def _no_cleartext_http2(_protocol: H11Protocol, _request: Request) -> None:
    """Ignore `Upgrade: h2c` and the HTTP/2 preface (RFC 9113 does without the former).

    A proxy that passes the upgrade on no longer sees what the client asks for, nor takes its X-Forwarded-For away.
    """


# hypercorn has no settings for these
ws_stream.server_extensions_handshake = _no_extensions  # type: ignore[attr-defined,assignment]
H11Protocol._check_protocol = _no_cleartext_http2  # type: ignore[method-assign,assignment]


class ReplayedStream:
    """A plain stream whose first bytes were read already; made so that hypercorn takes it for a `SocketStream`."""

    def __init__(self, stream: Any, head: bytes) -> None:
        """`head` is given out first."""
        self._stream = stream
        self._head = head
        self.closed = trio.Event()
        transport = stream if isinstance(stream, trio.SocketStream) else stream.transport_stream
        self.socket: trio.socket.SocketType = transport.socket

    async def receive_some(self, most: int) -> bytes:
        """Return the head, then what the stream gives."""
        if self._head:
            head, self._head = self._head[:most], self._head[most:]
            return head
        return bytes(await self._stream.receive_some(most))

    async def send_all(self, data: bytes) -> None:
        """Send everything."""
        await self._stream.send_all(data)

    async def send_eof(self) -> None:
        """Say that no more comes; AttributeError under TLS, as hypercorn expects."""
        await self._stream.send_eof()

    async def aclose(self) -> None:
        """Close; under TLS without waiting for the client's goodbye."""
        self.closed.set()
        await trio.aclose_forcefully(self._stream)


class ReplayedTlsStream(ReplayedStream):
    """The same over TLS; made so that hypercorn takes it for an `SSLStream`."""

    @property
    def transport_stream(self) -> trio.SocketStream:
        """The stream below."""
        return cast("trio.SocketStream", self._stream.transport_stream)

    async def do_handshake(self) -> None:
        """Do nothing if it is done already."""
        await self._stream.do_handshake()

    def selected_alpn_protocol(self) -> str | None:
        """Return what TLS agreed on."""
        return cast("str | None", self._stream.selected_alpn_protocol())


class BoundedServer(TCPServer):
    """Hypercorn's connection with bounded shields."""

    send_within: float

    async def protocol_send(self, event: Event) -> None:
        """Send, for as long as `send_within` allows; then break the connection off.

        Closing and starting the idle timer are shielded: hypercorn does both in the application's task, which quart
        cancels just before, so that the connection would stay open for ever.
        """
        if not isinstance(event, RawData):
            with trio.CancelScope(shield=True, deadline=trio.current_time() + _CLOSE_WITHIN):
                await super().protocol_send(event)
            return
        async with self.send_lock:
            sent = await self._send_shielded(event.data)
        if not sent:
            await self.protocol.handle(Closed())

    async def _send_shielded(self, data: bytes) -> bool:
        with trio.CancelScope(shield=True, deadline=trio.current_time() + self.send_within):
            try:
                await self.stream.send_all(data)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                return False
            return True
        await self.stream.aclose()
        return False

    @override
    async def _read_data(self) -> None:
        """Read to the end, then close at once: hypercorn would hold the socket until its idle timer fires."""
        await super()._read_data()
        await self.idle_task.stop()
        await self._close()

    async def _initiate_server_close(self) -> None:
        with trio.move_on_after(_CLOSE_WITHIN):
            await super()._initiate_server_close()


async def serve_hypercorn(server: BoundedServer, stream: ReplayedStream) -> None:
    """Run the connection; its tasks end soon after its stream, even one that waits for an application long gone."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_end_soon, stream, nursery.cancel_scope)
        await server.run()
        nursery.cancel_scope.cancel()


async def _end_soon(stream: ReplayedStream, scope: trio.CancelScope) -> None:
    await stream.closed.wait()
    scope.deadline = trio.current_time() + _END_WITHIN


def hypercorn_config(limits: Limits, log: Log) -> Config:
    """Return hypercorn's settings as ours ask for them."""
    config = Config()
    config.include_server_header = False
    config.h11_max_incomplete_size = LONGEST
    config.keep_alive_timeout = limits.keep_alive
    config.ssl_handshake_timeout = limits.head_timeout
    config.websocket_max_message_size = 4096
    config.websocket_ping_interval = limits.ping_every
    config.startup_timeout = config.shutdown_timeout = 2.0
    config.logger_class = cast("Any", _log_class(log))
    return config


def _log_class(log: Log) -> Callable[[Config], _HypercornLog]:
    return lambda _config: _HypercornLog(log)


class _HypercornLog:
    """Hypercorn's log lines in ours."""

    def __init__(self, log: Log) -> None:
        self._log = log

    async def access(self, *_: Any) -> None:
        """Requests are counted, not logged."""

    async def exception(self, message: str, *_: Any) -> None:
        self._log.exception(message)

    async def error(self, message: str, *_: Any) -> None:
        self._log.error(message)

    critical = error

    async def warning(self, message: str, *_: Any) -> None:
        self._log.warning(message)

    async def info(self, message: str, *_: Any) -> None:
        self._log.debug(message)

    debug = info
