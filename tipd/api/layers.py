"""The ASGI layer in front of quart: counts bodies as they arrive, and believes trusted proxies.

quart's `MAX_CONTENT_LENGTH` bounds only what a Content-Length admits to; a chunked body grows without end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import trio

from tipd.api.flow import KEY, Flow
from tipd.api.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping

    from tipd.api.proxies import Proxies

    type Message = MutableMapping[str, Any]
    type Receive = Callable[[], Awaitable[Message]]
    type Send = Callable[[Message], Awaitable[None]]
    type Application = Callable[[Message, Receive, Send], Awaitable[None]]


_DRAIN = 1.0  # seconds


class _BodyTooLarge(Exception):
    """The body passed the cap while it arrived."""


class FrontLayer:
    """An ASGI application around another."""

    def __init__(self, app: Any, proxies: Proxies, max_body: int, streamed: Mapping[str, int] | None = None) -> None:
        """Bound bodies to `max_body` bytes; of `streamed` paths, which use them as they come, to others."""
        self._app: Application = app  # quart's own words for messages are narrower
        self._proxies = proxies
        self._max_body = max_body
        self._streamed = streamed or {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one scope."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        self._look_behind_proxies(scope)
        if scope["type"] == "http":
            most, flow = self._max_body, None
            if scope.get("method") == "POST" and scope.get("path") in self._streamed:
                most, flow = self._streamed[scope["path"]], Flow()
                scope[KEY] = flow
            await _Exchange(self._app, most, receive, send, flow).run(scope)
        else:
            await self._app(scope, receive, send)

    def _look_behind_proxies(self, scope: Message) -> None:
        client = (scope.get("client") or (None, 0))[0]
        scheme = "https" if scope["scheme"] in {"https", "wss"} else "http"
        seen = self._proxies.seen(client, scheme, scope["headers"])
        scope["client"] = None if seen.client is None else (seen.client, 0)
        plain, tls = ("ws", "wss") if scope["type"] == "websocket" else ("http", "https")
        scope["scheme"] = tls if seen.scheme == "https" else plain


class _Exchange:
    """One request and its answer, with the body counted."""

    def __init__(self, app: Application, most: int, receive: Receive, send: Send, flow: Flow | None = None) -> None:
        self._app = app
        self._most = most
        self._flow = flow
        self._inner_receive = receive
        self._inner_send = send
        self._received = 0
        self._answered = False

    async def run(self, scope: Message) -> None:
        if _ambiguous(scope):
            await self._drain()
            await self._refuse(Problem(400, "a body has either Content-Length or Transfer-Encoding"))
            return
        too_large = _declared(scope) > self._most
        if not too_large:
            try:
                await self._app(scope, self._receive, self._send)
            except* _BodyTooLarge:
                too_large = True
        if too_large and not self._answered:
            await self._drain()
            await self._refuse(Problem(413, f"a body is at most {self._most} bytes", most=self._most))

    async def _drain(self) -> None:
        """Read on for a moment: a connection closed over unread bytes is reset, and the client never sees why."""
        with trio.move_on_after(_DRAIN):
            message = await self._inner_receive()
            while message["type"] == "http.request" and message.get("more_body", False):
                message = await self._inner_receive()

    async def _receive(self) -> Message:
        if self._flow is not None:
            await self._flow.room()
        message = await self._inner_receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            self._received += size
            if self._flow is not None:
                self._flow.came(size)
            if self._received > self._most:
                raise _BodyTooLarge
        return message

    async def _send(self, message: Message) -> None:
        self._answered = True
        await self._inner_send(message)

    async def _refuse(self, problem: Problem) -> None:
        given = problem.all_headers() | {"Connection": "close"}
        headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
        start = {"type": "http.response.start", "status": problem.status, "headers": headers}
        await self._inner_send(cast("Message", start))
        await self._inner_send({"type": "http.response.body", "body": problem.body(), "more_body": False})


def _ambiguous(scope: Message) -> bool:
    """Return whether a body is framed in two ways: a proxy in front may see another end of it (RFC 9112, 6.1)."""
    names = {name.lower() for name, _ in scope["headers"]}
    return {b"content-length", b"transfer-encoding"} <= names


def _declared(scope: Message) -> int:
    for name, value in scope["headers"]:
        if name.lower() == b"content-length" and value.isdigit():
            return int(value[:19])
    return 0
