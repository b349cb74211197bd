"""The head of a connection's first request: read with a deadline and a cap, to decide who serves the connection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import h11
import trio

from tipd.api.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = 16 * 1024  # bytes, as hypercorn takes them
_RECEIVE = 16 * 1024
_END = re.compile(rb"\n\r?\n")  # as h11 sees the end of a head
_STREAM = re.compile(rb"GET /api/v1/stream[ ?]")


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """A request to upgrade to the stream: its target, its headers by lower-case name, and what came after them."""

    target: str
    headers: Mapping[str, str]
    trailing: bytes


async def read_head(stream: trio.abc.ReceiveStream, within: float) -> bytes:
    """Return what was received up to the end of the first head, and perhaps more; empty when the client left.

    Raises Problem 408 after `within` seconds and 431 beyond the cap.
    """
    received = bytearray()
    with trio.move_on_after(within):
        while True:
            data = await stream.receive_some(_RECEIVE)
            if not data:
                return bytes(received)
            searched = max(0, len(received) - 2)
            received += data
            if _END.search(received, searched):
                return bytes(received)
            if len(received) > LONGEST:
                raise Problem(431, f"the head of a request is at most {LONGEST} bytes")
    raise Problem(408, "the head of the request did not arrive in time")


def stream_request(head: bytes) -> StreamRequest | None:
    """Return the upgrade a head asks for, None where it is anything else: that is hypercorn's."""
    if not _STREAM.match(head):
        return None
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST)
    connection.receive_data(head)
    try:
        request = connection.next_event()
    except h11.RemoteProtocolError:
        return None
    if not isinstance(request, h11.Request):
        return None
    headers = _joined(request)
    if not _upgrades(headers):
        return None
    return StreamRequest(request.target.decode("ascii"), headers, connection.trailing_data[0])


def _joined(request: h11.Request) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _upgrades(headers: Mapping[str, str]) -> bool:
    tokens = {token.strip().lower() for token in headers.get("connection", "").split(",")}
    bodiless = "content-length" not in headers and "transfer-encoding" not in headers
    return bodiless and "upgrade" in tokens and headers.get("upgrade", "").strip().lower() == "websocket"
