"""The web server of the miniature Internet: h11 over trio, conditional requests included."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import h11
import trio

from demo.world import FEEDS, ROUND_SECONDS, Page

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    # What a path answers to: the round, the headers' values by lower-case name, and the body.
    type Answers = Callable[[int, Mapping[bytes, bytes], bytes], Page]


MOST_BODY = 2**20


class Server:
    """Serves `FEEDS` on a loopback port; the round number follows the clock from the first request: however long a
    daemon takes to start, it sees the world from its beginning.
    """

    def __init__(self, *, round_number: Callable[[], int] | None = None) -> None:
        """Count rounds by trio's clock unless told otherwise."""
        self._zero: float | None = None
        self._round_number = round_number or self._by_clock
        self.requests = 0
        self.port = 0
        self.answers: dict[str, Answers] = {}

    def _by_clock(self) -> int:
        now = trio.current_time()
        self._zero = now if self._zero is None else self._zero
        return int((now - self._zero) / ROUND_SECONDS)

    async def run(self, *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED) -> None:
        """Listen on a free loopback port, report it, serve until cancelled."""
        listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
        self.port = listeners[0].socket.getsockname()[1]
        await trio.serve_listeners(self._serve, listeners, task_status=_reporting(task_status, self.port))

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER)
        try:
            async with stream:
                while await self._answer_one(stream, connection):
                    connection.start_next_cycle()
        except (trio.BrokenResourceError, trio.ClosedResourceError, h11.RemoteProtocolError):
            pass  # the client went away

    async def _answer_one(self, stream: trio.SocketStream, connection: h11.Connection) -> bool:
        asked = await _next_request(stream, connection)
        if asked is None:
            return False
        request, body = asked
        self.requests += 1
        page = self.page(request.target.decode(), dict(request.headers), body)
        await trio.sleep(page.delay)
        for message in _answer(page, dict(request.headers), request.method == b"HEAD"):
            await stream.send_all(connection.send(message) or b"")
        return connection.our_state is h11.DONE and connection.their_state is h11.DONE

    def page(self, target: str, headers: Mapping[bytes, bytes] | None = None, body: bytes = b"") -> Page:
        """Return what stands at a path now."""
        path = target.split("?", maxsplit=1)[0]
        if path in self.answers:
            return self.answers[path](self._round_number(), headers or {}, body)
        feed = FEEDS.get(path)
        return feed(self._round_number()) if feed else Page(b"not here", status=404)


def _reporting(task_status: trio.TaskStatus[int], port: int) -> trio.TaskStatus[object]:
    class Status:
        def started(self, _listeners: object = None) -> None:
            task_status.started(port)

    return Status()


async def _next_request(stream: trio.SocketStream, connection: h11.Connection) -> tuple[h11.Request, bytes] | None:
    """Return the next request and its body, None where there is none any more."""
    request, body = None, bytearray()
    while True:
        message = connection.next_event()
        if message is h11.NEED_DATA:
            connection.receive_data(await stream.receive_some(65536))
        elif isinstance(message, h11.Request):
            request = message
        elif isinstance(message, h11.Data):
            body += message.data
            if len(body) > MOST_BODY:
                return None
        elif isinstance(message, h11.EndOfMessage):
            return None if request is None else (request, bytes(body))
        elif isinstance(message, h11.ConnectionClosed) or message is h11.PAUSED:
            return None


def _answer(page: Page, headers: dict[bytes, bytes], head: bool) -> list[h11.Event]:
    tag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'.encode()
    fields = [(b"Content-Type", page.content_type.encode()), (b"ETag", tag)]
    if page.status == 200 and headers.get(b"if-none-match") == tag:
        return [h11.Response(status_code=304, headers=fields, reason=b"Not Modified"), h11.EndOfMessage()]
    fields.append((b"Content-Length", str(len(page.body)).encode()))
    response = h11.Response(status_code=page.status, headers=fields, reason=b"")
    body = [] if head else [h11.Data(data=page.body)]
    return [response, *body, h11.EndOfMessage()]
