"""One connection's HTTP/1.1: requests are read with a deadline and a cap, answers written with a deadline a piece.

h11 does the protocol; files go out by sendfile, under TLS in large pieces (8 KiB a hop reaches 17 MB/s only).
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote

import h11
import trio

from tipd.agent.problem import CONTENT_TYPE, Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tipd.clock import Clock

LONGEST_HEAD = 16 * 1024  # bytes
LONGEST_FIELDS = 8  # of a query
_RECEIVE = 64 * 1024
_PIECE = 512 * 1024
_READ = 2 * _PIECE  # one hop to a thread reads this much
_SLOWEST = 8 * 1024  # bytes a second a reader of a file must take, on the whole
GONE = (trio.BrokenResourceError, trio.ClosedResourceError, OSError)
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `head`: for a request's head, the TLS handshake before it included; `idle`: between two requests.

    `send`: for one piece of an answer; `ping`: how often an open websocket is asked whether it is still there; `look`:
    how often the files of peers and certificates are looked at.
    `connections`: at once, `silent` of them from clients that have not said who they are, `per_peer` of one peer.
    """

    head: float = 10.0
    idle: float = 60.0
    send: float = 30.0
    ping: float = 30.0
    look: float = 1.0
    connections: int = 256
    silent: int = 64
    per_peer: int = 16


@dataclass(frozen=True, slots=True)
class Request:
    """A request's head: the path decoded, headers by lower-case name (repeated ones joined with commas)."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    raw_headers: Sequence[tuple[bytes, bytes]]
    target: bytes
    http_version: bytes

    def upgrades(self) -> bool:
        """Whether it asks for a websocket."""
        tokens = {token.strip().lower() for token in self.headers.get("connection", "").split(",")}
        return "upgrade" in tokens and self.headers.get("upgrade", "").strip().lower() == "websocket"

    def bodiless(self) -> bool:
        """Whether nothing follows the head."""
        return self.headers.get("content-length", "0").strip() == "0" and "transfer-encoding" not in self.headers


class Wire:
    """HTTP over one accepted stream."""

    def __init__(self, stream: Any, limits: Limits, clock: Clock) -> None:
        """`stream`: a trio SocketStream, or an SSLStream over one whose handshake is done."""
        self.stream = stream
        self.limits = limits
        self._clock = clock
        self.sent = 0  # bytes of bodies
        self.head_only = False  # the request now answered is HEAD
        self._received = 0  # of this request's body
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
        self._plain = isinstance(stream, trio.SocketStream)

    async def request(self, within: float) -> Request | None:
        """Return the next request, None when the client left or said nothing for so long; raises Problem."""
        with trio.move_on_after(within) as scope:
            event = await self._next()
            if isinstance(event, h11.Request):
                self.head_only = event.method == b"HEAD"
                self._received = 0
                return _request(event)
        if scope.cancelled_caught and self._http.trailing_data[0]:
            raise Problem(408, "the head of the request did not arrive in time", close=True)
        return None

    async def piece(self, most: int) -> bytes:
        """Return what came next of the request's body, empty at its end.

        Raises Problem 413 beyond `most` bytes in all, 408 for one that comes too slowly, 400 for one that is cut off.
        """
        if self._http.they_are_waiting_for_100_continue:
            await self._send(h11.InformationalResponse(status_code=100, headers=[]))
        with trio.move_on_after(self.limits.send) as scope:
            event = await self._next()
        if scope.cancelled_caught:
            raise Problem(408, "the body did not arrive in time", close=True)
        if isinstance(event, h11.EndOfMessage):
            return b""
        if not isinstance(event, h11.Data):
            raise Problem(400, "the body ended early", close=True)
        self._received += len(event.data)
        if self._received > most:
            raise Problem(413, f"at most {most} bytes are taken here", close=True)
        return bytes(event.data)

    async def head(self, status: int, headers: Fields, length: int) -> None:
        """Answer a HEAD request for so many bytes."""
        await self._send(self._response(status, headers, length))
        await self._send(h11.EndOfMessage())

    async def answer(self, status: int, headers: Fields, body: bytes) -> None:
        """Send a whole answer; headers without Content-Length and the like. To HEAD the body is not sent."""
        response = self._response(status, headers, len(body))
        body = b"" if self.head_only else body
        if len(body) <= _PIECE:  # one write
            events = [response, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
            await self._write(b"".join(self._http.send(event) or b"" for event in events))
        else:
            await self._send(response)
            for at in range(0, len(body), _PIECE):  # each piece in its time
                await self._send(h11.Data(data=body[at : at + _PIECE]))
            await self._send(h11.EndOfMessage())
        self.sent += len(body)

    async def problem(self, problem: Problem) -> None:
        """Send what is wrong, where an answer can still be sent."""
        if self._http.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            return
        closing: Fields = (("connection", "close"),) if problem.close or self.must_close() else ()
        headers = (("content-type", CONTENT_TYPE), *problem.headers, *closing)
        await self.answer(problem.status, headers, problem.body())

    async def send_file(self, status: int, headers: Fields, file: int, start: int, end: int) -> None:
        """Send a file's bytes from `start` to before `end`; a client that takes them too slowly is broken off."""
        await self._send(self._response(status, headers, end - start))
        deadline = trio.current_time() + self.limits.send + (end - start) / _SLOWEST
        with _in_time(deadline):
            await (self._by_kernel if self._plain else self._in_pieces)(file, start, end)
        await self._send(h11.EndOfMessage())

    async def _by_kernel(self, file: int, start: int, end: int) -> None:
        socket = self.stream.socket
        while start < end:
            with _in_time(trio.current_time() + self.limits.send):
                await trio.lowlevel.wait_writable(socket)
            try:
                done = await trio.to_thread.run_sync(os.sendfile, socket.fileno(), file, start, min(end - start, _READ))
            except BlockingIOError:
                continue
            self._count(done)
            start += done

    async def _in_pieces(self, file: int, start: int, end: int) -> None:
        buffer = memoryview(bytearray(min(end - start, _READ)))
        while start < end:
            into = buffer[: end - start]
            done = await trio.to_thread.run_sync(os.preadv, file, [into], start)
            for at in range(0, done, _PIECE):
                with _in_time(trio.current_time() + self.limits.send):
                    await self.stream.send_all(into[at : min(at + _PIECE, done)])
            self._count(done)
            start += done

    def _count(self, done: int) -> None:
        """Tell h11 that bytes went past it."""
        if done == 0:
            raise trio.BrokenResourceError("the file is shorter than it was")
        self._http.send_with_data_passthrough(h11.Data(data=_Sized(done)))  # type: ignore[arg-type]
        self.sent += done

    def trailing(self) -> bytes:
        """Return what came behind an upgrade."""
        return bytes(self._http.trailing_data[0])

    def must_close(self) -> bool:
        """Whether no further request can follow."""
        return h11.MUST_CLOSE in self._http.states.values() or h11.ERROR in self._http.states.values()

    def next(self) -> bool:
        """Make ready for the connection's next request; False where there can be none."""
        if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
            return False
        self._http.start_next_cycle()
        return True

    async def end_of_request(self) -> None:
        """Take the end of a request without a body, so that the next can follow."""
        if self._http.their_state is h11.SEND_BODY:
            with trio.move_on_after(self.limits.head):
                await self._next()

    async def _next(self) -> Any:
        while True:
            try:
                event = self._http.next_event()
            except h11.RemoteProtocolError as error:
                status = error.error_status_hint
                detail = "this is not HTTP/1.1" if status == 400 else f"the head is longer than {LONGEST_HEAD} bytes"
                raise Problem(status, detail, close=True) from None
            if event is not h11.NEED_DATA:
                return event
            self._http.receive_data(bytes(await self.stream.receive_some(_RECEIVE)))

    def _response(self, status: int, headers: Fields, length: int) -> h11.Response:
        sized = [("content-length", str(length))] if status != HTTPStatus.NOT_MODIFIED else []
        date = format_datetime(self._clock.now(), usegmt=True)  # by which readers know a clock that is far off
        fields = [("date", date), *sized, ("cache-control", "private"), *headers]
        return h11.Response(status_code=status, headers=fields, reason=HTTPStatus(status).phrase)

    async def _send(self, event: Any) -> None:
        await self._write(self._http.send(event) or b"")

    async def _write(self, out: bytes) -> None:
        if out:
            with _in_time(trio.current_time() + self.limits.send):
                await self.stream.send_all(out)


class _Sized:
    """So many bytes, of which h11 needs to know no more."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length


@contextmanager
def _in_time(deadline: float) -> Iterator[None]:
    with trio.CancelScope(deadline=deadline) as scope:
        yield
    if scope.cancelled_caught:
        raise trio.BrokenResourceError("the client does not read")


def _request(event: h11.Request) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in event.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    path, _, query = event.target.decode("latin-1").partition("?")
    try:
        fields = dict(parse_qsl(query, max_num_fields=LONGEST_FIELDS))
        plain = unquote(path, errors="strict")
    except (ValueError, UnicodeDecodeError):
        raise Problem(400, "the path or the query cannot be read") from None
    raw = [(bytes(name), bytes(value)) for name, value in event.headers]
    return Request(event.method.decode("latin-1"), plain, fields, headers, raw, bytes(event.target), event.http_version)
