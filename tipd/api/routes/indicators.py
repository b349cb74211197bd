"""`POST /api/v1/lookup` and `GET /api/v1/indicators/{value}`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import (
    At,
    IndicatorAnswer,
    LookupAnswer,
    LookupRequest,
    LookupResult,
    Match,
    Sighting,
)
from tipd.model.canonical import canonical
from tipd.model.confidence import confidence
from tipd.model.indicator import Indicator, RefusedValue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.core import Core
    from tipd.api.services import Index

_LONGEST_VALUE = 4096
_MOST_MOMENTS = 100  # values with `at` in a request: each is a query


class _Results(msgspec.Struct, frozen=True, kw_only=True):
    """The index's answer, with the results left as they are."""

    results: list[msgspec.Raw]


async def lookup(call: Call) -> bytes:
    """Up to 10,000 values at once, from memory, by containment too: each answer says which entry matched and how.

    A value may be `{"value","at"}` (at most 100 of them): was it listed then? That asks the database.
    """
    index = _ready(call.core)
    values: list[str | At] = call.body.values
    moments = [value for value in values if isinstance(value, At)]
    if not moments:
        return await index.answer(values)  # type: ignore[arg-type] # all are str
    if len(moments) > _MOST_MOMENTS:
        raise Problem(400, f"at most {_MOST_MOMENTS} values with a moment", most=_MOST_MOMENTS)
    plain = await index.answer([value for value in values if isinstance(value, str)])
    results = iter(msgspec.json.decode(plain, type=_Results).results)
    answers: list[Any] = [await _then(call.core, one) if isinstance(one, At) else next(results) for one in values]
    return msgspec.json.encode({"results": answers})


async def indicator(call: Call) -> IndicatorAnswer:
    """Everything about one indicator: verdict, confidence, what it matches, and the history of its sightings."""
    return await about(call.core, call.path["value"])


async def about(core: Core, value: str) -> IndicatorAnswer:
    """Look one value up, in memory and in the history; raises Problem 400, 503, or StoreAway."""
    if len(value) > _LONGEST_VALUE:
        raise Problem(400, f"a value has at most {_LONGEST_VALUE} characters")
    found = await _one(_ready(core), value)
    subject = _indicator(value)
    sightings = await _history(core, subject)
    return IndicatorAnswer(
        value=subject.value,
        kind=subject.kind.value,
        verdict="listed" if found.listed else "was_listed" if sightings else "unknown",
        listed=found.listed,
        confidence=found.confidence,
        sources=found.sources,
        matches=found.matches,
        sightings=sightings,
    )


async def _one(index: Index, value: str) -> LookupResult:
    return msgspec.json.decode(await index.answer([value]), type=LookupAnswer).results[0]


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


async def _history(core: Core, subject: Indicator) -> list[Sighting]:
    return [_sighting(one) for one in await core.services.store.sightings.history(subject.value)]


def _sighting(row: Any) -> Sighting:
    return Sighting(
        source=row.source,
        first_seen=row.opened,
        last_seen=row.last_seen,
        closed=row.closed,
        reason=row.reason,
        context=row.context,
    )


async def _then(core: Core, asked: At) -> LookupResult:
    """Answer whether a value was listed at a moment, by exact match."""
    if asked.at.tzinfo is None:
        raise Problem(400, "a moment needs its offset (2026-11-22T04:00:00Z)")
    if len(asked.value) > _LONGEST_VALUE:
        raise Problem(400, f"a value has at most {_LONGEST_VALUE} characters")
    subject = _indicator(asked.value)
    sources = sorted({one.source for one in await _history(core, subject) if _covers(one, asked)})
    return LookupResult(
        value=asked.value,
        kind=subject.kind.value,
        listed=bool(sources),
        confidence=await _confidence(core, sources),
        sources=sources,
        matches=[Match(kind=subject.kind.value, value=subject.value, how="exact")] if sources else [],
    )


def _covers(sighting: Sighting, asked: At) -> bool:
    return sighting.first_seen <= asked.at and (sighting.closed is None or asked.at < sighting.closed)


async def _confidence(core: Core, names: Sequence[str]) -> float:
    rows = await core.services.store.sources.all() if names else ()
    return confidence(row.weight for row in rows if row.name in names)


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
