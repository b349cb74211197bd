"""One HTTP/1.1 request and its answer on one connection, by h11, with every bound that a hostile server needs.

Bounded are: the head (32 KiB, a time), the bytes on the wire, the rate of the body, what the loop does between two
checkpoints. A body that is shorter or longer than it said is an error.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from typing import TYPE_CHECKING

import h11
import trio

from tipd.net.request import FetchError
from tipd.net.transport import MAX_HEAD, READ

if TYPE_CHECKING:
    from tipd.net.request import Limits

MAX_INFORMATIONAL = 16
EVENTS_A_STEP = 64  # h11 takes about 20 µs for a chunk of one byte
LINGER = 0.25  # seconds a server that was told `Connection: close` has to show that nothing follows


class Exchange:
    """One request, one answer; the caller closes the stream."""

    def __init__(self, stream: trio.abc.Stream, limits: Limits) -> None:
        """Send nothing yet."""
        self._stream = stream
        self._limits = limits
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD)
        self._ended = False  # the body
        self._eof = False  # the connection
        self._window_ends = 0.0
        self._window_start = 0
        self.wire = 0  # bytes received, head and framing included

    async def ask(self, request: h11.Request, body: bytes) -> h11.Response:
        """Send a request and return the answer's head; raises FetchError."""
        wire = self._http.send(request) or b""
        if body:
            wire += self._http.send(h11.Data(data=body)) or b""
        wire += self._http.send(h11.EndOfMessage()) or b""
        with trio.move_on_after(self._limits.answer):
            with suppress(trio.BrokenResourceError):  # it may have answered and closed before it read all: look
                await self._stream.send_all(wire)
            return await self._head()
        raise FetchError("unreachable", f"timeout: no answer within {self._limits.answer:g} s of the request")

    async def _head(self) -> h11.Response:
        for _ in range(MAX_INFORMATIONAL):
            event = await self._next()
            if isinstance(event, h11.Response):
                self._open_window()
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                raise FetchError("unreachable", "the server does not answer as HTTP asks")
        raise FetchError("unreachable", f"more than {MAX_INFORMATIONAL} preliminary answers")

    async def more(self) -> bytearray | None:
        """Return some of the body (it may be nothing yet), None at its end; raises FetchError."""
        await trio.lowlevel.checkpoint()  # a flood of tiny chunks is parsed out of the buffer, without any wait
        gathered = bytearray()
        for _ in range(EVENTS_A_STEP):
            event = None if self._ended else self._parsed()
            if isinstance(event, h11.Data):
                gathered += event.data
            elif event is h11.NEED_DATA and not gathered:
                await self._receive_in_window()
            elif isinstance(event, h11.EndOfMessage):
                self._ended = True
            else:
                break
        if gathered or not self._ended:
            return gathered
        await self._expect_nothing_more()
        return None

    async def _next(self) -> object:
        while (event := self._parsed()) is h11.NEED_DATA:
            await self._receive()
        return event

    def _parsed(self) -> object:
        try:
            return self._http.next_event()
        except h11.RemoteProtocolError:  # its text may quote what the server sent: ours does not
            if not self._eof:
                raise FetchError("unreachable", "the answer is not well-formed HTTP") from None
            if self.wire == 0:
                raise FetchError("unreachable", "the server closed the connection without an answer") from None
            raise FetchError("unreachable", f"truncated: the connection closed after {self.wire} bytes") from None

    async def _receive(self) -> None:
        try:
            data = await self._stream.receive_some(READ)
        except trio.BrokenResourceError as error:
            alert = error.__cause__.reason if isinstance(error.__cause__, ssl.SSLError) else None
            if alert and "ALERT" in alert:  # such as that it wants to know who we are
                raise FetchError("unreachable", f"TLS: the server broke off ({alert})") from None
            raise FetchError("unreachable", f"truncated: the connection broke after {self.wire} bytes") from None
        self._eof = not data
        self.wire += len(data)
        if self.wire > self._limits.max_wire:
            raise FetchError("wrong_page", f"the download is larger than {self._limits.max_wire} bytes")
        self._http.receive_data(bytes(data))

    async def _receive_in_window(self) -> None:
        """Receive, and hold the minimum rate over each window: who drips is cut, who only pauses is not."""
        before = self.wire
        while self.wire == before and not self._eof:
            with trio.move_on_at(self._window_ends):
                await self._receive()
            if trio.current_time() >= self._window_ends:
                self._close_window()

    def _open_window(self) -> None:
        self._window_ends = trio.current_time() + self._limits.rate_window
        self._window_start = self.wire

    def _close_window(self) -> None:
        came, wanted = self.wire - self._window_start, self._limits.min_rate * self._limits.rate_window
        if came < wanted and not self._eof:
            raise FetchError(
                "unreachable",
                f"timeout: too slow, {came} bytes of the body in {self._limits.rate_window:g} s (min_rate asks for"
                f" {wanted:.0f})",
            )
        self._open_window()

    async def _expect_nothing_more(self) -> None:
        """Raise FetchError where bytes follow the end of the body: its length was a lie."""
        if not self._eof and not self._http.trailing_data[0]:
            with trio.move_on_after(LINGER):
                try:
                    self._http.receive_data(bytes(await self._stream.receive_some(READ)))
                except trio.BrokenResourceError:
                    return  # torn down without a goodbye, as many do
        if self._http.trailing_data[0]:
            raise FetchError("unreachable", "wrong length: the body goes on after the length it said")
