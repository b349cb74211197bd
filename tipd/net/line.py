"""One kept-alive connection: requests one after another, each answer read to its end.

A head goes through h11. A body whose length is said goes past it, straight from the stream to whoever takes it: at
200 MB/s a copy more is felt. Bounded are the head (32 KiB, a time), the body (bytes, a rate), and what follows it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import h11
import trio

from tipd.net.request import FetchError
from tipd.net.transport import MAX_HEAD, READ

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tipd.net.request import Limits

MAX_INFORMATIONAL = 16
MOVED_EVERY = 0.05  # seconds
_BODILESS = (204, 304)
type Take = Callable[[bytes], Awaitable[None]]


class Head:
    """The beginning of an answer: its status, its fields by lower-case name, the length it says (None: it does not)."""

    def __init__(self, response: h11.Response, *, bodiless: bool) -> None:
        """Read the fields; raises FetchError where the length is none."""
        self.status = response.status_code
        self.fields = {name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers}
        coded = "transfer-encoding" in self.fields
        length = None if coded else self.fields.get("content-length")
        self.length = 0 if bodiless else int(length) if length is not None else None
        self.keeps = response.http_version == b"1.1" and "close" not in self.fields.get("connection", "").lower()


class Line:
    """A connection; the caller closes the stream. `usable`: another request may follow."""

    def __init__(self, stream: trio.abc.Stream, limits: Limits) -> None:
        """Send nothing yet."""
        self._stream = stream
        self._limits = limits
        self._http = h11.Connection(h11.CLIENT)
        self._head: Head | None = None
        self.usable = True
        self.used = False  # an answer came over it already
        self.silent = True  # nothing of the present answer came

    async def ask(self, target: str, fields: Mapping[str, str]) -> Head:
        """Send a GET and return the answer's head; raises FetchError."""
        self.usable, self.silent = False, True
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        try:
            request = h11.Request(method="GET", target=target, headers=list(fields.items()))
            wire = (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")
        except (h11.LocalProtocolError, UnicodeEncodeError):  # quotes the field: the token stands there
            raise FetchError("unreachable", "the request cannot be sent over HTTP") from None
        with trio.move_on_after(self._limits.answer):
            try:
                await self._stream.send_all(wire)
                response = await self._response()
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise FetchError("unreachable", "the connection broke before the answer") from None
            self._head = Head(response, bodiless=response.status_code in _BODILESS)
            self.used = True
            return self._head
        raise FetchError("unreachable", f"timeout: no answer within {self._limits.answer:g} s of the request")

    async def _response(self) -> h11.Response:
        for _ in range(MAX_INFORMATIONAL):
            event = await self._next()
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise FetchError("unreachable", "the server does not answer as HTTP asks")
        raise FetchError("unreachable", f"more than {MAX_INFORMATIONAL} preliminary answers")

    async def whole(self, most: int) -> bytes:
        """Return the answer's body, at most so many bytes; raises FetchError."""
        gathered = bytearray()

        async def gather(piece: bytes) -> None:
            gathered.extend(piece)

        await self.pour(gather, most)
        return bytes(gathered)

    async def pour(self, take: Take, most: int) -> None:
        """Hand the answer's body over piece by piece; raises FetchError where it is cut, too long or too slow."""
        head = self._head
        if head is None:
            raise RuntimeError("nothing was asked")
        if head.length is not None and head.length > most:
            raise FetchError("wrong_page", f"the answer is longer than {most} bytes")
        pace = _Pace(self._limits)
        with pace.scope:
            try:
                await self._pour(head, take, most, pace)
            except (trio.BrokenResourceError, trio.ClosedResourceError):
                raise FetchError("unreachable", f"truncated: the connection broke after {pace.came} bytes") from None
        if pace.scope.cancelled_caught:
            raise FetchError("unreachable", f"timeout: too slow, {pace.came} bytes of the body came")
        self.usable = head.keeps and head.length is not None

    async def _pour(self, head: Head, take: Take, most: int, pace: _Pace) -> None:
        """Take what h11 has already, then the rest: past h11 where its length is known."""
        left = math.inf if head.length is None else head.length
        while left > 0:
            event = self._parsed() if head.length is None or not pace.came else h11.NEED_DATA
            if isinstance(event, h11.Data):
                piece = bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event is h11.NEED_DATA and head.length is None:
                await self._receive()
                continue
            elif event is h11.NEED_DATA:
                piece = bytes(await self._stream.receive_some(READ))
                if not piece:
                    raise FetchError("unreachable", f"truncated: the connection closed after {pace.came} bytes")
            else:
                raise FetchError("unreachable", "the answer is not well-formed HTTP")
            left -= len(piece)
            pace.count(len(piece))
            if pace.came > most or left < 0:
                raise FetchError("unreachable", "wrong length: the body goes on after the length it said")
            await take(piece)
        if self._http.trailing_data[0]:
            raise FetchError("unreachable", "the server sends what nobody asked for")

    async def _next(self) -> object:
        while (event := self._parsed()) is h11.NEED_DATA:
            await self._receive()
        return event

    def _parsed(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError:  # its text may quote what the server sent: ours does not
            raise FetchError("unreachable", "the answer is cut off, or not well-formed HTTP") from None

    async def _receive(self) -> None:
        data = bytes(await self._stream.receive_some(READ))
        self.silent = self.silent and not data
        self._http.receive_data(data)

    async def close(self) -> None:
        """Close the connection without a goodbye."""
        self.usable = False
        await trio.aclose_forcefully(self._stream)


class _Pace:
    """The minimum rate of a body, over each window: who drips is cut, who only pauses is not."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.scope = trio.CancelScope(deadline=trio.current_time() + limits.rate_window)
        self.came = 0
        self._before = 0
        self._moved = trio.current_time()

    def count(self, size: int) -> None:
        """Count a piece; once enough came in a window, the next begins."""
        self.came += size
        if self.came - self._before >= self._limits.min_rate * self._limits.rate_window:
            self._before = self.came
            now = trio.current_time()
            if now - self._moved >= MOVED_EVERY:  # moving a deadline costs more than a piece
                self._moved = now
                self.scope.deadline = now + self._limits.rate_window
