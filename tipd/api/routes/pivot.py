"""`/api/v1/pivot/{value}`: from an address, a network, an AS or a name to whatever shares it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.flux_view import type_word
from tipd.api.naming import FOLLOW, PIVOT, wanted_tags
from tipd.api.past import LONGEST_VALUE
from tipd.api.problem import Problem
from tipd.api.routes.flux import aware, said_of
from tipd.api.shapes_walk import PivotAdd, PivotAdded, PivotAnswer, PivotNew, PivotRowShape
from tipd.api.sight import max_tlp_of
from tipd.model.canonical import canonical
from tipd.model.flux import NewName
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.follow import BY_ADDRESS, BY_ANY, walk

if TYPE_CHECKING:
    from tipd.api.naming import Said
    from tipd.model.indicator import Indicator
    from tipd.model.tracked import PivotRow
    from tipd.modules.fastflux.follow import Found, Walked

WITHIN = 20.0  # seconds of one walk
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
        tag=wanted_tags(asked.tag),
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

    A walk ends at its depth, its budget, 1,000 looks or 20 seconds. What very many names share ties nobody to anybody
    and is passed over. A name bears the strictest mark of what led to it.
    """
    asked: PivotAdd = call.body
    said = said_of(call, asked.tags, asked.note, asked.tlp)
    walked = await _walked(call, asked)
    names = [_new(one, said, FOLLOW if asked.follow else PIVOT) for one in walked.found]
    done = await call.core.services.store.flux.add(names, max_tlp=max_tlp_of(call))
    new = frozenset(done.new)
    return PivotAdded(
        value=walked.value,
        kind=walked.kind,
        new=len(done.new),
        known=len(done.known),
        refused=dict(done.refused),
        domains=[
            PivotNew(domain=one.name, path=list(one.path[:-1]), result="new" if one.name in new else "known")
            for one in walked.found
            if one.name not in done.refused
        ],
        steps=walked.steps,
        spent=walked.spent,
    )


async def _walked(call: Call, asked: PivotAdd) -> Walked:
    subject, mark, flux = subject_of(call.path["value"]), max_tlp_of(call), call.core.services.store.flux
    start = await flux.get(subject.value, max_tlp=mark) if subject.kind is Kind.DOMAIN else None
    settings = call.core.services.flux
    return await walk(
        flux,
        subject.value,
        budget=asked.budget or settings.follow_budget,
        depth=(asked.depth or settings.follow_depth) if asked.follow else 1,
        max_tlp=mark,
        since=_moment(asked.since, "since"),
        until=_moment(asked.until, "until"),
        tag=wanted_tags(asked.tag),
        by=BY_ADDRESS if asked.follow else BY_ANY,
        tlp=Tlp.CLEAR if start is None else start.row.tlp,
        within=WITHIN,
    )


def _new(one: Found, said: Said, why: str) -> NewName:
    """Return a found name; one that is watched under a milder mark than its path's does not get the path."""
    mark = max(said.tlp, one.tlp)
    path = () if one.known and one.tlp > said.tlp else one.path[:-1]
    return NewName(name=one.name, why=why, tags=said.tags, note=said.note, path=path, tlp=mark, by=said.by)


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
