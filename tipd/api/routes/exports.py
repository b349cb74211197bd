"""`/api/v1/exports`: lists to block with, as txt, csv or jsonl; streamed, with ETag, 304 and gzip."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING

import msgspec
import trio
from werkzeug.http import parse_accept_header, parse_etags

from tipd.api.declare import Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import ExportList, ExportLists
from tipd.exports.formats import FORMATS
from tipd.exports.row import Row
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tipd.exports.formats import Format

_PIECE = 64 * 1024  # bytes between two checkpoints, about
_MAX_AGE = 60


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Only these kinds of indicator, only what these sources list; both may be repeated. None: everything."""

    kind: list[str] = []
    source: list[str] = []


async def lists(call: Call) -> ExportLists:
    """The lists there are; `all` holds every indicator that is listed now."""
    store, index = call.core.services.store, call.core.services.index
    sources = await store.sources.all()
    changed = [source.last_change for source in sources if source.last_change is not None]
    everything = ExportList(
        name="all",
        kinds=[kind.value for kind in Kind],
        # Without the index all that is known is what each source lists: what several list is then counted as often.
        entries=index.entries if index is not None and index.ready else sum(source.entries for source in sources),
        build=await store.findings.last_seq(),
        built_at=max(changed, default=call.core.services.clock.now()),
        formats=list(FORMATS),
    )
    return ExportLists(lists=[everything])


async def export(call: Call) -> Answer:
    """One list in one format. The ETag changes with every finding; If-None-Match answers 304."""
    name, _, ending = call.path["file"].rpartition(".")
    if name != "all" or ending not in FORMATS:
        raise Problem(404, "there is no such list or format", formats=list(FORMATS))
    query: ExportQuery = call.query
    await _check(call, query)
    zipped = parse_accept_header(call.request.headers.get("Accept-Encoding")).quality("gzip") > 0
    # Taken before the rows: what is committed in between changes the next ETag.
    tag = _tag(call.core.services.store.store_id, await call.core.services.store.findings.last_seq(), query, ending)
    etag = f'"{tag}-gz"' if zipped else f'"{tag}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": f"private, max-age={_MAX_AGE}"}
    # Weak comparison (RFC 9110, 13.1.2): either encoding of what the client has is current.
    held = parse_etags(call.request.headers.get("If-None-Match"))
    if held.contains_weak(tag) or held.contains_weak(f"{tag}-gz"):
        return Answer(status=304, headers=headers)
    body = _body(call, query, FORMATS[ending])
    if zipped:
        headers["Content-Encoding"] = "gzip"
        body = _gzip(body)
    headers["Content-Disposition"] = f'inline; filename="tipd-{name}.{ending}"'
    return Answer(body, content_type=FORMATS[ending].CONTENT_TYPE, headers=headers)


async def _check(call: Call, query: ExportQuery) -> None:
    known = {kind.value for kind in Kind}
    for kind in query.kind:
        if kind not in known:
            raise Problem(400, f"unknown kind {kind[:100]!r}", parameter="kind", known=sorted(known))
    if query.source:
        names = {source.name for source in await call.core.services.store.sources.all()}
        for name in query.source:
            if name not in names:
                raise Problem(400, f"unknown source {name[:100]!r}", parameter="source")


def _tag(store_id: str, seq: int, query: ExportQuery, ending: str) -> str:
    what = msgspec.json.encode([store_id, seq, sorted(query.kind), sorted(query.source), ending])
    return hashlib.sha256(what).hexdigest()[:32]


async def _body(call: Call, query: ExportQuery, into: Format) -> AsyncIterator[bytes]:
    waiting = into.HEAD
    async for rows in call.core.services.store.sightings.export(kinds=tuple(query.kind), sources=tuple(query.source)):
        waiting += into.lines([Row(one.kind.value, one.value, tuple(one.sources), one.since) for one in rows])
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


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/exports",
        view=lists,
        answer=ExportLists,
        problems=(503,),
        summary="The lists that can be exported",
        tag="exports",
    ),
    Route(
        method="GET",
        path="/api/v1/exports/<file>",
        view=export,
        query=ExportQuery,
        produces="text/plain",
        problems=(404, 503),
        summary="A list, as all.txt, all.csv or all.jsonl",
        tag="exports",
    ),
)
