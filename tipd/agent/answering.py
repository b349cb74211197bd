"""What is asked for, by path, and the answer: every route of the agent, after the caller is known."""

from __future__ import annotations

import os
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.agent import ranges, versions
from tipd.agent.announce import Announcement, Announcer
from tipd.agent.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Callable

    from tipd.agent.peers import Known, Peers
    from tipd.agent.shelf import Served, Shelf
    from tipd.agent.wire import Fields, Request, Wire
    from tipd.clock import Clock

PATHS = re.compile(
    r"(?:/(?P<agent>[A-Za-z0-9][A-Za-z0-9._-]{0,63}))?/v1/"
    r"(?:(?P<list>versions)|versions/(?P<n>[0-9]{1,12})|(?P<announce>announce)|mails/(?P<mail>[0-9a-fA-F]{64}))",
    re.ASCII,
)
PUSHES = "/push/"
_JSON = (("content-type", "application/json"),)
_ZSTD = (("content-type", "application/zstd"), ("accept-ranges", "bytes"))
_READS = ("GET", "HEAD")
_AT_ONCE = 4  # lists that are gathered, and raw mails that are sent


class Mails(Protocol):
    """Finds a raw mail for whoever may see everything, and keeps book of it."""

    async def open(self, sha256: str, known: Known, address: str) -> bytes:
        """Return the mail's bytes; raises Problem 404, and writes down who asked either way."""
        ...


class Inbox(Protocol):
    """Takes versions from agents that no one can reach."""

    async def answer(self, wire: Wire, request: Request, known: Known) -> None:
        """Answer a request below `/push/`; raises Problem."""
        ...


class Answering:
    """The routes, and what they need."""

    def __init__(
        self,
        shelf: Shelf,
        peers: Peers,
        clock: Clock,
        *,
        mails: Mails | None = None,
        inbox: Inbox | None = None,
        metrics: Callable[[], bytes] | None = None,
    ) -> None:
        """Without `mails`, `inbox` or `metrics` there is nothing at their paths."""
        self._shelf = shelf
        self._peers = peers
        self._clock = clock
        self._mails = mails
        self._inbox = inbox
        self._metrics = metrics
        self._listing = trio.CapacityLimiter(_AT_ONCE)
        self._mailing = trio.CapacityLimiter(_AT_ONCE)
        self.announcer = Announcer()

    def takes_bodies(self, request: Request) -> bool:
        """Whether the path is one to which bodies are sent."""
        return self._inbox is not None and request.path.startswith(PUSHES)

    async def metrics(self, wire: Wire, request: Request) -> None:
        """Answer `/metrics`, counts alone."""
        if self._metrics is None or request.method not in _READS:
            raise Problem(404, "there is nothing at this path")
        headers = (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)
        await wire.answer(200, headers, self._metrics())

    async def answer(self, wire: Wire, request: Request, known: Known, address: str) -> None:
        """Answer one request of a known peer; raises Problem."""
        if self._inbox is not None and request.path.startswith(PUSHES):
            await self._inbox.answer(wire, request, known)
            return
        match = PATHS.fullmatch(request.path)
        if match is None:
            raise Problem(404, "there is nothing at this path")
        if request.method not in _READS:
            raise Problem(405, "versions are only read", headers=(("allow", ", ".join(_READS)),))
        if match["mail"]:
            await self._mail(wire, match["mail"].lower(), known, address)
            return
        served = self._shelf.find(match["agent"] or "", known.peer)
        if served is None:
            raise Problem(404, "there is no such agent, or not in your view")
        if match["list"]:
            await self._list(wire, request, known, served)
        elif match["announce"]:
            await self._announce(wire, request, served)
        else:
            await self._version(wire, request, known, served, int(match["n"]))

    async def _list(self, wire: Wire, request: Request, known: Known, served: Served) -> None:
        since = _number(request, "since", 0, 10**12)
        limit = _number(request, "limit", versions.MOST_LISTED, versions.MOST_LISTED)
        body = await trio.to_thread.run_sync(versions.listing, served, since, limit, limiter=self._listing)
        self._peers.says(known.name, since, self._now())
        await wire.answer(200, _JSON, body)

    async def _version(self, wire: Wire, request: Request, known: Known, served: Served, n: int) -> None:
        version = await trio.to_thread.run_sync(versions.opened, served.chain, n)
        try:
            tagged = (*_ZSTD, ("etag", version.etag))
            if ranges.matches(request.headers.get("if-none-match", ""), version.etag):
                await wire.answer(HTTPStatus.NOT_MODIFIED, tagged, b"")
                return
            part = versions.part_of(version, request.headers)
            if request.method == "HEAD":
                await wire.head(200, tagged, version.size)
                return
            start, end = part or (0, version.size)
            told: Fields = (("content-range", f"bytes {start}-{end - 1}/{version.size}"),) if part else ()
            status = 206 if part else 200
            if version.file < 0:
                await wire.answer(status, (*tagged, *told), version.lines[start:end])
            else:
                await wire.send_file(status, (*tagged, *told), version.file, start, end)
        finally:
            if version.file >= 0:
                os.close(version.file)
        if end == version.size:
            self._peers.took(known.name, n, version.size, self._now())

    async def _announce(self, wire: Wire, request: Request, served: Served) -> None:
        if not request.upgrades() or not request.bodiless() or request.method != "GET":
            raise Problem(426, "this is a websocket", headers=(("upgrade", "websocket"),), close=True)
        await Announcement(wire, request).run(lambda: served.chain.last, self.announcer, served.key)

    async def _mail(self, wire: Wire, sha256: str, known: Known, address: str) -> None:
        if self._mails is None:
            raise Problem(404, "there is nothing at this path")
        headers = (("content-type", "application/octet-stream"), ("x-content-type-options", "nosniff"))
        async with self._mailing:  # so many are in memory at once, until they are sent
            await wire.answer(200, headers, await self._mails.open(sha256, known, address))

    def _now(self) -> str:
        return self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 12:
        raise Problem(400, f"{name} is a number from 0")
    return min(int(text), most)
