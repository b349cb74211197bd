"""`GET /api/v1/findings`: the log by position."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.shapes import FindingsPage, Seq
from tipd.api.stream.ask import Ask, check_store, checked_kinds, checked_tags, gone
from tipd.api.stream.scan import forward
from tipd.errors import GoneError


class FindingsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`since`: the last `seq` one has (without it: from the first there is); `kind`, `watch`, `tag` may be repeated.

    `watch=*`: whatever any watch matches; `tag`: of tracked names; `initial=false`: without what first rounds loaded.
    """

    since: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    kind: list[str] = []
    watch: list[str] = []
    tag: list[str] = []
    initial: bool = True
    store_id: str | None = None


async def findings(call: Call) -> FindingsPage:
    """Findings with seq > since, ascending; 410 where that position is gone or another store's.

    Where few are wanted of many (`watch=`), a page looks through a bounded stretch of the log: `more` is true and
    `last` moved on, also when nothing was found.
    """
    services, query = call.core.services, call.query
    store, annotations = services.store, services.annotations
    ask = Ask(
        query.since,
        checked_kinds(set(query.kind)),
        query.store_id,
        frozenset(query.watch),
        query.initial,
        checked_tags(query.tag),
    )
    choice = ask.choice(call.caller, annotations.watches)
    bounds = await store.findings.bounds()
    check_store(store, query.store_id, bounds)
    since = bounds[0] - 1 if query.since is None else query.since
    try:
        page = await forward(store.findings, annotations, choice, since, end=bounds[1], limit=query.limit)
    except GoneError as error:
        raise gone(_why(since, error), store, (error.first, error.last)) from None
    return FindingsPage(findings=page.findings, last=page.last, more=page.more, store_id=store.store_id)


def _why(since: int, error: GoneError) -> str:
    if since > error.last:
        return "the cursor is ahead of the log: it belongs to another store"
    return "retention removed findings after the cursor"


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/findings",
        view=findings,
        query=FindingsQuery,
        answer=FindingsPage,
        problems=(410, 503),
        summary="Findings after a cursor",
        tag="findings",
    ),
)
