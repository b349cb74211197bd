"""`GET /api/v1/findings`: the log by position."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.shapes import FindingsPage, Seq
from tipd.api.stream.ask import check_store, checked_kinds, gone
from tipd.errors import GoneError


class FindingsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`since`: the last `seq` one has (without it: from the first there is); `kind` may be repeated."""

    since: Seq | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1000
    kind: list[str] = []
    store_id: str | None = None


async def findings(call: Call) -> FindingsPage:
    """Findings with seq > since, ascending; 410 where that position is gone or another store's."""
    store, query = call.core.services.store, call.query
    kinds = tuple(checked_kinds(set(query.kind)))
    bounds = await store.findings.bounds()
    check_store(store, query.store_id, bounds)
    since = bounds[0] - 1 if query.since is None else query.since
    try:
        page = await store.findings.read(since, limit=query.limit + 1, kinds=kinds)
    except GoneError as error:
        raise gone(_why(since, error), store, (error.first, error.last)) from None
    more = len(page) > query.limit
    page = page[: query.limit]
    # Everything up to the last `seq` seen beforehand was looked through, also what the filter left out.
    last = page[-1].seq if more else max(bounds[1], page[-1].seq if page else since)
    return FindingsPage(findings=list(page), last=last, more=more, store_id=store.store_id)


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
