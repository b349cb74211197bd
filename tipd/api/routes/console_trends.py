"""The console's page of trends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.problem import Problem
from tipd.api.routes.trends import TrendsQuery, told
from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Sequence

HEIGHT = 28  # of the highest bar, in the drawing's units


async def trends(call: Call) -> Answer:
    """What rises and falls, with a bar for each period."""
    pages = call.core.pages
    values = {"here": "trends", "query": call.query, "told": None, "problem": None}
    try:
        answer = await told(call, call.query)
    except StoreAway:
        return Answer(pages.render("trends.html", **values | {"problem": "the database is away"}), 503, HTML)
    except Problem as problem:
        return Answer(pages.render("trends.html", **values | {"problem": problem.detail}), problem.status, HTML)
    drawn = {row.name: heights(row.listed) for row in answer.rows}
    return Answer(pages.render("trends.html", **values | {"told": answer, "drawn": drawn}), 200, HTML)


def heights(counts: Sequence[int]) -> list[int]:
    """Return the height of each bar: the greatest is `HEIGHT`, what is not nothing can be seen."""
    most = max([*counts, 1])
    return [max(2, round(HEIGHT * count / most)) if count else 0 for count in counts]


ROUTES = (
    Route(
        method="GET",
        path="/trends",
        view=trends,
        query=TrendsQuery,
        summary="What rises and falls",
        produces=HTML,
        page=True,
    ),
)
