"""`/api/v1/stream` where quart sees it: a plain request, or an upgrade on a connection that was used before.

The stream's own endpoint (`tipd/api/stream/push.py`) serves upgrades on fresh connections; this is the slow way round
with the same rules and the same hub.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio
from quart import Response, websocket

from tipd.api.auth import Claims
from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.sessions import COOKIE
from tipd.api.stream.ask import parse_ask, place
from tipd.api.stream.conversation import end_soon, replay
from tipd.api.stream.push import PATH, check_origin
from tipd.api.stream.reader import QueuedReader

if TYPE_CHECKING:
    from collections.abc import Callable

    from quart_trio import QuartTrio

    from tipd.api.core import Core
    from tipd.api.stream.frames import Close
    from tipd.api.stream.message import Message


async def plain(_call: Call) -> None:
    """The stream is a websocket: `GET` with an upgrade."""
    raise Problem(426, "this is a websocket: upgrade", headers={"Upgrade": "websocket", "Connection": "Upgrade"})


def register_slow_route(app: QuartTrio, core: Core) -> None:
    """Add the websocket route to quart."""

    async def slow() -> Response | None:
        try:
            reader = await _admit(core)
        except Problem as problem:
            return Response(problem.body(), status=problem.status, headers=problem.all_headers())
        try:
            await websocket.accept()
            await _converse(core, reader)
        finally:
            core.hub.leave(reader)
        return None

    app.add_websocket(PATH, "stream.slow", slow)


async def _admit(core: Core) -> QueuedReader:
    scheme = "https" if websocket.scheme == "wss" else "http"
    ask = parse_ask(websocket.query_string.decode("latin-1"))
    peer = websocket.scope.get("state", {}).get("tipd.peer")
    claims = Claims(websocket.headers.get("Authorization"), websocket.cookies.get(COOKIE), peer)
    caller = await core.gate.allow(claims, "stream")
    check_origin(core, caller, websocket.headers.get("Origin"), scheme, websocket.headers.get("Host"))
    choice = ask.choice(caller, core.services.annotations.watches)
    reader = QueuedReader(_QuartWay(), choice, caller, core.limits.reader_backlog)
    reader.position = await place(core.services.store, ask)
    if not core.hub.enter(reader):
        raise Problem(503, "too many readers", headers={"Retry-After": "10"})
    return reader


async def _converse(core: Core, reader: QueuedReader) -> None:
    async with trio.open_nursery() as nursery:
        nursery.start_soon(end_soon, reader, nursery.cancel_scope)
        nursery.start_soon(replay, core, reader)
        nursery.start_soon(_listen, reader)
        await reader.drain()
        await reader.farewell()
        nursery.cancel_scope.cancel()


async def _listen(reader: QueuedReader) -> None:
    """Take what the reader says and forget it; hypercorn bounds a message and answers pings."""
    while True:
        await websocket.receive()
        reader.quiet = False
        await trio.lowlevel.checkpoint()


class _QuartWay:
    """Messages through quart; pings are hypercorn's."""

    async def greet(self, greeting: bytes) -> None:
        """quart has answered the handshake."""

    async def send(self, message: Message, progress: Callable[[], None]) -> None:
        """Send a message. quart's send does not yield once the peer has gone: the reader's drain does."""
        await websocket.send(message.text.decode())
        progress()

    async def ping(self) -> bool:
        """Hypercorn pings, and keeps the answer to itself; a dead peer is found by TCP_USER_TIMEOUT."""
        return False

    async def pong(self, payload: bytes) -> None:
        """Hypercorn answers pings."""

    async def close(self, code: Close, reason: str) -> None:
        """Send a close frame."""
        await websocket.close(int(code), reason)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        view=plain,
        scope=None,
        status=101,
        problems=(410, 426, 503),
        summary="The live stream of findings (websocket): ?since=&kind=&watch=&tag=&initial=&store_id=",
        tag="findings",
    ),
)
