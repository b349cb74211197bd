"""A websocket that is only listened to (RFC 6455, by wsproto): short messages, pings answered, silence noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Ping, RejectConnection, Request, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from tipd.net.kept import Answer, complaint
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.net.kept import Kept

LONGEST = 4096  # bytes of a message
ANSWER = 30.0  # seconds for the handshake
SILENCE = 100.0  # seconds without a byte: a server pings more often
_RECEIVE = 4096
_OWN = ("host", "authorization", "user-agent")


async def listen(kept: Kept, path: str, heard: Callable[[str], None]) -> None:
    """Call `heard` with each message until the server ends the connection; raises FetchError.

    An ending without trouble returns.
    """
    async with kept.upgraded(path) as (stream, host, target, fields):
        socket = WSConnection(ConnectionType.CLIENT)
        extra = [(name.encode(), value.encode()) for name, value in fields.items() if name in _OWN[1:]]
        listening = _Listening(socket, stream, heard)
        try:
            await stream.send_all(socket.send(Request(host=host, target=target, extra_headers=extra)))
            await listening.run()
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            raise FetchError("unreachable", "the announcements broke off") from None
        except (RemoteProtocolError, LocalProtocolError):
            raise FetchError("unreachable", "the server does not speak websocket") from None


class _Listening:
    """One connection's frames."""

    def __init__(self, socket: WSConnection, stream: trio.abc.Stream, heard: Callable[[str], None]) -> None:
        self._socket = socket
        self._stream = stream
        self._heard = heard
        self._parts = ""
        self._open = False

    async def run(self) -> None:
        """Read until the end."""
        while True:
            with trio.move_on_after(SILENCE if self._open else ANSWER) as scope:
                data = bytes(await self._stream.receive_some(_RECEIVE))
            if scope.cancelled_caught:
                raise FetchError("unreachable", "timeout: the server says nothing, not even a ping")
            self._socket.receive_data(data or None)
            for event in self._socket.events():
                if not await self._take(event):
                    return
            if not data:
                return

    async def _take(self, event: object) -> bool:
        """Take one event; return whether more may come."""
        if isinstance(event, AcceptConnection):
            self._open = True
        elif isinstance(event, RejectConnection):
            raise complaint(Answer(event.status_code, {}))
        elif isinstance(event, Ping):
            await self._stream.send_all(self._socket.send(event.response()))
        elif isinstance(event, TextMessage):
            self._parts += event.data
            if len(self._parts) > LONGEST:
                raise FetchError("unreachable", f"an announcement is longer than {LONGEST} bytes")
            if event.message_finished:
                self._heard(self._parts)
                self._parts = ""
        elif isinstance(event, BytesMessage):
            raise FetchError("unreachable", "an announcement is no text")
        elif isinstance(event, CloseConnection):
            return False
        return True
