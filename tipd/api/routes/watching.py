"""`/api/v1/watches` and `/api/v1/sinks`: what matters to the operator, and who is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.model.canonical import canonical
from tipd.model.indicator import RefusedValue


class WatchesQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`value`: an indicator to be matched."""

    value: str = ""


class WatchMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A watch that a value concerns, and why in words."""

    watch: str
    why: str


class WatchesAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The names of all watches; with a value, those it concerns."""

    watches: list[str]
    value: str | None = None
    kind: str | None = None
    matches: list[WatchMatch] | None = None


class SinkShape(msgspec.Struct, frozen=True, kw_only=True):
    """How one sink is: `told` up to which finding, `behind` by how many numbers, since when and why it is `stopped`."""

    name: str
    target: str
    watch: list[str]
    kinds: list[str]
    max_tlp: str
    state: str
    told: int | None
    behind: int | None
    failures: int
    last_error: str | None
    last_error_at: datetime | None
    stopped: datetime | None
    why: str | None


class SinkList(msgspec.Struct, frozen=True, kw_only=True):
    """All sinks."""

    sinks: list[SinkShape]


class SinkTested(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the receiver took a test message; `why` not."""

    sink: str
    taken: bool
    why: str


class SinkResumed(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the sink was stopped and goes on now."""

    sink: str
    resumed: bool


async def watches(call: Call) -> WatchesAnswer:
    """The watches there are; with `value`, those an indicator concerns and why."""
    matcher = call.core.services.annotations.watches
    text = call.query.value.strip()
    if not text:
        return WatchesAnswer(watches=list(matcher.names))
    try:
        subject = canonical(text, poison=False)
    except RefusedValue as refused:
        raise Problem(400, f"that is no indicator: {refused.reason}", reason=refused.reason) from None
    found = [WatchMatch(watch=name, why=why) for name, why in matcher.why(subject.kind, subject.value)]
    return WatchesAnswer(watches=list(matcher.names), value=subject.value, kind=subject.kind.value, matches=found)


async def sinks(call: Call) -> SinkList:
    """The sinks there are and how far each has come."""
    running = call.core.services.sinks
    states = [] if running is None else await running.states()
    return SinkList(sinks=[msgspec.convert(state, SinkShape, from_attributes=True) for state in states])


async def test(call: Call) -> SinkTested:
    """Send a sink's receiver one message that says it is a test; its cursor stays where it is."""
    running, name = call.core.services.sinks, call.path["name"]
    outcome = None if running is None else await running.test(name)
    if outcome is None:
        raise _unknown(name)
    return SinkTested(sink=name, taken=outcome.taken, why=outcome.why)


async def resume(call: Call) -> SinkResumed:
    """Let a sink go on whose receiver had said that it is gone for good; nothing that was found meanwhile is lost."""
    running, name = call.core.services.sinks, call.path["name"]
    resumed = None if running is None else await running.resume(name)
    if resumed is None:
        raise _unknown(name)
    return SinkResumed(sink=name, resumed=resumed)


def _unknown(name: str) -> Problem:
    return Problem(404, f"there is no sink {name[:100]!r}")


def _sink(path: str, view: Any, answer: Any, summary: str) -> Route:
    return Route(
        method="POST",
        path=f"/api/v1/sinks/<name>/{path}",
        view=view,
        answer=answer,
        scope="admin",
        problems=(404, 503),
        summary=summary,
        tag="watching",
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/watches",
        view=watches,
        query=WatchesQuery,
        answer=WatchesAnswer,
        summary="Watches, and what they say to a value",
        tag="watching",
    ),
    Route(
        method="GET",
        path="/api/v1/sinks",
        view=sinks,
        answer=SinkList,
        scope="admin",
        problems=(503,),
        summary="Sinks and how far each has come",
        tag="watching",
    ),
    _sink("test", test, SinkTested, "Send a test message"),
    _sink("resume", resume, SinkResumed, "Let a stopped sink go on"),
)
