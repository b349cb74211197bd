"""`POST /api/v1/flux/rescore`: scores again, out of the look-ups that are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.api.declare import Call, Route
from tipd.api.naming import read_domain
from tipd.api.problem import Problem
from tipd.api.rescoring import VERSION, make_judge, rescored
from tipd.api.shapes_walk import RescoreAnswer, RescoreRequest
from tipd.api.sight import max_tlp_of
from tipd.model.flux import State
from tipd.model.indicator import RefusedValue

if TYPE_CHECKING:
    from tipd.api.shapes_walk import Rescored
    from tipd.model.tracked import StoredRun, Tracked

PAGE = 5_000  # runs read at once
MOST_RUNS = 50_000  # of one name, the first there are
_KEPT = (State.CANDIDATE, State.LIKELY, State.CONFIRMED, State.DORMANT)
_one_at_a_time = trio.CapacityLimiter(1)  # arithmetic in a thread takes turns with the loop: never in many


async def rescore(call: Call) -> RescoreAnswer:
    """Take the scores of names again with the present formulas, settings and knowledge; nothing is stored."""
    asked: RescoreRequest = call.body
    settings = call.core.services.flux
    judge = await trio.to_thread.run_sync(make_judge, settings)
    rows, missing, more = await (_named(call, asked) if asked.domains else _page(call, asked))
    done: list[Rescored] = []
    without: list[str] = []
    for row in rows:
        runs = await _runs(call, row.name)
        if runs:
            done.append(await trio.to_thread.run_sync(rescored, row, runs, judge, limiter=_one_at_a_time))
        else:
            without.append(row.name)
    return RescoreAnswer(version=VERSION, domains=done, missing=missing, without=without, next=more)


async def _named(call: Call, asked: RescoreRequest) -> tuple[list[Tracked], list[str], str | None]:
    rows: list[Tracked] = []
    missing: list[str] = []
    for name in dict.fromkeys(_name(text) for text in asked.domains):
        found = await call.core.services.store.flux.get(name, max_tlp=max_tlp_of(call))
        missing.append(name) if found is None else rows.append(found.row)
    return rows, missing, None


def _name(text: str) -> str:
    try:
        return read_domain(text)
    except RefusedValue as refused:
        raise Problem(400, f"{text[:100]!r} is no name: {refused.reason}", reason=refused.reason) from None


async def _page(call: Call, asked: RescoreRequest) -> tuple[list[Tracked], list[str], str | None]:
    if "\0" in asked.after:
        raise Problem(400, "after: is what a page gave as next")
    rows = await call.core.services.store.flux.list(
        state=_KEPT, after=asked.after, limit=asked.limit + 1, max_tlp=max_tlp_of(call)
    )
    page = list(rows[: asked.limit])
    return page, [], page[-1].name if len(rows) > asked.limit else None


async def _runs(call: Call, name: str) -> list[StoredRun]:
    runs: list[StoredRun] = []
    while len(runs) < MOST_RUNS:
        since = runs[-1].first if runs else None
        page = await call.core.services.store.flux.runs(name, since=since, limit=PAGE)
        runs += page
        if len(page) < PAGE:
            break
    return runs


ROUTES = (
    Route(
        method="POST",
        path="/api/v1/flux/rescore",
        view=rescore,
        body=RescoreRequest,
        answer=RescoreAnswer,
        problems=(503,),
        summary="Score names again out of the look-ups that are kept",
        tag="flux",
    ),
)
