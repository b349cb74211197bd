"""The server: accepts connections itself and gives each to the stream endpoint or to hypercorn.

Stopping takes at most `stop_grace` and a little, whatever clients do: accepting stops, stream readers get 1012, running
answers get the grace, then every socket is closed under whoever still holds it.
"""

from __future__ import annotations

import os
import resource
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import trio
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.trio.lifespan import Lifespan
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState

from tipd.api.app import ROUTES, create_app
from tipd.api.connection import (
    BoundedServer,
    ReplayedStream,
    ReplayedTlsStream,
    hypercorn_config,
    serve_hypercorn,
)
from tipd.api.head import StreamRequest, read_head, stream_request
from tipd.api.layers import FrontLayer
from tipd.api.listeners import Listener, open_listeners, peer_of, tls_context
from tipd.api.problem import Problem, raw_answer
from tipd.api.proxies import Proxies
from tipd.api.stream.push import Upgrade, serve_push

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.api.app import TipdApp
    from tipd.api.auth import Peer
    from tipd.api.core import Core
    from tipd.api.services import Services
    from tipd.api.stream.conversation import Stream

_CONTROL_ROOM = 64  # connections beyond `max_connections` that only the control socket may use
_FILES_BESIDE = 500  # file descriptors for everything that is not a connection
_ACCEPT_PAUSE = 0.1  # seconds, when the machine is out of descriptors or memory
_GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)


async def serve(
    services: Services,
    *,
    state_dir: Path,
    shutdown: trio.Event,
    sockets: Sequence[socket.socket] = (),
    listeners: Sequence[Listener] | None = None,
    app: TipdApp | None = None,
    task_status: trio.TaskStatus[list[str]] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve until `shutdown` is set, then stop within seconds; starts with the names of what it listens on.

    `sockets` (systemd's) take the place of `[api] listen`; `state_dir/tipd.sock` is there always. With `listeners`,
    which it closes, nothing is opened. Raises Unavailable (an address in use) and ConfigError (TLS files) before it
    starts.
    """
    app = app or create_app(services)
    core = app.core
    tls = tls_context(services.settings)
    with ExitStack() as stack:
        opened = listeners or open_listeners(services.settings, state_dir, sockets)
        for listener in opened:
            stack.callback(listener.close)
        _raise_file_limit(core.limits.max_connections)
        await _Server(core, app, tls).run(opened, shutdown, task_status)


class _Server:
    """Connections, and what they share."""

    def __init__(self, core: Core, app: TipdApp, tls: ssl.SSLContext | None) -> None:
        self._core = core
        self._tls = tls
        self._proxies = Proxies(core.services.settings)
        streamed = {route.path: core.limits.max_upload for route in ROUTES if route.streams}
        front: Any = FrontLayer(app, self._proxies, core.limits.max_body, streamed)
        self._app = ASGIWrapper(front)
        self._config = hypercorn_config(core.limits, core.services.log)
        self._context = WorkerContext(None)
        self._open: set[trio.SocketStream] = set()
        self._silent: set[trio.CancelScope] = set()  # of those that asked nothing yet
        self._ended = trio.Event()

    async def run(
        self, listeners: Sequence[Listener], shutdown: trio.Event, task_status: trio.TaskStatus[list[str]]
    ) -> None:
        core = self._core
        async with trio.open_nursery() as background:
            await background.start(core.hub.run)
            unsubscribe = core.services.subscribe(core.hub.wake) if core.services.subscribe else None
            lifespan = Lifespan(self._app, self._config, {})
            await background.start(lifespan.handle_lifespan)
            await lifespan.wait_for_startup()
            await self._serve(listeners, shutdown, task_status)
            if unsubscribe is not None:
                unsubscribe()
            await lifespan.wait_for_shutdown()
            background.cancel_scope.cancel()

    async def _serve(
        self, listeners: Sequence[Listener], shutdown: trio.Event, task_status: trio.TaskStatus[list[str]]
    ) -> None:
        async with trio.open_nursery() as connections:
            try:
                async with trio.open_nursery() as accepting:
                    for listener in listeners:
                        accepting.start_soon(self._accept, listener, connections)
                    core = self._core
                    core.names[:] = [listener.name for listener in listeners]
                    task_status.started(list(core.names))
                    await shutdown.wait()
                    accepting.cancel_scope.cancel()
                for listener in listeners:
                    listener.close()
                await self._let_go()
            finally:
                self._core.hub.close()
                connections.cancel_scope.cancel()
                # Also what is shielded ends: its socket is closed under it.
                for stream in list(self._open):
                    stream.socket.close()

    async def _let_go(self) -> None:
        """Tell everybody, and wait for them as long as the grace lasts."""
        self._core.hub.close()
        await self._context.terminated.set()
        for scope in self._silent:
            scope.cancel()
        with trio.move_on_after(self._core.limits.stop_grace):
            while self._open:
                await self._ended.wait()

    async def _accept(self, listener: Listener, connections: trio.Nursery) -> None:
        accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener.socket.dup()))
        async with accepting:
            while True:
                try:
                    stream = await accepting.accept()
                except OSError as error:
                    self._core.services.log.warning("cannot accept a connection", error=str(error))
                    await trio.sleep(_ACCEPT_PAUSE)
                    continue
                if self._has_room(listener):
                    self._open.add(stream)
                    connections.start_soon(self._connection, listener, stream)
                else:
                    self._turn_away(stream)

    def _has_room(self, listener: Listener) -> bool:
        reserve = _CONTROL_ROOM if listener.way == "control" else 0
        return len(self._open) < self._core.limits.max_connections + reserve

    def _turn_away(self, stream: trio.SocketStream) -> None:
        self._core.connections["refused"] += 1
        if self._tls is None:
            with suppress(OSError):
                os.write(stream.socket.fileno(), raw_answer(Problem(503, "too many connections")))
        stream.socket.close()

    async def _connection(self, listener: Listener, transport: trio.SocketStream) -> None:
        """Serve one connection to its end; nothing that goes wrong in it reaches the others."""
        self._core.connections["accepted"] += 1
        try:
            peer = peer_of(transport.socket) if listener.way == "control" else None
            await self._serve_one(listener, transport, peer)
        except* _GONE:
            pass
        except* Exception as group:
            self._core.services.log.error("a connection failed", exc_info=group)
        finally:
            transport.socket.close()
            self._open.discard(transport)
            self._core.connections["ended"] += 1
            self._ended.set()
            self._ended = trio.Event()

    async def _serve_one(self, listener: Listener, transport: trio.SocketStream, peer: Peer | None) -> None:
        stream: Stream = transport
        if self._tls is not None and listener.way == "tcp":
            stream = trio.SSLStream(transport, self._tls, server_side=True, https_compatible=True)
            with trio.move_on_after(self._core.limits.head_timeout) as scope:
                await stream.do_handshake()
            if scope.cancelled_caught:
                return
            if stream.selected_alpn_protocol() == "h2":
                await self._hypercorn(stream, b"", peer)
                return
        try:
            with trio.CancelScope() as scope:
                self._silent.add(scope)
                head = await read_head(stream, self._core.limits.head_timeout)
        except Problem as problem:
            await self._last_answer(stream, problem)
            return
        finally:
            self._silent.discard(scope)
        if scope.cancelled_caught or not head:
            return
        request = stream_request(head)
        if request is None:
            await self._hypercorn(stream, head, peer)
        else:
            await self._push(stream, transport, request, peer)

    async def _last_answer(self, stream: Stream, problem: Problem) -> None:
        with trio.move_on_after(1):
            await stream.send_all(raw_answer(problem))

    async def _hypercorn(self, stream: Stream, head: bytes, peer: Peer | None) -> None:
        replayed = (ReplayedStream if isinstance(stream, trio.SocketStream) else ReplayedTlsStream)(stream, head)
        # The scope's state is the server's own word: no header can write there.
        state = ConnectionState({"tipd.peer": peer})
        shaped: Any = replayed
        server = BoundedServer(self._app, self._config, self._context, state, shaped)
        server.send_within = self._core.limits.send_timeout
        await serve_hypercorn(server, replayed)

    async def _push(
        self, stream: Stream, transport: trio.SocketStream, request: StreamRequest, peer: Peer | None
    ) -> None:
        scheme = "http" if isinstance(stream, trio.SocketStream) else "https"
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in request.headers.items()]
        seen = self._proxies.seen(_host_of(transport), scheme, headers)
        upgrade = Upgrade(request.target, request.headers, request.trailing, seen, peer)
        await serve_push(self._core, stream, upgrade)


def _host_of(transport: trio.SocketStream) -> str | None:
    name = transport.socket.getpeername()
    return name[0] if isinstance(name, tuple) else None


def _raise_file_limit(connections: int) -> None:
    """Let the process open as many files as the connections may need, as far as its hard limit goes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _CONTROL_ROOM + _FILES_BESIDE
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
