"""`GET /api/v1/indicators/{value}/explain`: the arithmetic behind a confidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.declare import Route
from tipd.api.routes.indicators import about
from tipd.api.shapes import Explanation
from tipd.api.sight import max_tlp_of
from tipd.model.confidence import MODEL, terms

if TYPE_CHECKING:
    from tipd.api.declare import Call


async def explain(call: Call) -> Explanation:
    """How sure tipd is about one indicator, and what each source that names it adds."""
    found = await about(call.core, max_tlp_of(call), call.path["value"])
    weights = {
        row.name: row.weight for row in await call.core.services.store.sources.all() if row.name in found.sources
    }
    return Explanation(
        value=found.value,
        kind=found.kind,
        confidence=found.confidence,
        model=MODEL,
        terms=terms(weights),
        allowed=found.allowed,
    )


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/indicators/<path:value>/explain",
        view=explain,
        answer=Explanation,
        problems=(503,),
        summary="The arithmetic behind the confidence in one indicator",
        tag="indicators",
    ),
)
