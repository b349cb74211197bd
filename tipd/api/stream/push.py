"""The stream endpoint: `GET /api/v1/stream` upgraded to a websocket, on the connection itself.

It stands beside hypercorn because a broadcast through an ASGI server is five to eight times slower, and because
hypercorn always accepts permessage-deflate (a 1 MB frame inflates to 1 GB) and checks no Origin.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wsproto.utilities import generate_accept_token

from tipd.api.auth import Claims, same_origin
from tipd.api.cookies import session_of
from tipd.api.problem import Problem, raw_answer
from tipd.api.stream.ask import parse_ask, place
from tipd.api.stream.conversation import converse, make_reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.api.auth import Caller, Peer
    from tipd.api.core import Core
    from tipd.api.proxies import Seen
    from tipd.api.stream.conversation import Stream
    from tipd.model.choice import Choice

PATH = "/api/v1/stream"


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A request to upgrade: target, headers with lower-case names, what came after them, and who asks."""

    target: str
    headers: Mapping[str, str]
    trailing: bytes
    seen: Seen
    peer: Peer | None


async def serve_push(core: Core, stream: Stream, ask: Upgrade) -> None:
    """Answer the upgrade and serve the reader until it leaves, is cut, or tipd stops. Closes nothing."""
    try:
        caller, choice, position = await _admit(core, ask)
    except Problem as problem:
        await stream.send_all(raw_answer(problem))
        return
    reader = make_reader(stream, choice, caller, core.limits.reader_backlog)
    reader.position = position
    if not core.hub.enter(reader):
        await stream.send_all(raw_answer(Problem(503, "too many readers", headers={"Retry-After": "10"})))
        return
    try:
        await reader.begin(_accept(ask))
        await converse(core, stream, reader, ask.trailing)
    finally:
        core.hub.leave(reader)


async def _admit(core: Core, ask: Upgrade) -> tuple[Caller, Choice, int]:
    """Check handshake, caller, origin and cursor; raises Problem."""
    _check_handshake(ask.headers)
    parsed = parse_ask(ask.target.partition("?")[2])
    headers = ask.headers
    claims = Claims(headers.get("authorization"), session_of(headers.get("cookie")), ask.peer)
    caller = await core.gate.allow(claims, "stream")
    check_origin(core, caller, headers.get("origin"), ask.seen.scheme, headers.get("host"))
    choice = parsed.choice(caller, core.services.annotations.watches)
    return caller, choice, await place(core.services.store, parsed)


def check_origin(core: Core, caller: Caller, origin: str | None, scheme: str, host: str | None) -> None:
    """Raise Problem 403 where a browser's page that is not ours uses a console session (or names an origin at all).

    A cookie needs an Origin that is ours; a token may come without one, since no browser adds it by itself.
    """
    if origin is None and caller.way != "session":
        return
    if not same_origin(origin, scheme, host, core.services.settings.allowed_origins):
        raise Problem(403, "this origin may not open the stream", origin=origin)


def _check_handshake(headers: Mapping[str, str]) -> None:
    if headers.get("sec-websocket-version") != "13":
        raise Problem(426, "the websocket protocol is version 13", headers={"Sec-WebSocket-Version": "13"})
    try:
        key = base64.b64decode(headers.get("sec-websocket-key", ""), validate=True)
    except binascii.Error:
        key = b""
    if len(key) != 16:
        raise Problem(400, "Sec-WebSocket-Key is missing or malformed")


def _accept(ask: Upgrade) -> bytes:
    token = generate_accept_token(ask.headers["sec-websocket-key"].encode())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: %b\r\n\r\n" % token
    )
