"""`/api/v1/pivot/{value}`: from an address, a network, an AS or a name to whatever shares it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.flux_view import type_word
from tipd.api.naming import MOST_TAGS
from tipd.api.past import LONGEST_VALUE
from tipd.api.problem import Problem
from tipd.api.routes.flux import aware, said_of
from tipd.api.shapes_flux import PivotAdd, PivotAdded, PivotAnswer, PivotNew, PivotRowShape
from tipd.api.sight import max_tlp_of
from tipd.api.walk import Plan, walk
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from tipd.model.indicator import Indicator
    from tipd.model.tracked import PivotRow

_KINDS = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK, Kind.ASN, Kind.DOMAIN})


class PivotQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Only rows that were seen after `since` and before `until`, and names with one of the tags; at most `limit`."""

    since: datetime | None = None
    until: datetime | None = None
    tag: list[str] = []
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000


async def pivot(call: Call) -> PivotAnswer:
    """Where a value leads, the latest first: the data of a name, and the names that have the same data."""
    asked: PivotQuery = call.query
    subject = subject_of(call.path["value"])
    found = await call.core.services.store.flux.pivot(
        subject.value,
        since=_moment(asked.since, "since"),
        until=_moment(asked.until, "until"),
        tag=tuple(asked.tag[:MOST_TAGS]),
        limit=asked.limit,
        max_tlp=max_tlp_of(call),
    )
    return PivotAnswer(
        value=found.value, kind=found.kind, rows=[_shape(row) for row in found.rows[: asked.limit]], more=found.more
    )


def subject_of(text: str) -> Indicator:
    """Return the value a walk begins at; raises Problem 400."""
    if len(text) > LONGEST_VALUE:
        raise Problem(400, f"a value has at most {LONGEST_VALUE} characters")
    try:
        subject = canonical(text, poison=False)
    except RefusedValue as refused:
        raise Problem(400, f"that is no value to walk from: {refused.reason}", reason=refused.reason) from None
    if subject.kind not in _KINDS:
        raise Problem(400, f"a walk begins at an address, a network, an AS or a name, not at a {subject.kind}")
    return subject


def _moment(moment: datetime | None, parameter: str) -> datetime | None:
    return None if moment is None else aware(moment, parameter)


def _shape(row: PivotRow) -> PivotRowShape:
    return PivotRowShape(
        value=row.found,
        kind=row.kind,
        how=row.how,
        type=type_word(row.rtype),
        asn=row.asn or None,
        via=row.via or None,
        first=row.first,
        last=row.last,
        count=row.count,
        watched=None if row.state is None else row.state.word,
        tags=list(row.tags),
    )


async def add(call: Call) -> PivotAdded:
    """Put the names that a value leads to under watch; with `follow` also those that these lead to, and so on.

    A walk ends at its depth, its budget, 1,000 steps or 20 seconds; names that came by `follow` are followed further by
    the tracker, as far as `[modules.fastflux] follow_depth` and `follow_budget` let it.
    """
    asked: PivotAdd = call.body
    subject, mark = subject_of(call.path["value"]), max_tlp_of(call)
    said = said_of(call, asked.tags, asked.note, asked.tlp)
    plan = Plan(
        depth=asked.depth if asked.follow else 1,
        budget=asked.budget,
        since=_moment(asked.since, "since"),
        until=_moment(asked.until, "until"),
        tag=tuple(asked.tag[:MOST_TAGS]),
        max_tlp=mark,
    )
    flux = call.core.services.store.flux
    known = await flux.get(subject.value, max_tlp=mark) if subject.kind is Kind.DOMAIN else None
    found = await walk(flux, subject.value, () if known is None else known.row.path, plan, said)
    done = await flux.add(list(found.names.values()), max_tlp=mark)
    new = frozenset(done.new)
    return PivotAdded(
        value=found.value,
        kind=found.kind,
        new=len(done.new),
        known=len(done.known),
        refused=dict(done.refused),
        domains=[
            PivotNew(domain=name.name, path=list(name.path), result="new" if name.name in new else "known")
            for name in found.names.values()
            if name.name not in done.refused
        ],
        steps=found.steps,
        spent=found.spent,
    )


_PATH = "/api/v1/pivot/<path:value>"
ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        view=pivot,
        query=PivotQuery,
        answer=PivotAnswer,
        problems=(503,),
        summary="Where an address, a network, an AS or a name leads",
        tag="flux",
    ),
    Route(
        method="POST",
        path=_PATH,
        view=add,
        scope="write",
        body=PivotAdd,
        answer=PivotAdded,
        problems=(503,),
        summary="Put what a value leads to under watch",
        tag="flux",
    ),
)
