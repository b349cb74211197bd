"""The listener of versions: connections, who they are, and how they end.

A client has so long to say who it is, and those that have not are few: beyond that the oldest of them is dropped, so
that whoever only holds connections open keeps nobody else out. A peer that is revoked is out within seconds, what it
is reading included. Used by the agent for its own chains, and by the daemon to pass chains on.
"""

from __future__ import annotations

import ipaddress
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import trio

from tipd.agent.answering import Answering
from tipd.agent.counts import Counts
from tipd.agent.problem import Problem
from tipd.agent.wire import GONE, Limits, Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.agent.answering import Inbox, Mails
    from tipd.agent.listening import Listener
    from tipd.agent.peers import Known, Peers
    from tipd.agent.shelf import Shelf
    from tipd.agent.wire import Request
    from tipd.clock import Clock
    from tipd.log import Log

_SAVE_EVERY = 2.0
_ACCEPT_PAUSE = 0.1  # when the machine is out of descriptors
_WAIT_FOR_GOODBYE = 2.0
_TELL_EVERY = 60.0
_UNKNOWN = 401
_DEFAULT = Limits()


class _Connection:
    """One connection, as the others see it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.scope = trio.CancelScope()
        self.known: Known | None = None


class Server:
    """Serves what a shelf has to whom the file of peers names."""

    def __init__(
        self,
        shelf: Shelf,
        peers: Peers,
        *,
        clock: Clock,
        log: Log,
        limits: Limits = _DEFAULT,
        mails: Mails | None = None,
        inbox: Inbox | None = None,
        metrics: Callable[[], bytes] | None = None,
        on_look: Callable[[], None] | None = None,
    ) -> None:
        """`metrics`: what `/metrics` says, to callers on loopback alone; nothing where it is not given.

        `on_look` is called after each look at the file of peers; it raises nothing.
        """
        self.counts = Counts()
        self.peers = peers
        self._limits = limits
        self._clock = clock
        self._log = log
        self._on_look = on_look
        self._told_of, self._told_at = 0, float("-inf")
        self._answering = Answering(shelf, peers, clock, mails=mails, inbox=inbox, metrics=metrics)
        self._open: dict[_Connection, None] = {}  # in the order they came
        self._looked = trio.Event()
        self._token: trio.lowlevel.TrioToken | None = None

    def announce(self, agent: str, view: str) -> None:
        """Say that a chain has grown, after the chain shows it; from any thread."""
        if self._token is not None:
            self._token.run_sync_soon(self._answering.announcer.tell, (agent, view))

    def readers(self) -> dict[str, int]:
        """Return how many connections each peer has."""
        found: dict[str, int] = {}
        for connection in self._open:
            if connection.known is not None:
                found[connection.known.name] = found.get(connection.known.name, 0) + 1
        return found

    def stop(self) -> None:
        """End every connection; whoever is told of versions hears that the agent restarts."""
        for connection in list(self._open):
            connection.scope.cancel()

    async def looked(self) -> None:
        """Wait for the end of the next whole look at peers and certificates."""
        for _ in range(2):  # the one that runs may have begun before
            await self._looked.wait()

    async def serve(
        self,
        listeners: Sequence[Listener],
        *,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve until cancelled; the listeners are closed then."""
        self._token = trio.lowlevel.current_trio_token()
        try:
            async with trio.open_nursery() as nursery:
                for listener in listeners:
                    nursery.start_soon(self._accept, listener, nursery)
                nursery.start_soon(self._look, listeners)
                nursery.start_soon(self._save)
                task_status.started()
        finally:
            for listener in listeners:
                listener.close()
            self.save_taken()

    async def _accept(self, listener: Listener, nursery: trio.Nursery) -> None:
        accepting = trio.SocketListener(trio.socket.from_stdlib_socket(listener.socket.dup()))
        async with accepting:
            while True:
                try:
                    stream = await accepting.accept()
                except OSError as error:
                    self._log.warning("cannot accept a connection", error=str(error))
                    await trio.sleep(_ACCEPT_PAUSE)
                    continue
                self._make_room()
                if len(self._open) >= self._limits.connections:
                    self.counts.turned_away += 1
                    stream.socket.close()
                    continue
                connection = _Connection(_address(stream))
                self._open[connection] = None
                nursery.start_soon(self._run, listener, stream, connection)

    def _make_room(self) -> None:
        """Drop the oldest of those that have not said who they are, where they are too many."""
        silent = [each for each in self._open if each.known is None and not each.scope.cancel_called]
        full = len(self._open) >= self._limits.connections
        if silent and (full or len(silent) >= self._limits.silent):
            self.counts.dropped += 1
            silent[0].scope.cancel()
            self._open.pop(silent[0], None)

    async def _run(self, listener: Listener, transport: trio.SocketStream, connection: _Connection) -> None:
        """Serve one connection to its end; nothing that goes wrong in it reaches the others."""
        self.counts.accepted += 1
        try:
            with connection.scope:
                await self._serve_one(listener, transport, connection)
        except* GONE:
            pass
        except* Exception as group:
            self._log.error("a connection failed", exc_info=group)
        finally:
            transport.socket.close()
            self._open.pop(connection, None)

    async def _serve_one(self, listener: Listener, transport: trio.SocketStream, connection: _Connection) -> None:
        stream: Any = transport
        shown: Known | None = None
        began = trio.current_time()
        tls = listener.tls()
        if tls is not None:
            stream = trio.SSLStream(transport, tls, server_side=True, https_compatible=True)
            with trio.move_on_after(self._limits.head) as scope:
                await stream.do_handshake()
            if scope.cancelled_caught:
                return
            if certificate := stream.getpeercert(binary_form=True):
                shown = self.peers.by_certificate(certificate, listener.vouched(certificate))
        wire = Wire(stream, self._limits, self._clock)
        within = self._limits.head - (trio.current_time() - began)
        while await self._one_request(wire, within, shown, connection):
            within = self._limits.idle
        await self._goodbye(transport)

    async def _one_request(self, wire: Wire, within: float, shown: Known | None, connection: _Connection) -> bool:
        """Answer the next request; return whether another can follow."""
        try:
            request = await wire.request(within)
            if request is None:
                return False
            self.counts.requests += 1
            if not (request.bodiless() or self._answering.takes_bodies(request)):
                raise Problem(413, "no body is taken here", close=True)
            if request.path == "/metrics" and _local(connection.address, request):
                await self._answering.metrics(wire, request)
            else:
                connection.known = self._who(request, shown, connection)
                await self._answering.answer(wire, request, connection.known, connection.address)
        except Problem as problem:
            self.counts.refused[problem.status] += 1
            await wire.problem(problem)
            if problem.close:
                return False
        finally:
            self.counts.bytes_sent += wire.sent
            wire.sent = 0
        await wire.end_of_request()
        return wire.next()

    def _who(self, request: Request, known: Known | None, connection: _Connection) -> Known:
        """Return who asks: by the token, else who a client certificate `known` names.

        Raises Problem 401, after which nothing more is read, or 429.
        """
        self.peers.refresh()
        shown = request.headers.get("authorization")
        if shown is not None:
            scheme, _, token = shown.partition(" ")
            known = self.peers.by_token(token.strip()) if scheme.lower() == "bearer" else None
        if known is None or not self.peers.still(known):
            raise Problem(_UNKNOWN, "who are you?", headers=(("www-authenticate", "Bearer"),), close=True)
        mine = sum(each.known is not None and each.known.name == known.name for each in self._open)
        if connection.known is None and mine >= self._limits.per_peer:
            raise Problem(429, f"a peer has at most {self._limits.per_peer} connections", close=True)
        return known

    async def _goodbye(self, transport: trio.SocketStream) -> None:
        """Let what was sent last arrive: closing at once with bytes unread would reset it."""
        with trio.move_on_after(_WAIT_FOR_GOODBYE), suppress(*GONE):
            await transport.send_eof()
            while await transport.receive_some(65536):
                pass

    async def _look(self, listeners: Sequence[Listener]) -> None:
        """See who was revoked, and which certificates are new; a broken file of peers lets nobody in."""
        fault = ""
        while True:
            self._looked.set()
            self._looked = trio.Event()
            await trio.sleep(self._limits.look)
            self.peers.refresh()
            if self.peers.fault and self.peers.fault != fault:
                self._log.error("nobody is let in", error=self.peers.fault)
            fault = self.peers.fault
            if self._on_look is not None:
                self._on_look()
            self._tell_of_unknown()
            for connection in list(self._open):
                if connection.known is not None and not self.peers.still(connection.known):
                    self.counts.cut += 1
                    connection.scope.cancel()
            for listener in listeners:
                if error := listener.renew(self.peers.certificates()):
                    self._log.error("the certificate is kept as it was", error=error)

    def _tell_of_unknown(self) -> None:
        """Say now and then how many were refused: each of them in the log would be theirs to fill."""
        count = self.counts.refused[_UNKNOWN] - self._told_of
        if count and trio.current_time() - self._told_at >= _TELL_EVERY:
            self._log.warning("clients that nobody knows were refused", count=count)
            self._told_of, self._told_at = self.counts.refused[_UNKNOWN], trio.current_time()

    async def _save(self) -> None:
        while True:
            await trio.sleep(_SAVE_EVERY)
            self.save_taken()

    def save_taken(self) -> None:
        """Write down what peers took; what cannot be written is kept for the next time."""
        try:
            self.peers.save_taken()
        except OSError as error:
            self._log.warning("cannot keep what peers took", error=error.strerror)


def _address(stream: trio.SocketStream) -> str:
    try:
        name = stream.socket.getpeername()
    except OSError:
        return ""
    return str(name[0]) if isinstance(name, tuple) else "unix"


def _local(address: str, request: Request) -> bool:
    """Whether a caller is on this machine, and no proxy that says it speaks for others."""
    if any(name in request.headers for name in ("forwarded", "x-forwarded-for", "via", "x-real-ip")):
        return False
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback


__all__ = ["Limits", "Server"]
