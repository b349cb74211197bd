"""The findings stream from the reader's side: connect, take messages, and resume from the cursor when it ends."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import trio
import trio_websocket
from trio_websocket import ConnectionClosed, ConnectionRejected, HandshakeError

from tipd.cli.client import Refused, open_control, unavailable
from tipd.errors import EXIT_TRY_AGAIN, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.cli.client import Place
    from tipd.cli.cursor import Cursor
    from tipd.nursery.backoff import Backoff

type Stream = trio.SocketStream | trio.SSLStream[trio.SocketStream]

CONNECT_WITHIN = 30.0  # seconds
PING_EVERY = 30.0
PING_WITHIN = 30.0
LONGEST_MESSAGE = 64 * 2**20
_WHY = {1012: "tipd restarts", 1013: "we read too slowly", 1001: "tipd goes away"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which findings: kinds, watches and tags (none: all), and whether what first rounds load is among them."""

    kinds: Sequence[str] = ()
    watches: Sequence[str] = ()
    tags: Sequence[str] = ()
    initial: bool = True

    def query(self) -> list[tuple[str, str | int]]:
        """Return it as the stream asks for it."""
        query: list[tuple[str, str | int]] = [("kind", kind) for kind in self.kinds]
        query += [("watch", name) for name in self.watches]
        query += [("tag", tag) for tag in self.tags]
        return query if self.initial else [*query, ("initial", "false")]


@dataclass(slots=True)
class Reader:
    """Reads one stream for ever. `take` gets each message; `say` a sentence when the connection ends or returns."""

    place: Place
    wanted: Wanted
    cursor: Cursor
    take: Callable[[dict[str, Any]], None]
    say: Callable[[str], None]
    backoff: Backoff
    connected: bool = False  # at least once

    async def run(self) -> None:
        """Read until cancelled. Raises Refused, or Unavailable where there never was a connection."""
        while True:
            try:
                why = await self._read()
            except (Refused, Unavailable) as error:
                if not self.connected or (isinstance(error, Refused) and error.exit_code != EXIT_TRY_AGAIN):
                    raise
                why = str(error)
            self.say(f"{why}; connecting again")
            await trio.sleep(self.backoff.next())

    async def _read(self) -> str:
        """Read one connection to its end; return why it ended."""
        stream = await self._connected()
        try:
            async with trio.open_nursery() as nursery:
                websocket = await self._handshake(nursery, stream)
                if self.connected:
                    self.say("connected again")
                self.connected = True
                nursery.start_soon(_keep_alive, websocket)
                while True:
                    self._taken(json.loads(await websocket.get_message()))
        except ExceptionGroup as group:
            error = innermost(group)
        finally:
            with trio.CancelScope(shield=True):
                await trio.aclose_forcefully(stream)
        if isinstance(error, ConnectionClosed):
            return _ended(error)
        raise self._translated(error)

    def _taken(self, message: dict[str, Any]) -> None:
        self.take(message)
        self.cursor.since = message.get("last", message.get("since", self.cursor.since))
        self.backoff.reset()

    async def _connected(self) -> Stream:
        try:
            with trio.fail_after(CONNECT_WITHIN):
                return await _connected(self.place)
        except (OSError, trio.BrokenResourceError) as error:
            raise unavailable(self.place, error) from None
        except trio.TooSlowError:
            raise self._silent() from None

    async def _handshake(self, nursery: trio.Nursery, stream: Stream) -> trio_websocket.WebSocketConnection:
        headers = [(b"Authorization", f"Bearer {self.place.token}".encode())] if self.place.token else []
        try:
            with trio.fail_after(CONNECT_WITHIN):
                return await trio_websocket.wrap_client_stream(
                    nursery,
                    stream,
                    self.place.host,
                    self._resource(),
                    extra_headers=headers,
                    max_message_size=LONGEST_MESSAGE,
                )
        except trio.TooSlowError:
            raise self._silent() from None

    def _silent(self) -> Unavailable:
        return Unavailable(f"no answer from {self.place.url} within {CONNECT_WITHIN:g} s")

    def _translated(self, error: BaseException) -> BaseException:
        """Return what is said of a connection that could not be made."""
        if isinstance(error, ConnectionRejected):
            return Refused(error.status_code, _members(error.body))
        if isinstance(error, (HandshakeError, trio.BrokenResourceError, trio.ClosedResourceError)):
            return Unavailable(f"{self.place.url} does not answer like tipd: {error}")
        return error

    def _resource(self) -> str:
        query = self.wanted.query()
        if self.cursor.since is not None:
            query.append(("since", self.cursor.since))
        if self.cursor.store_id is not None:
            query.append(("store_id", self.cursor.store_id))
        path = f"{self.place.prefix}/api/v1/stream"
        return f"{path}?{urlencode(query)}" if query else path


async def _connected(place: Place) -> Stream:
    if place.socket_path is not None:
        return trio.SocketStream(trio.socket.from_stdlib_socket(open_control(place.socket_path)))
    if not place.secure:
        return await trio.open_tcp_stream(place.host, place.port)
    stream = await trio.open_ssl_over_tcp_stream(
        place.host, place.port, ssl_context=ssl.create_default_context(), https_compatible=True
    )
    await stream.do_handshake()
    return stream


async def _keep_alive(websocket: Any) -> None:
    """End a connection whose other end has vanished without a word."""
    while True:
        await trio.sleep(PING_EVERY)
        with trio.move_on_after(PING_WITHIN) as scope:
            try:
                await websocket.ping()
            except ConnectionClosed:
                return
        if scope.cancelled_caught:
            with trio.move_on_after(1):
                await websocket.aclose(1001, "no answer to a ping")
            return


def _ended(closed: ConnectionClosed) -> str:
    if closed.reason is None or closed.reason.code == 1006:
        return "the connection was lost"
    return f"the stream ended: {_WHY.get(closed.reason.code, f'close {closed.reason.code}')}"


def innermost(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the one error that matters inside nested groups: an interrupt, a refusal, else the first."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        first = error.subgroup((KeyboardInterrupt, ConnectionRejected)) or error
        error = first.exceptions[0]
    return error


def _members(body: bytes | None) -> dict[str, Any]:
    try:
        members = json.loads(body or b"")
    except ValueError:
        return {}
    return members if isinstance(members, dict) else {}
