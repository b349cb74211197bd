"""Answering with a list of rows in one format: ETag, 304, gzip, what the operator allows left out."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from werkzeug.http import parse_accept_header, parse_etags

from tipd.api.declare import Answer
from tipd.api.sight import max_tlp_of
from tipd.exports.formats import FORMATS
from tipd.exports.row import Row
from tipd.exports.veto import without_allowed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from tipd.api.declare import Call
    from tipd.exports.formats import Format
    from tipd.model.allow import AllowList

    type Pages = AsyncIterator[Sequence[Any]]

_PIECE = 64 * 1024  # bytes between two checkpoints, about
_MAX_AGE = 60


@dataclass(frozen=True, slots=True)
class Listing:
    """A list to be written: its file's name, its format's ending, and what stands before its rows.

    `depends`: what the rows depend on beside findings, marks, allowlist and caller, JSON-ready. `pages` begins to read
    the rows (each with `kind value sources since context`).
    """

    name: str
    ending: str
    depends: list[Any]
    pages: Callable[[], Pages]
    head: bytes = b""


async def answer(call: Call, listing: Listing) -> Answer:
    """Write a list out; the ETag changes with every finding and allowance, and with what the list depends on."""
    allow = await call.core.services.store.allowed.fresh()
    zipped = parse_accept_header(call.request.headers.get("Accept-Encoding")).quality("gzip") > 0
    # Taken before the rows: what is committed in between changes the next ETag.
    tag = await _tag(call, [listing.name, listing.ending, *listing.depends], allow)
    etag = f'"{tag}-gz"' if zipped else f'"{tag}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": f"private, max-age={_MAX_AGE}"}
    # Weak comparison (RFC 9110, 13.1.2): either encoding of what the client has is current.
    held = parse_etags(call.request.headers.get("If-None-Match"))
    if held.contains_weak(tag) or held.contains_weak(f"{tag}-gz"):
        return Answer(status=304, headers=headers)
    into = FORMATS[listing.ending]
    body = _body(listing.head + into.HEAD, listing.pages(), into, allow)
    if zipped:
        headers["Content-Encoding"] = "gzip"
        body = _gzip(body)
    headers["Content-Disposition"] = f'inline; filename="tipd-{listing.name}.{listing.ending}"'
    return Answer(body, content_type=into.CONTENT_TYPE, headers=headers)


async def _tag(call: Call, asked: list[Any], allow: AllowList) -> str:
    store = call.core.services.store
    allowed = [(entry.kind, entry.value) for entry in allow.entries]
    what = [store.store_id, await store.findings.last_seq(), max_tlp_of(call), asked, sorted(allowed)]
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:32]


async def _body(head: bytes, pages: Pages, into: Format, allow: AllowList) -> AsyncIterator[bytes]:
    waiting = head
    async for page in pages:
        rows = [Row(str(one.kind), one.value, tuple(one.sources), one.since, one.context) for one in page]
        waiting += into.lines(list(without_allowed(rows, allow)) if allow else rows)
        if len(waiting) >= _PIECE:
            yield waiting
            waiting = b""
        await trio.lowlevel.checkpoint()
    if waiting:
        yield waiting


async def _gzip(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    # Level 4 and no time of day in the head: the same rows give the same bytes.
    packer = zlib.compressobj(4, wbits=31)
    async for piece in pieces:
        packed = packer.compress(piece)
        if packed:
            yield packed
        await trio.lowlevel.checkpoint()
    yield packer.flush()
