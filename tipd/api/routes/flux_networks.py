"""`GET /api/v1/flux/networks`: names that share addresses."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.flux_view import network_of
from tipd.api.shapes_flux import NetworkPage
from tipd.api.sight import max_tlp_of


class NetworksQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Networks with a number above `after`, at most `limit`."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


async def networks(call: Call) -> NetworkPage:
    """Networks of names that share addresses, in pages."""
    asked: NetworksQuery = call.query
    rows = await call.core.services.store.flux.networks(
        max_tlp=max_tlp_of(call), after=asked.after, limit=asked.limit + 1
    )
    page = rows[: asked.limit]
    more = page[-1].id if len(rows) > asked.limit else None
    return NetworkPage(networks=[network_of(one) for one in page], next=more)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/flux/networks",
        view=networks,
        query=NetworksQuery,
        answer=NetworkPage,
        problems=(503,),
        summary="Networks: names that share addresses",
        tag="flux",
    ),
)
