"""A client of one server that the operator named: connections are kept alive, several at once, guarded as every other.

It goes to one place: redirects are not followed. A token is only shown over TLS, or on loopback. Error handling: what
the server can do to us is FetchError. Resource handling: `aclose` closes what is open.
"""

from __future__ import annotations

import ipaddress
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from tipd.net.credential import read_secret
from tipd.net.dial import connect
from tipd.net.hop import locate
from tipd.net.line import Line
from tipd.net.request import FetchError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from tipd.net.hop import Place
    from tipd.net.line import Head, Take
    from tipd.net.trip import Tools

LONGEST_COMPLAINT = 64 * 1024  # of a body that nobody asked for: an error's
_STATES = {401: "forbidden", 403: "forbidden", 404: "gone", 410: "gone", 429: "rate_limited"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a server is and who we are there.

    `url`: what all paths are appended to. `token_file`: a bearer token; `way`: how one comes by it. `connections`: at
    once.
    """

    url: str
    token_file: Path | None = None
    ca_file: Path | None = None
    client_cert_file: Path | None = None
    client_key_file: Path | None = None
    allow_networks: tuple[str, ...] = ()
    connections: int = 4
    way: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said; `body` is empty where it was poured elsewhere."""

    status: int
    fields: Mapping[str, str]
    body: bytes = b""


@dataclass(slots=True)
class _Open:
    line: Line
    fields: dict[str, str] = field(default_factory=dict)


class Kept:
    """Connections to one endpoint. Safe for many tasks at once."""

    def __init__(self, tools: Tools, endpoint: Endpoint) -> None:
        """Open nothing yet; raises FetchError where the URL cannot be one."""
        self._tools = tools
        self._endpoint = endpoint
        self._base = locate(endpoint.url)
        self._idle: list[_Open] = []
        self._limiter = trio.CapacityLimiter(endpoint.connections)

    async def get(
        self,
        path: str,
        *,
        fields: Mapping[str, str] | None = None,
        most: int,
        pour: Callable[[Head], Take] | None = None,
    ) -> Answer:
        """Ask for a path below the endpoint's URL; return any answer, its body at most `most` bytes.

        `pour`: is given the head of a 200 or 206 and returns where its body goes. Raises FetchError.
        """
        async with self._limiter:
            reused = bool(self._idle)
            one = self._idle.pop() if self._idle else await self._new()
            try:
                return await self._converse(one, path, fields or {}, most, pour)
            except FetchError:
                if not (reused and one.line.silent):
                    raise
            # The server had closed a connection that was idle: whatever else is idle is as old.
            await self.aclose()
            return await self._converse(await self._new(), path, fields or {}, most, pour)

    async def _converse(
        self,
        one: _Open,
        path: str,
        fields: Mapping[str, str],
        most: int,
        pour: Callable[[Head], Take] | None,
    ) -> Answer:
        try:
            head = await one.line.ask(self._target(path), one.fields | dict(fields))
            good = head.status in (200, 206)
            body = b""
            if good and pour is not None:
                await one.line.pour(pour(head), most)
            else:
                body = await one.line.whole(most if good else LONGEST_COMPLAINT)
        except BaseException:
            await one.line.close()
            raise
        # Whoever is not let in tries again with what the token's file holds then.
        if one.line.usable and head.status not in (401, 403):
            self._idle.append(one)
        else:
            await one.line.close()
        return Answer(head.status, head.fields, body)

    @asynccontextmanager
    async def upgraded(self, path: str) -> AsyncIterator[tuple[trio.abc.Stream, str, str, dict[str, str]]]:
        """Give a connection of its own, the host and target to name, and who we are: for a websocket."""
        stream, fields = await self._connect()
        try:
            yield stream, fields["host"], self._target(path), fields
        finally:
            await trio.aclose_forcefully(stream)

    def _target(self, path: str) -> str:
        return self._base.target.rstrip("/") + path

    async def _new(self) -> _Open:
        stream, fields = await self._connect()
        return _Open(Line(stream, self._tools.limits), fields)

    async def _connect(self) -> tuple[trio.abc.Stream, dict[str, str]]:
        ends = self._endpoint
        fields = {"host": shown_host(self._base), "user-agent": self._tools.user_agent, "accept": "*/*"}
        if ends.token_file is not None:
            token = await trio.to_thread.run_sync(read_secret, ends.token_file, ends.way)
            fields["authorization"] = f"Bearer {token}"
        files = (ends.ca_file, ends.client_cert_file, ends.client_key_file)
        dialled = await connect(self._tools, self._base, files, ends.allow_networks)
        if not self._base.secure and (self._tools.proxy or not ipaddress.ip_address(dialled.address).is_loopback):
            await trio.aclose_forcefully(dialled.stream)
            raise FetchError("unreachable", "plain http is for loopback alone: TLS is required (https)")
        return dialled.stream, fields

    async def aclose(self) -> None:
        """Close what is idle; connections in use are closed by who uses them."""
        idle, self._idle = self._idle, []
        for one in idle:
            await one.line.close()


def shown_host(place: Place) -> str:
    """Return what the Host field says."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    return host if place.port == (443 if place.secure else 80) else f"{host}:{place.port}"


def complaint(answer: Answer) -> FetchError:
    """Return the error of an answer that is no success, in the words of a source's states."""
    status = answer.status
    words = {401: "it does not know our token", 403: "we may not"}.get(status, f"it answered {status}")
    if 300 <= status < 400:
        words = f"it answered {status}: redirects are not followed"
    state = _STATES.get(status, "unreachable")
    return FetchError(state, words, http_status=status)  # type: ignore[arg-type]
