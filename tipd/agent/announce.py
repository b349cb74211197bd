"""`/v1/announce`: a websocket that says the last number at once and whenever a version is sealed.

A hint, the list is the truth: only the latest number is told, so nothing piles up for a reader that is slow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, Pong, Request, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from tipd.agent.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from tipd.agent import wire

RESTART = 1012  # close code: the agent restarts
_TOO_BIG = 1009
_RECEIVE = 4096
_MOST_SAID = 64 * 1024  # bytes of messages a reader may send in all: it has nothing to say
_FAREWELL = 0.5  # seconds
_KEY = re.compile(r"[A-Za-z0-9+/]{22}==", re.ASCII)  # 16 bytes


class Announcer:
    """Who waits for which chain's next version."""

    def __init__(self) -> None:
        self._waiting: dict[Hashable, trio.Event] = {}

    def tell(self, key: Hashable) -> None:
        """Wake everybody who waits for a chain; call it in trio's thread."""
        if (waiting := self._waiting.pop(key, None)) is not None:
            waiting.set()

    def next(self, key: Hashable) -> trio.Event:
        """Return what is set at the next `tell`; take it before looking at the chain, or one is missed."""
        return self._waiting.setdefault(key, trio.Event())


class Announcement:
    """One reader."""

    def __init__(self, connection: wire.Wire, request: wire.Request) -> None:
        """Raises Problem where the request is no proper handshake (RFC 6455, 4.2)."""
        self._wire = connection
        self._socket = WSConnection(ConnectionType.SERVER)
        self._sending = trio.Lock()
        self._unanswered = False
        self._said = 0
        if not _KEY.fullmatch(request.headers.get("sec-websocket-key", "")):
            raise Problem(400, "no websocket handshake: Sec-WebSocket-Key", close=True)
        try:
            self._socket.initiate_upgrade_connection(list(request.raw_headers), request.target.decode("latin-1"))
        except RemoteProtocolError as error:
            raise Problem(400, f"no websocket handshake: {error}", close=True) from None
        if not any(isinstance(each, Request) for each in self._socket.events()):
            raise Problem(400, "no websocket handshake", close=True)

    async def run(self, last: Callable[[], int], announcer: Announcer, key: Hashable) -> None:
        """Tell `last()` at once and whenever it changes, until the reader leaves or is cut."""
        await self._send(AcceptConnection(extensions=[]))
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, nursery.cancel_scope)
                await self._tell(last, announcer, key)
        finally:  # where it was not closed already: the agent stops, or the peer was revoked
            with trio.move_on_after(_FAREWELL) as scope:
                scope.shield = True
                await self._close(RESTART)

    async def _tell(self, last: Callable[[], int], announcer: Announcer, key: Hashable) -> None:
        told = -1
        due = trio.current_time() + self._wire.limits.ping
        while True:
            waiting = announcer.next(key)
            if (now := last()) != told:
                await self._send(TextMessage(data=msgspec.json.encode({"last": now}).decode()))
                told = now
            with trio.move_on_at(due) as scope:
                await waiting.wait()
            if scope.cancelled_caught:
                if self._unanswered:
                    raise trio.BrokenResourceError("the reader does not answer pings")
                self._unanswered = True
                await self._send(Ping())
                due = trio.current_time() + self._wire.limits.ping

    async def _read(self, scope: trio.CancelScope) -> None:
        """Take what the reader says; its end ends the announcement."""
        received = self._wire.trailing()
        if received:
            self._socket.receive_data(received)
        while await self._taken():
            received = bytes(await self._wire.stream.receive_some(_RECEIVE))
            if not received:
                break
            self._socket.receive_data(received)
        scope.cancel()

    async def _taken(self) -> bool:
        """Take the frames that came; return whether more may come."""
        try:
            for each in self._socket.events():
                if isinstance(each, Ping):
                    await self._send(each.response())
                elif isinstance(each, Pong):
                    self._unanswered = False
                elif isinstance(each, CloseConnection):
                    await self._send(each.response())
                    return False
                elif isinstance(each, TextMessage | BytesMessage):
                    self._said += len(each.data) + 1
                    if self._said > _MOST_SAID:
                        await self._close(_TOO_BIG)
                        return False
        except RemoteProtocolError as error:
            if error.event_hint is not None:
                await self._send(error.event_hint)
            return False
        return True

    async def _close(self, code: int) -> None:
        try:
            await self._send(CloseConnection(code=code))
        except (LocalProtocolError, trio.BrokenResourceError, trio.ClosedResourceError):
            return  # closed already

    async def _send(self, frame: Any) -> None:
        """Send a frame whole; a reader that does not take it in time is broken off."""
        async with self._sending:
            out = self._socket.send(frame)
            with trio.move_on_after(self._wire.limits.send) as scope:
                await self._wire.stream.send_all(out)
        if scope.cancelled_caught:
            raise trio.BrokenResourceError("the reader does not read")
