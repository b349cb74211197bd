"""`/api/v1/exports`: lists to block with, as txt, csv or jsonl; streamed, with ETag, 304 and gzip."""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
import trio
from werkzeug.http import parse_accept_header, parse_etags

from tipd.api.declare import Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import ExportList, ExportLists
from tipd.api.sight import max_tlp_of, seen
from tipd.exports import txt
from tipd.exports.formats import FORMATS
from tipd.exports.row import Row
from tipd.exports.veto import without_allowed
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tipd.api.services import Source
    from tipd.exports.formats import Format
    from tipd.model.allow import AllowList

ALL, PUBLIC = "all", "public"
LISTS = (ALL, PUBLIC)
_PIECE = 64 * 1024  # bytes between two checkpoints, about
_MAX_AGE = 60


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Only these kinds of indicator, only what these sources list; both may be repeated. None: everything.

    `public`: only what may be passed on to anybody.
    """

    kind: list[str] = []
    source: list[str] = []
    public: bool = False


async def lists(call: Call) -> ExportLists:
    """The lists there are: `all` that is listed now and the caller may see, and what of it is `public`."""
    sources = seen(await call.core.services.store.sources.all(), max_tlp_of(call))
    build = await call.core.services.store.findings.last_seq()
    return ExportLists(lists=[await _about(call, build, name, _of(name, sources)) for name in LISTS])


async def _about(call: Call, build: int, name: str, sources: Sequence[Source]) -> ExportList:
    services = call.core.services
    changed = [source.last_change for source in sources if source.last_change is not None]
    if services.index is not None and services.index.ready:
        entries = await services.index.count(max_tlp_of(call), public=name == PUBLIC)
    else:  # all that is known is what each source lists: what several list is then counted as often
        entries = sum(source.entries for source in sources)
    return ExportList(
        name=name,
        kinds=[kind.value for kind in Kind],
        entries=entries,
        build=build,
        built_at=max(changed, default=services.clock.now()),
        formats=list(FORMATS),
    )


def _of(name: str, sources: Sequence[Source]) -> list[Source]:
    """Return the sources whose rows may be in a list."""
    return [one for one in sources if name != PUBLIC or (one.redistribute and one.tlp is Tlp.CLEAR)]


async def export(call: Call) -> Answer:
    """One list in one format, as far as the caller may see it, without what the operator allows.

    The ETag changes with every finding, changed context, mark and allowance; If-None-Match answers 304.
    """
    name, _, ending = call.path["file"].rpartition(".")
    if name not in LISTS or ending not in FORMATS:
        raise Problem(404, "there is no such list or format", formats=list(FORMATS))
    query: ExportQuery = call.query
    name = PUBLIC if query.public else name
    sources = _of(name, seen(await call.core.services.store.sources.all(), max_tlp_of(call)))
    _check(query, sources)
    allow = await call.core.services.store.allowed.fresh()
    zipped = parse_accept_header(call.request.headers.get("Accept-Encoding")).quality("gzip") > 0
    # Taken before the rows: what is committed in between changes the next ETag.
    tag = await _tag(call, [name, ending, sorted(query.kind), sorted(query.source)], sources, allow)
    etag = f'"{tag}-gz"' if zipped else f'"{tag}"'
    headers = {"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": f"private, max-age={_MAX_AGE}"}
    # Weak comparison (RFC 9110, 13.1.2): either encoding of what the client has is current.
    held = parse_etags(call.request.headers.get("If-None-Match"))
    if held.contains_weak(tag) or held.contains_weak(f"{tag}-gz"):
        return Answer(status=304, headers=headers)
    body = _body(call, query, FORMATS[ending], allow, public=name == PUBLIC)
    if name == PUBLIC and ending == txt.NAME:
        body = _after(txt.credits_of({source.name: source.licence for source in sources}), body)
    if zipped:
        headers["Content-Encoding"] = "gzip"
        body = _gzip(body)
    headers["Content-Disposition"] = f'inline; filename="tipd-{name}.{ending}"'
    return Answer(body, content_type=FORMATS[ending].CONTENT_TYPE, headers=headers)


def _check(query: ExportQuery, sources: Sequence[Source]) -> None:
    """Raise Problem 400 for what is not known, or not to the caller."""
    known = {kind.value for kind in Kind}
    for kind in query.kind:
        if kind not in known:
            raise Problem(400, f"unknown kind {kind[:100]!r}", parameter="kind", known=sorted(known))
    names = {source.name for source in sources}
    for name in query.source:
        if name not in names:
            raise Problem(400, f"unknown source {name[:100]!r}", parameter="source")


async def _tag(call: Call, asked: list[Any], sources: Sequence[Source], allow: AllowList) -> str:
    store = call.core.services.store
    # `last_change`: what is said beside an indicator changes without a finding.
    marks = [
        (source.name, source.tlp, source.redistribute, source.licence, source.class_, str(source.last_change))
        for source in sources
    ]
    allowed = [(entry.kind, entry.value) for entry in allow.entries]
    what = [store.store_id, await store.findings.last_seq(), max_tlp_of(call), asked, sorted(marks), sorted(allowed)]
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:32]


async def _body(
    call: Call, query: ExportQuery, into: Format, allow: AllowList, *, public: bool
) -> AsyncIterator[bytes]:
    waiting = into.HEAD
    pages = call.core.services.store.sightings.export(
        kinds=tuple(query.kind), sources=tuple(query.source), max_tlp=max_tlp_of(call), public=public
    )
    async for page in pages:
        rows = [Row(one.kind.value, one.value, tuple(one.sources), one.since, one.context) for one in page]
        waiting += into.lines(list(without_allowed(rows, allow)) if allow else rows)
        if len(waiting) >= _PIECE:
            yield waiting
            waiting = b""
        await trio.lowlevel.checkpoint()
    if waiting:
        yield waiting


async def _after(head: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for piece in pieces:
        yield piece


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
        summary="A list, as all.txt, all.csv, all.jsonl or public.txt",
        tag="exports",
    ),
)
