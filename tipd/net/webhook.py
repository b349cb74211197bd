"""Posting a message to a receiver that the operator named: guarded and bounded as a fetch, but it goes to one place.

Redirects are not followed, and of the answer only the head is read. Error handling: what the receiver can do to us is
FetchError `unreachable`; any status is an answer. Resource handling: a connection each message, closed when it ends.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import h11
import trio

from tipd.net import answer as answers
from tipd.net.dial import connect
from tipd.net.exchange import Exchange
from tipd.net.hop import locate
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tipd.net.hop import Place
    from tipd.net.trip import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message: `within` is in seconds, for all of it; `allow_networks` and `ca_file` as with a fetch."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    within: float = 30.0
    allow_networks: tuple[str, ...] = ()
    ca_file: Path | None = None


class Answered(NamedTuple):
    """What the receiver said: the status, and the seconds it wants to be left alone (None: it did not say)."""

    status: int
    retry_after: float | None


class Poster:
    """Posts for a whole process, with the fetcher's guard, resolver, proxy and TLS contexts."""

    def __init__(self, tools: Tools) -> None:
        """Share what the fetcher has."""
        self._tools = tools

    async def post(self, post: Post) -> Answered:
        """Send it and return the answer's status; raises FetchError `unreachable` where there is none."""
        with trio.move_on_after(post.within):
            place = locate(post.url)
            files = (post.ca_file, None, None)
            stream = (await connect(self._tools, place, files, post.allow_networks)).stream
            try:
                return await self._ask(place, post, stream)
            finally:
                await trio.aclose_forcefully(stream)
        raise FetchError("unreachable", f"timeout: no answer within {post.within:g} s")

    async def _ask(self, place: Place, post: Post, stream: trio.abc.Stream) -> Answered:
        exchange = Exchange(stream, replace(self._tools.limits, answer=post.within))
        answer = await exchange.ask(_message(place, post, self._tools), post.body)
        return Answered(answer.status_code, answers.retry_after(answer, self._tools.clock.now()))


def _message(place: Place, post: Post, tools: Tools) -> h11.Request:
    host = f"[{place.host}]" if ":" in place.host else place.host
    shown = host if place.port == (443 if place.secure else 80) else f"{host}:{place.port}"
    lines = {
        "Host": shown,
        "User-Agent": tools.user_agent,
        "Accept": "*/*",
        "Connection": "close",
        "Content-Type": "application/json",
        "Content-Length": str(len(post.body)),
        **post.headers,
    }
    target = f"http://{shown}{place.target}" if tools.proxy and not place.secure else place.target
    try:
        return h11.Request(method="POST", target=target, headers=list(lines.items()))
    except (h11.LocalProtocolError, UnicodeEncodeError):
        raise FetchError("unreachable", "the URL cannot be sent over HTTP") from None
