"""The console's pages of fast-flux tracking: the names, and one name with its history, now or as of a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.drawing.graph import graph
from tipd.api.drawing.lines import chart
from tipd.api.drawing.spans import Span, spans
from tipd.api.naming import read_domain
from tipd.api.pages import when
from tipd.api.sight import max_tlp_of
from tipd.errors import StoreAway
from tipd.model import dns
from tipd.model.flux import State
from tipd.model.indicator import RefusedValue
from tipd.model.moment import read_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.services_flux import Flux
    from tipd.model.tlp import Tlp
    from tipd.model.tracked import Pivot, Seen, TrackedDetail

PAGE = 200
MOST_STEPS = 2000  # of the walk to sibling names
THRESHOLD = 142.38  # Holz et al., NDSS 2008
MODULE = "fastflux"
# Why a name stands where it stands, by the tracker's words (docs/reference/fast-flux.md).
REASONS = {
    "holz": "Holz's score lies above the bound",
    "long": "its addresses kept coming from ever more networks",
    "growth": "its addresses keep growing in number",
    "double": "its name servers flux as well",
    "shared": "it shares its addresses with names that flux",
    "judged": "nothing speaks for flux so far",
    "calm": "many windows in a row without flux",
    "known": "known for what only looks like flux",
    "saturated": "its pool of addresses is a fixed one",
    "stable": "its answers stayed the same",
    "nxdomain": "there is no such name any more",
    "nodata": "it has no address any more",
    "sinkhole": "it leads into a sinkhole",
    "private": "it leads to addresses that lead nowhere",
    "back": "it has addresses again",
    "gone": "it had no address for too long",
    "revived": "there is new evidence",
}
_TYPES = {dns.A: "A", dns.AAAA: "AAAA", dns.NS: "NS", dns.CNAME: "CNAME"}


class NamesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which names: by state, tag and a part of the name, those after `after`."""

    state: str = ""
    tag: str = ""
    text: str = ""
    after: str = ""


class NameQuery(msgspec.Struct, frozen=True, kw_only=True):
    """As of when: a day (its end) or a moment, UTC; empty: now."""

    at: str = ""


async def names(call: Call) -> Answer:
    """Tracked names; without a choice the confirmed ones, or all while there are none."""
    store, query, mark = call.core.services.store, call.query, max_tlp_of(call)
    values: dict[str, Any] = {"here": "flux", "query": query, "waits": _waits(call), "states": tuple(State)}
    values["reasons"] = REASONS
    try:
        counts = await store.flux.counts(max_tlp=mark)
        chosen = query.state or (
            "confirmed" if counts.get(State.CONFIRMED) and not (query.tag or query.text) else "all"
        )
        rows = await _listed(store.flux, query, chosen, mark)
    except StoreAway:
        nothing: dict[str, Any] = {"rows": [], "counts": {}, "chosen": query.state or "all", "more": False}
        return _page(call, "flux.html", 503, **values | nothing, problem="the database is away")
    found = {"rows": rows[:PAGE], "counts": counts, "chosen": chosen, "more": len(rows) > PAGE, "problem": None}
    return _page(call, "flux.html", **values | found)


async def _listed(flux: Flux, query: NamesQuery, chosen: str, mark: Tlp) -> Sequence[Any]:
    states = tuple(state for state in State if state.word == chosen)
    return await flux.list(
        state=states,
        tag=(query.tag,) if query.tag else (),
        text=query.text.strip().lower() or None,
        after=query.after,
        limit=PAGE + 1,
        max_tlp=mark,
    )


async def name(call: Call) -> Answer:
    """One name."""
    flux, mark = call.core.services.store.flux, max_tlp_of(call)
    asked, now = call.path["name"], call.core.services.clock.now()
    values: dict[str, Any] = {"here": "flux", "name": asked, "at": call.query.at, "found": None, "reasons": REASONS}
    values["today"] = now.date().isoformat()
    try:
        values["name"] = asked = read_domain(asked)
    except RefusedValue as refused:
        return _page(call, "flux_name.html", 404, **values, problem=f"no name that can be tracked: {refused.reason}")
    at = moment_of(call.query.at)
    if call.query.at and at is None:
        return _page(call, "flux_name.html", 400, **values, problem="that is no day (write 2026-11-22)")
    at = None if at is None or at >= now else at  # what is yet to come is as it is now
    try:
        found = await flux.get(asked, max_tlp=mark, at=at)
        if found is None:
            problem = "no such name is tracked" if at is None else "no such name was tracked then"
            return _page(call, "flux_name.html", 404, **values, problem=problem)
        walk = await flux.pivot(asked, until=at, limit=MOST_STEPS, max_tlp=mark)
    except StoreAway:
        return _page(call, "flux_name.html", 503, **values, problem="the database is away")
    return _page(call, "flux_name.html", **values | {"found": found, "problem": None} | drawn(found, walk, at or now))


def drawn(found: TrackedDetail, walk: Pivot, until: datetime) -> dict[str, Any]:
    """Return what the page shows of a name as drawings: score, growth, a bar an address, ASNs, siblings."""
    nodes = [one for one in found.seen if one.rtype in {dns.A, dns.AAAA}]
    others = [one for one in found.seen if one.rtype not in {dns.A, dns.AAAA}]
    begun = min((one.first for one in nodes), default=until)
    scores = [(point.at, point.holz / 100) for point in found.scores if point.holz is not None]
    shared: dict[str, set[str]] = {}
    unwatched = {row.found for row in walk.rows if row.state is None}
    for row in walk.rows:
        if row.kind == "domain" and row.via and row.found != found.row.name:
            shared.setdefault(row.found, set()).add(row.via)
    return {
        "score": chart(scores, until, limit=THRESHOLD),
        "growth": chart([(point.at, float(point.total)) for point in found.scores], until),
        "bars": spans([_span(one) for one in nodes], begun, until) if nodes else None,
        "asns": _by_asn(nodes),
        "graph": graph(found.row.name, {name: len(via) for name, via in shared.items()}, unwatched=unwatched),
        "nodes": len(nodes),
        "records": [(_TYPES.get(one.rtype, str(one.rtype)), one) for one in others],
    }


def moment_of(text: str) -> datetime | None:
    """Return the moment asked for: the end of a day, or the moment itself; None where it is none."""
    moment = read_moment(text)
    return moment + timedelta(days=1) if moment is not None and len(text.strip()) <= len("2026-11-22") else moment


def _span(one: Seen) -> Span:
    group = f"AS{one.asn}" if one.asn else "unknown AS"
    title = f"{one.data}, {group}, {one.count} answers from {when(one.first)} to {when(one.last)}"
    return Span(one.data, group, one.first, one.last, title)


def _by_asn(nodes: Sequence[Seen]) -> list[tuple[int, int]]:
    """Return each AS (0: unknown) with its distinct addresses, the largest first."""
    held: dict[int, set[str]] = {}
    for one in nodes:
        held.setdefault(one.asn, set()).add(one.data)
    return sorted(((asn, len(addresses)) for asn, addresses in held.items()), key=lambda found: (-found[1], found[0]))


def _waits(call: Call) -> str | None:
    """Return why nothing is probed here, None where it is or another process may."""
    modules = call.core.services.health.snapshot()["modules"]
    facts: dict[str, Any] = next((node["facts"] for node in modules if node["module"] == MODULE), {})
    return str(facts.get("why")) if facts.get("state") == "needs_resolver" else None


def _page(call: Call, template: str, status: int = 200, **values: Any) -> Answer:
    return Answer(call.core.pages.render(template, **values), status, HTML)


ROUTES = (
    Route(
        method="GET",
        path="/flux",
        view=names,
        query=NamesQuery,
        summary="Tracked names",
        produces=HTML,
        page=True,
    ),
    Route(
        method="GET",
        path="/flux/<name>",
        view=name,
        query=NameQuery,
        summary="One tracked name",
        produces=HTML,
        page=True,
    ),
)
