"""`POST /api/v1/forget`: blank a value everywhere in place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.shapes_past import ForgetJob, ForgetRequest
from tipd.api.sight import max_tlp_of
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.forgetting import TooMany

if TYPE_CHECKING:
    from tipd.api.services import Forgetter

_HELD = frozenset({Kind.DOMAIN, Kind.IPV4, Kind.IPV6})  # what names, URLs and addresses of mail can stand on


async def forget(call: Call) -> ForgetJob:
    """Blank a value in sightings, findings, texts and bodies; with `block` it is never taken in again.

    It touches, and counts, what bears any mark, so only who sees red may do it.
    """
    _check(call)
    asked: ForgetRequest = call.body
    try:
        subject = canonical(asked.value, poison=False)
    except RefusedValue as refused:
        raise Problem(400, f"that is no indicator tipd takes: {refused.reason}", reason=refused.reason) from None
    if asked.below and subject.kind not in _HELD:
        raise Problem(400, f"nothing stands below a value of the kind {subject.kind}: only on names and addresses")
    by = call.caller.name if call.caller else ""
    try:
        job = await _forgetter(call).forget(subject, by=by, reason=asked.reason, block=asked.block, below=asked.below)
    except TooMany as many:
        raise Problem(409, str(many)) from None
    return _shape(job)


async def forget_job(call: Call) -> ForgetJob:
    """How far it is."""
    _check(call)
    job = _forgetter(call).job(call.path["job"])
    if job is None:
        raise Problem(404, "nobody remembers such a job; the audit says what was forgotten")
    return _shape(job)


def _check(call: Call) -> None:
    if max_tlp_of(call) < Tlp.RED:
        raise Problem(403, "forgetting counts what bears any mark: this needs max_tlp red", max_tlp=Tlp.RED.word)


def _forgetter(call: Call) -> Forgetter:
    forgetter = call.core.services.forgetter
    if forgetter is None:
        raise Problem(503, "this tipd forgets nothing")
    return forgetter


def _shape(job: Any) -> ForgetJob:
    return ForgetJob(**{name: getattr(job, name) for name in ForgetJob.__struct_fields__})


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/forget",
        view=forget,
        scope="admin",
        body=ForgetRequest,
        answer=ForgetJob,
        status=202,
        problems=(409, 503),
        summary="Forget a value",
        tag="the past",
    ),
    Route(
        method="GET",
        path="/api/v1/forget/<job>",
        view=forget_job,
        scope="admin",
        answer=ForgetJob,
        problems=(404, 503),
        summary="How far a forgetting is",
        tag="the past",
    ),
)
