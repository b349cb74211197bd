"""`GET /v1/versions` and `GET /v1/versions/{n}`: what a chain holds, read from its folder (in a thread: it blocks)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from tipd.agent import ranges
from tipd.agent.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.agent.shelf import Readable, Served

MOST_LISTED = 1000
SMALL = 64 * 1024  # bytes: what is no longer is read in the hop that finds it
_MOST_BYTES = 4 * 2**20  # of manifests in one answer, unless the first alone is longer
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC


class _Named(msgspec.Struct, frozen=True):
    sha256: str
    bytes: int


class _Listing(msgspec.Struct, frozen=True):
    agent: str
    view: str
    first: int
    last: int
    versions: list[msgspec.Raw]
    gone: list[int]


def listing(served: Served, since: int, limit: int) -> bytes:
    """Return the JSON of the versions after `since`: their manifests as they were signed, and which are tombstones."""
    chain = served.chain
    last = chain.last
    manifests: list[msgspec.Raw] = []
    gone: list[int] = []
    size = 0
    for n in range(max(0, since) + 1, min(last, max(0, since) + limit) + 1):
        manifest = chain.manifest(n)
        size += len(manifest)
        if manifests and size > _MOST_BYTES:
            break
        manifests.append(msgspec.Raw(manifest))
        if not _there(chain, n):
            gone.append(n)
    return msgspec.json.encode(_Listing(served.agent, served.view, chain.first, last, manifests, gone))


def _there(chain: Readable, n: int) -> bool:
    try:
        chain.body(n)
    except FileNotFoundError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Opened:
    """A version's lines, opened: whoever has it closes `file` (-1: they were so few that they are in `lines`)."""

    file: int
    sha256: str
    size: int
    lines: bytes = b""

    @property
    def etag(self) -> str:
        """The strong tag."""
        return f'"{self.sha256}"'


def opened(chain: Readable, n: int) -> Opened:
    """Open a version's lines; raises Problem 404 where there is no such number yet, 410 for a tombstone."""
    if not 1 <= n <= chain.last:
        raise Problem(404, f"there is no version {n}")
    named = msgspec.json.decode(chain.manifest(n), type=_Named)
    try:
        file = os.open(chain.body(n), _OPEN)
    except FileNotFoundError:
        raise Problem(410, f"the lines of version {n} are no longer kept; its manifest is in the list") from None
    if os.fstat(file).st_size != named.bytes:
        os.close(file)
        raise Problem(500, f"version {n} is damaged here")
    if named.bytes > SMALL:
        return Opened(file, named.sha256, named.bytes)
    with os.fdopen(file, "rb") as small:
        return Opened(-1, named.sha256, named.bytes, small.read())


def part_of(version: Opened, headers: Mapping[str, str]) -> ranges.Part | None:
    """Return the part a request asks for, None for the whole; raises Problem 416."""
    asked = headers.get("range")
    if asked is None or ("if-range" in headers and not ranges.still_valid(headers["if-range"], version.etag)):
        return None
    try:
        return ranges.wanted(asked, version.size)
    except ranges.UnsatisfiableError:
        told = (("content-range", f"bytes */{version.size}"),)
        raise Problem(416, f"the version has {version.size} bytes", headers=told) from None
