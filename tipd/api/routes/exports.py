"""`/api/v1/exports`: lists to block with, as txt, csv or jsonl; streamed, with ETag, 304 and gzip.

`all` and `public` hold what is listed; `flux` the names that are confirmed fast flux, `flux-nodes` their addresses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.api.declare import Answer, Call, Route
from tipd.api.exporting import Listing, answer
from tipd.api.flux_export import CONFIRMED, NAMES, NODES, flux_listing
from tipd.api.problem import Problem
from tipd.api.shapes import ExportList, ExportLists
from tipd.api.sight import max_tlp_of, seen
from tipd.exports import txt
from tipd.exports.formats import FORMATS
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.services import Source

ALL, PUBLIC = "all", "public"
LISTED = (ALL, PUBLIC)
OF_FLUX = {"flux": NAMES, "flux-nodes": NODES}
LISTS = (*LISTED, *OF_FLUX)


class ExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Only these kinds of indicator, only what these sources list; both may be repeated. None: everything.

    `public`: only what may be passed on to anybody; `tag`: of `flux` and `flux-nodes`, only names with one of these.
    """

    kind: list[str] = []
    source: list[str] = []
    tag: list[str] = []
    public: bool = False


async def lists(call: Call) -> ExportLists:
    """The lists there are: `all` that is listed now and the caller may see, what of it is `public`, and fast flux."""
    sources = seen(await call.core.services.store.sources.all(), max_tlp_of(call))
    build = await call.core.services.store.findings.last_seq()
    told = [await _about(call, build, name, _of(name, sources)) for name in LISTED]
    return ExportLists(lists=told + [await _about_flux(call, build, name, of) for name, of in OF_FLUX.items()])


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


async def _about_flux(call: Call, build: int, name: str, of: str) -> ExportList:
    services = call.core.services
    kinds = [Kind.DOMAIN] if of == NAMES else [Kind.IPV4, Kind.IPV6]
    return ExportList(
        name=name,
        kinds=[kind.value for kind in kinds],
        entries=await services.store.flux.count(state=CONFIRMED, of=of, max_tlp=max_tlp_of(call)),
        build=build,
        built_at=services.clock.now(),
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
    if name not in OF_FLUX:
        return await answer(call, await _listing(call, PUBLIC if query.public else name, ending))
    for given in ("kind", "source"):
        if getattr(query, given):
            raise Problem(400, f"the list {name} is not narrowed by {given}, but by tag", parameter=given)
    of = OF_FLUX[name]
    return await answer(
        call, await flux_listing(call, name, ending, of=of, state=CONFIRMED, tag=query.tag, public=query.public)
    )


async def _listing(call: Call, name: str, ending: str) -> Listing:
    query, store, mark = call.query, call.core.services.store, max_tlp_of(call)
    sources = _of(name, seen(await store.sources.all(), mark))
    _check(query, sources)
    # `last_change`: what is said beside an indicator changes without a finding.
    marks = sorted(
        (source.name, source.tlp, source.redistribute, source.licence, source.class_, str(source.last_change))
        for source in sources
    )
    public = name == PUBLIC
    kinds, names = tuple(query.kind), tuple(query.source)
    credit = txt.credits_of({source.name: source.licence for source in sources})
    return Listing(
        name=name,
        ending=ending,
        depends=[sorted(kinds), sorted(names), marks],
        pages=lambda: store.sightings.export(kinds=kinds, sources=names, max_tlp=mark, public=public),
        head=credit if public and ending == txt.NAME else b"",
    )


def _check(query: ExportQuery, sources: Sequence[Source]) -> None:
    """Raise Problem 400 for what is not known, or not to the caller."""
    if query.tag:
        raise Problem(400, "only flux and flux-nodes are narrowed by tag", parameter="tag")
    known = {kind.value for kind in Kind}
    for kind in query.kind:
        if kind not in known:
            raise Problem(400, f"unknown kind {kind[:100]!r}", parameter="kind", known=sorted(known))
    names = {source.name for source in sources}
    for name in query.source:
        if name not in names:
            raise Problem(400, f"unknown source {name[:100]!r}", parameter="source")


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
        summary="A list, as all.txt, all.csv, all.jsonl, public.txt, flux.txt or flux-nodes.txt",
        tag="exports",
    ),
)
