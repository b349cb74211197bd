"""`POST /api/v1/lookup` and `GET /api/v1/indicators/{value}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api import past
from tipd.api.declare import Call, Route
from tipd.api.flux_about import mentions, passive
from tipd.api.problem import Problem
from tipd.api.shapes import (
    At,
    IndicatorAnswer,
    LookupAnswer,
    LookupRequest,
    LookupResult,
    Said,
    Sighting,
)
from tipd.api.sight import max_tlp_of
from tipd.api.spam_about import trapped
from tipd.errors import StoreAway
from tipd.model.canonical import canonical
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.core import Core
    from tipd.api.services import Index
    from tipd.model.tlp import Tlp


class _Results(msgspec.Struct, frozen=True, kw_only=True):
    """The index's answer, with the results left as they are."""

    results: list[msgspec.Raw]


async def lookup(call: Call) -> bytes:
    """Up to 10,000 values at once, from memory, by containment too: each answer says which entry matched and how.

    A value may be `{"value","at"}`: was it listed then? That asks the database, and what is allowed today has no say.
    So does `context`: what each source says beside what matched.
    """
    index, max_tlp = _ready(call.core), max_tlp_of(call)
    allow = await call.core.services.store.allowed.fresh()
    values: list[str | At] = call.body.values
    moments = [value for value in values if isinstance(value, At)]
    today: Any = values if not moments else [value for value in values if isinstance(value, str)]
    plain = await index.answer(today, max_tlp, allow)
    if call.body.context:
        plain = await _with_context(call.core, max_tlp, plain)
    if not moments:
        return plain
    now = iter(msgspec.json.decode(plain, type=_Results).results)
    then = iter(await past.answer(call.core, call.caller, moments))
    answers: list[Any] = [next(then) if isinstance(one, At) else next(now) for one in values]
    return msgspec.json.encode({"results": answers})


async def _with_context(core: Core, max_tlp: Tlp, answer: bytes) -> bytes:
    """Put beside each match what its sources say; while the database is away the answer stays as it is."""
    full: dict[str, Any] = msgspec.json.decode(answer)
    matches = [match for result in full["results"] for match in result["matches"]]
    entries = {(Kind(match["kind"]), match["value"]) for match in matches}
    try:
        rows = await core.services.store.sightings.said(sorted(entries), max_tlp)
    except StoreAway:
        return answer
    said = {
        entry: [Said(source=one.source, first_seen=one.first_seen, context=one.context) for one in each]
        for entry, each in rows.items()
    }
    for match in matches:
        match["said"] = said.get((Kind(match["kind"]), match["value"]), [])
    return msgspec.json.encode(full)


async def indicator(call: Call) -> IndicatorAnswer:
    """Everything about one indicator: verdict, confidence, matches, history of sightings, passive DNS, and mails."""
    return await everything(call.core, max_tlp_of(call), call.path["value"])


async def everything(core: Core, max_tlp: Tlp, value: str) -> IndicatorAnswer:
    """Return what `about` does and what tracking and the traps know. Raises as `about` does."""
    found = await about(core, max_tlp, value)
    subject, flux = Indicator(Kind(found.kind or ""), found.value), core.services.store.flux
    spam, mails, campaigns = await trapped(core.services.store.spam, subject, max_tlp)
    return msgspec.structs.replace(
        found,
        flux=await mentions(flux, subject, max_tlp),
        dns=await passive(flux, subject, max_tlp),
        spam=spam,
        mails=mails,
        campaigns=campaigns,
    )


async def about(core: Core, max_tlp: Tlp, value: str) -> IndicatorAnswer:
    """Look one value up, in memory and in the history, as far as the mark allows.

    Raises Problem 400, 503, or StoreAway.
    """
    if len(value) > past.LONGEST_VALUE:
        raise Problem(400, f"a value has at most {past.LONGEST_VALUE} characters")
    found = await _one(core, max_tlp, value)
    subject = _indicator(value)
    sightings = await _history(core, max_tlp, subject)
    return IndicatorAnswer(
        value=subject.value,
        kind=subject.kind.value,
        verdict=_verdict(found, sightings),
        listed=found.listed,
        confidence=found.confidence,
        sources=found.sources,
        matches=found.matches,
        sightings=sightings,
        allowed=found.allowed,
    )


def _verdict(found: LookupResult, sightings: Sequence[Sighting]) -> str:
    if found.allowed is not msgspec.UNSET:
        return "allowed"
    return "listed" if found.listed else "was_listed" if sightings else "unknown"


async def _one(core: Core, max_tlp: Tlp, value: str) -> LookupResult:
    allow = await core.services.store.allowed.fresh()
    answer = await _ready(core).answer([value], max_tlp, allow)
    return msgspec.json.decode(answer, type=LookupAnswer).results[0]


def _ready(core: Core) -> Index:
    index = core.services.index
    if index is None:
        raise Problem(503, "this tipd keeps no look-up index")
    if not index.ready:
        raise Problem(503, "the look-up index is loading", headers={"Retry-After": "2"})
    return index


def _indicator(value: str) -> Indicator:
    try:
        return canonical(value)
    except RefusedValue as refused:
        raise Problem(400, f"that is no indicator tipd takes: {refused.reason}", reason=refused.reason) from None


async def _history(core: Core, max_tlp: Tlp, subject: Indicator) -> list[Sighting]:
    rows = await core.services.store.sightings.history(subject.value, max_tlp=max_tlp)
    return [_sighting(one) for one in rows]


def _sighting(row: Any) -> Sighting:
    return Sighting(
        source=row.source,
        first_seen=row.opened,
        last_seen=row.last_seen,
        closed=row.closed,
        reason=row.reason,
        context=row.context,
        tlp=row.tlp.word,
        opened_round=row.opened_round,
        closed_round=row.closed_round,
        backfilled=row.backfilled,
    )


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/lookup",
        view=lookup,
        body=LookupRequest,
        answer=LookupAnswer,
        problems=(413, 503),
        summary="Look up to 10,000 values up at once",
        tag="indicators",
    ),
    Route(
        method="GET",
        path="/api/v1/indicators/<path:value>",
        view=indicator,
        answer=IndicatorAnswer,
        problems=(503,),
        summary="Everything about one indicator",
        tag="indicators",
    ),
)
