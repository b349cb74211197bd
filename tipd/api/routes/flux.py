"""`/api/v1/flux/domains`: names under watch: list, show, add, tag, let go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import trio

from tipd.api.declare import Call, Route
from tipd.api.flux_view import detail_of, row_of
from tipd.api.naming import LONGEST_NOTE, Said, joined, read_domain, read_names, read_note, read_tags, wanted_tags
from tipd.api.problem import Problem
from tipd.api.shapes_flux import (
    DomainDetail,
    DomainEdit,
    DomainPage,
    DomainResult,
    DomainRow,
    DomainsAdded,
    LetGo,
    NewDomains,
)
from tipd.api.sight import max_tlp_of
from tipd.api.tracker import tracker_word
from tipd.model import dns
from tipd.model.flux import State, Tier
from tipd.model.indicator import RefusedValue
from tipd.model.tlp import Tlp, tlp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tipd.api.naming import Named
    from tipd.model.tracked import Added, Network, Seen, TrackedDetail

MOST_TOLD = 1000  # names of one call whose findings are told as news; more are told as `initial`
_MOST_NS = 16  # name servers whose addresses are told
_MOST_NS_ADDRESSES = 100
_STATES = {state.word: state for state in State}
_TIERS = frozenset(tier.value for tier in Tier)


class DomainsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Names in one of these states, with one of these tags, of one of these tiers, of this registrable domain.

    `text`: a part of the name; `after`: what the page before gave as `next`.
    """

    state: list[str] = []
    tag: list[str] = []
    tier: list[str] = []
    apex: str | None = None
    text: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    after: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000


class AsOf(msgspec.Struct, frozen=True, kw_only=True):
    """What was known at this moment; now where it is not given."""

    at: datetime | None = None


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Why a name is let go."""

    reason: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE)] = ""


async def domains(call: Call) -> DomainPage:
    """Tracked names in pages."""
    asked: DomainsQuery = call.query
    rows = await call.core.services.store.flux.list(
        state=states_of(asked.state),
        tag=wanted_tags(asked.tag),
        tier=_tiers(asked.tier),
        apex=asked.apex.lower() if asked.apex else None,
        text=asked.text.lower() if asked.text else None,
        after=asked.after,
        limit=asked.limit + 1,
        max_tlp=max_tlp_of(call),
    )
    page = rows[: asked.limit]
    more = page[-1].name if len(rows) > asked.limit else None
    return DomainPage(domains=[row_of(one) for one in page], next=more, tracker=tracker_word(call.core.services.health))


async def domain(call: Call) -> DomainDetail:
    """All that is known of one name, now or as of a moment."""
    at: datetime | None = call.query.at
    if at is not None:
        at = aware(at, "at")
    name = name_in(call)
    found = await _found(call, name, at)
    mark = max_tlp_of(call)
    return detail_of(found, await _servers(call, found, mark), await _networks(call, found, mark), at)


async def _found(call: Call, name: str, at: datetime | None = None) -> TrackedDetail:
    found = await call.core.services.store.flux.get(name, max_tlp=max_tlp_of(call), at=at)
    if found is None:
        raise Problem(404, f"the name {name[:255]!r} is not tracked")
    return found


async def _servers(call: Call, found: TrackedDetail, mark: Tlp) -> Mapping[str, Sequence[Seen]]:
    """Return the addresses of the name's latest name servers."""
    names = list(dict.fromkeys(one.data for one in found.seen if one.rtype == dns.NS))[:_MOST_NS]
    pdns = call.core.services.store.flux.pdns
    return {name: await pdns(name, max_tlp=mark, limit=_MOST_NS_ADDRESSES) for name in names}


async def _networks(call: Call, found: TrackedDetail, mark: Tlp) -> Sequence[Network]:
    number = found.row.network
    if number is None:
        return ()
    page = await call.core.services.store.flux.networks(max_tlp=mark, after=number - 1, limit=1)
    return [one for one in page if one.id == number]


async def add(call: Call) -> DomainsAdded:
    """Put names under watch; those that are there gain evidence, tags and note. A wrong one harms no other."""
    asked: NewDomains = call.body
    said = said_of(call, asked.tags, asked.note, asked.tlp)
    named = await trio.to_thread.run_sync(read_names, asked.domains, said, abandon_on_cancel=True)
    done = await call.core.services.store.flux.add(
        joined(named.names.values()), initial=len(named.names) > MOST_TOLD, max_tlp=max_tlp_of(call)
    )
    return _added(asked.domains, named, done)


def said_of(call: Call, tags: Iterable[str], note: str, tlp: str | None) -> Said:
    """Return what a call says of all its names; raises Problem 400. Any mark may be given."""
    own = min(Tlp.GREEN, max_tlp_of(call))
    try:
        return Said(read_tags(tags), read_note(note), own if tlp is None else tlp_of(tlp), by_of(call))
    except ValueError as error:
        raise Problem(400, str(error)) from None


def by_of(call: Call) -> str:
    """Return the caller's name."""
    return "" if call.caller is None else call.caller.name


def _added(raw: Sequence[Any], named: Named, done: Added) -> DomainsAdded:
    new = frozenset(done.new)
    results: list[DomainResult] = []
    for place, one in enumerate(raw):
        given = named.names.get(place)
        why = named.refused.get(place) if given is None else done.refused.get(given.name)
        if why is not None:
            results.append(DomainResult(index=place, result="refused", domain=_text(one), reason=why))
        else:
            name = given.name if given is not None else ""
            results.append(DomainResult(index=place, result="new" if name in new else "known", domain=name))
    refused = sum(one.result == "refused" for one in results)
    return DomainsAdded(new=len(done.new), known=len(done.known), refused=refused, results=results)


def _text(value: Any) -> str | None:
    named = value.get("domain") if isinstance(value, dict) else value
    return named[:255] if isinstance(named, str) else None


async def edit(call: Call) -> DomainRow:
    """Add and remove tags, change the note."""
    asked: DomainEdit = call.body
    name = name_in(call)
    await _found(call, name)  # what the caller may not see is not touched either
    try:
        add_tags, remove_tags = read_tags(asked.add_tags), read_tags(asked.remove_tags)
        note = None if asked.note is None else read_note(asked.note)
    except ValueError as error:
        raise Problem(400, str(error)) from None
    edited = await call.core.services.store.flux.edit(
        name, add_tags=add_tags, remove_tags=remove_tags, note=note, by=by_of(call)
    )
    if not edited:
        raise Problem(404, f"the name {name[:255]!r} is not tracked")
    return row_of((await _found(call, name)).row)


async def drop(call: Call) -> LetGo:
    """Ask for the name no more; what is known of it stays, and new evidence brings it back."""
    name = name_in(call)
    await _found(call, name)
    reason = call.query.reason.strip() or "withdrawn"
    await call.core.services.store.flux.drop(name, reason, by_of(call))
    return LetGo(domain=name, state=State.DROPPED.word, reason=reason)


def name_in(call: Call) -> str:
    """Return the canonical name in the path; raises Problem 400."""
    try:
        return read_domain(call.path["domain"])
    except RefusedValue as refused:
        raise Problem(400, f"that is no name that can be tracked: {refused.reason}", reason=refused.reason) from None


def aware(moment: datetime, parameter: str) -> datetime:
    """Return a moment in UTC; raises Problem 400 where it has no offset."""
    if moment.tzinfo is None:
        raise Problem(400, f"{parameter}: a moment needs its offset (2026-11-22T04:00:00Z)", parameter=parameter)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Problem(400, f"{parameter}: that moment lies in no year of four digits", parameter=parameter) from None


def states_of(words: Iterable[str]) -> tuple[State, ...]:
    """Return states by their words; raises Problem 400."""
    return tuple(_STATES[_known("state", word, _STATES)] for word in dict.fromkeys(words))


def _tiers(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(_known("tier", word, _TIERS) for word in dict.fromkeys(words))


def _known(parameter: str, word: str, known: Iterable[str]) -> str:
    if word not in known:
        raise Problem(400, f"unknown {parameter} {word[:100]!r}", parameter=parameter, known=sorted(known))
    return word


_TAG = "flux"
_LIST = "/api/v1/flux/domains"
_ONE = f"{_LIST}/<path:domain>"
ROUTES = (
    Route(
        method="GET",
        path=_LIST,
        view=domains,
        query=DomainsQuery,
        answer=DomainPage,
        problems=(503,),
        summary="Tracked names",
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=_LIST,
        view=add,
        scope="write",
        body=NewDomains,
        answer=DomainsAdded,
        problems=(503,),
        summary="Put names under watch",
        tag=_TAG,
    ),
    Route(
        method="GET",
        path=_ONE,
        view=domain,
        query=AsOf,
        answer=DomainDetail,
        problems=(404, 503),
        summary="All that is known of one tracked name, now or as of a moment",
        tag=_TAG,
    ),
    Route(
        method="POST",
        path=_ONE,
        view=edit,
        scope="write",
        body=DomainEdit,
        answer=DomainRow,
        problems=(404, 503),
        summary="Change a name's tags and note",
        tag=_TAG,
    ),
    Route(
        method="DELETE",
        path=_ONE,
        view=drop,
        scope="write",
        query=Why,
        answer=LetGo,
        problems=(404, 503),
        summary="Let a name go",
        tag=_TAG,
    ),
)
