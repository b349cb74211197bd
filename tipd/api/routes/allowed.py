"""`/api/v1/allowed`: what the operator allows, whoever lists it; and `/api/v1/audit`: what operators did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes import LookupAnswer
from tipd.api.shapes_allowed import AllowanceList, AllowanceShape, AuditPage, NewAllowance, RemovedAllowance
from tipd.api.sight import max_tlp_of
from tipd.config import duration
from tipd.model.allow import AllowList, readable
from tipd.model.finding import OWN_MARK
from tipd.model.indicator import RefusedValue
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.model.allow import Allowance
    from tipd.model.indicator import Indicator

LONGEST_VALUE = 4096


class RemoveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Why it is not allowed any more."""

    reason: str = ""


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True):
    """At most so many acts, older than this one."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    before: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | None = None


async def list_allowed(call: Call) -> AllowanceList:
    """What is allowed now, as strictly as it is listed; below amber only what the caller allowed itself."""
    entries = (await call.core.services.store.allowed.fresh()).entries
    mark = max_tlp_of(call)
    if mark < Tlp.RED:
        # A session's name begins anew with each start; a token's is its own for ever.
        own = _by(call) if call.caller and call.caller.way == "token" else None
        others = [entry for entry in entries if entry.by != own] if mark >= OWN_MARK else []
        hidden = await _hidden(call, others, mark) if others else set()
        shown = {(entry.kind, entry.value) for entry in others if entry.value not in hidden}
        entries = tuple(entry for entry in entries if entry.by == own or (entry.kind, entry.value) in shown)
    return AllowanceList(allowed=[_shape(entry) for entry in entries])


async def allow(call: Call) -> AllowanceShape:
    """Allow a value at once: whatever lists it, it counts as not listed until then, and leaves in no export."""
    asked: NewAllowance = call.body
    indicator = _readable(asked.value)
    until = _until(call, asked.lasts)
    try:
        mark = await _mark_of(call, indicator)
        entry = await call.core.services.store.allowed.add(indicator, asked.reason, _by(call), until, tlp=mark)
    except ValueError as refused:
        raise Problem(400, str(refused)) from None
    return _shape(entry)


async def disallow(call: Call) -> RemovedAllowance:
    """End it: whatever lists the value counts again, at once."""
    indicator = _readable(call.path["value"])
    mark = await _mark_of(call, indicator)
    entry = await call.core.services.store.allowed.remove(indicator, call.query.reason, _by(call), tlp=mark)
    if entry is None:
        raise Problem(404, f"{indicator.value!r} is not allowed (an entry is removed by its own value)")
    return RemovedAllowance(kind=entry.kind.value, value=entry.value, removed=True)


async def audit(call: Call) -> AuditPage:
    """What operators did, newest first. It names what may bear any mark, so only who sees red may read it."""
    if max_tlp_of(call) < Tlp.RED:
        raise Problem(403, "the audit names what may bear any mark: this needs max_tlp red", max_tlp=Tlp.RED.word)
    query: AuditQuery = call.query
    acts = await call.core.services.store.audit.read(before=query.before, limit=query.limit)
    return AuditPage(acts=acts)


async def _mark_of(call: Call, indicator: Indicator) -> Tlp | None:
    """Return the least mark under which the value is listed, or else was; None: it never was."""
    for mark in Tlp:
        if await _listed(call, [indicator.value], mark):
            return mark
    was = await call.core.services.store.sightings.history(indicator.value, max_tlp=Tlp.RED)
    return min((one.tlp for one in was), default=None)


async def _hidden(call: Call, entries: Sequence[Allowance], mark: Tlp) -> set[str]:
    """Return the values of entries that are listed, or were, and only above the mark: naming one would tell it."""
    values = [entry.value for entry in entries]
    hidden = await _listed(call, values, Tlp.RED) - await _listed(call, values, mark)
    named = [(entry.kind, entry.value) for entry in entries]
    above = await call.core.services.store.sightings.only_above(named, mark)
    return hidden | {value for _, value in above}


async def _listed(call: Call, values: Sequence[str], mark: Tlp) -> set[str]:
    """Return the values that are listed under the mark; while the index loads, the database says it."""
    services = call.core.services
    if services.index is None or not services.index.ready:
        now = services.clock.now()
        found = await services.store.past.at([(value, now) for value in values], max_tlp=int(mark))
        return {one.value for one in found if one.matches}
    answer = await services.index.answer(values, mark, AllowList())
    return {one.value for one in msgspec.json.decode(answer, type=LookupAnswer).results if one.listed}


def _by(call: Call) -> str:
    return "" if call.caller is None else call.caller.name


def _readable(text: str) -> Indicator:
    if len(text) > LONGEST_VALUE:
        raise Problem(400, f"a value has at most {LONGEST_VALUE} characters")
    try:
        return readable(text)
    except RefusedValue as refused:
        why = {
            "too_wide": "that network is too wide: allow what is yours in it",
            "public_suffix": "whole registries are not allowed: allow the names below it",
        }.get(refused.reason, f"that is nothing that could be listed: {refused.reason}")
        raise Problem(400, why, reason=refused.reason) from None


def _until(call: Call, text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return call.core.services.clock.now() + duration(text)
    except (ValueError, OverflowError) as error:
        raise Problem(400, f"for: {error}") from None


def _shape(entry: Allowance) -> AllowanceShape:
    return AllowanceShape(
        kind=entry.kind.value,
        value=entry.value,
        reason=entry.reason,
        by=entry.by,
        created=entry.created,
        until=entry.until,
    )


_PATH = "/api/v1/allowed"
ROUTES = (
    Route(
        method="GET",
        path=_PATH,
        view=list_allowed,
        scope="write",
        answer=AllowanceList,
        problems=(503,),
        summary="What is allowed",
        tag="allowed",
    ),
    Route(
        method="POST",
        path=_PATH,
        view=allow,
        scope="write",
        body=NewAllowance,
        answer=AllowanceShape,
        status=201,
        problems=(503,),
        summary="Allow a value, whatever lists it",
        tag="allowed",
    ),
    Route(
        method="DELETE",
        path=f"{_PATH}/<path:value>",
        view=disallow,
        scope="write",
        query=RemoveQuery,
        answer=RemovedAllowance,
        problems=(404, 503),
        summary="Allow a value no more",
        tag="allowed",
    ),
    Route(
        method="GET",
        path="/api/v1/audit",
        view=audit,
        scope="admin",
        query=AuditQuery,
        answer=AuditPage,
        problems=(503,),
        summary="What operators did",
        tag="audit",
    ),
)
