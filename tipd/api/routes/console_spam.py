"""The console's pages of spam: what the traps take in, campaigns, and one campaign."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.drawing.lines import chart
from tipd.api.problem import Problem
from tipd.api.routes import agents as agent_routes
from tipd.api.routes.campaigns import CampaignsQuery, found, listed
from tipd.api.sight import max_tlp_of
from tipd.api.spam_view import agent_of, campaign_detail_of, campaign_of, mail_of, spamtraps_of
from tipd.errors import StoreAway

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.drawing.lines import Chart
    from tipd.api.shapes_spam import DayShape
    from tipd.model.trapped import CampaignDetail

DAYS = (7, 30, 90, 365)
ORDERS = {"last": "seen last", "first": "newest", "mails": "most mails", "traps": "most traps"}
NEWEST = 10  # campaigns on the page of traps
MAILS = 20  # on the page of a campaign
PAGE = 100
_DAY = timedelta(days=1)


class TrapsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """How many days are drawn: one of the choices."""

    days: int = 30


class PageQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which campaigns, and in which order."""

    order: str = "last"
    text: str = ""
    after: str = ""


async def spamtraps(call: Call) -> Answer:
    """Volume over time, agents and archives, networks, classes and defects, the latest campaigns."""
    days = call.query.days if call.query.days in DAYS else 30
    values: dict[str, Any] = {"here": "spam", "days": days, "choices": DAYS, "told": None, "problem": None}
    services, mark = call.core.services, max_tlp_of(call)
    spam, now = services.store.spam, services.clock.now()
    try:
        told = spamtraps_of(await spam.spamtraps(days=days, max_tlp=mark), services.asns)
        rows = [agent_of(row, now) for row in await agent_routes.rows(call)]
        newest = await spam.campaigns(limit=NEWEST, max_tlp=mark)
    except StoreAway:
        return _page(call, "spamtraps.html", 503, **values | {"problem": "the database is away"})
    values |= {
        "told": told,
        "drawn": drawn(told.days, now),
        "today": sum(one.mails for one in told.days if one.day == now.astimezone(UTC).date()),
        "total": sum(one.mails for one in told.days),
        "agents": rows,
        "archives": [one for one in told.spamtraps if one.kind != "agent"],
        "campaigns": [campaign_of(row) for row in newest.rows],
    }
    return _page(call, "spamtraps.html", **values)


def drawn(days: Sequence[DayShape], now: datetime) -> Chart | None:
    """Draw mails a day, each day from its beginning to its end or to now; None where there were none at all."""
    if not any(one.mails for one in days):
        return None
    points: list[tuple[datetime, float]] = []
    for one in days:
        begun = datetime.combine(one.day, time(), UTC)
        if points and begun - points[-1][0] > _DAY:  # nothing came in between
            points.append((points[-1][0] + _DAY, 0.0))
        points.append((begun, float(one.mails)))
    end = points[-1][0] + _DAY
    return chart(points, min(end, max(now, points[-1][0])))


async def campaigns(call: Call) -> Answer:
    """Campaigns in pages."""
    query = call.query
    order = query.order if query.order in ORDERS else "last"
    values: dict[str, Any] = {"here": "spam", "query": query, "order": order, "orders": ORDERS, "rows": [], "next": ""}
    asked = CampaignsQuery(order=order, text=query.text[:255], after=query.after[:256], limit=PAGE)  # type: ignore[arg-type]
    try:
        page = await listed(call, asked)
    except StoreAway:
        return _page(call, "campaigns.html", 503, **values, problem="the database is away")
    except Problem as problem:
        return _page(call, "campaigns.html", problem.status, **values, problem=problem.detail)
    values |= {"rows": [campaign_of(row) for row in page.rows], "next": page.next}
    return _page(call, "campaigns.html", **values, problem=None)


async def campaign(call: Call) -> Answer:
    """One campaign."""
    name = call.path["campaign"]
    values: dict[str, Any] = {"here": "spam", "name": name[:100], "told": None}
    try:
        told = await found(call, name)
        return _page(call, "campaign.html", **values | await _parts(call, told), problem=None)
    except StoreAway:
        return _page(call, "campaign.html", 503, **values, problem="the database is away")
    except Problem as problem:
        return _page(call, "campaign.html", problem.status, **values, problem=problem.detail)


async def _parts(call: Call, told: CampaignDetail) -> dict[str, Any]:
    services = call.core.services
    mails = await services.store.spam.mails(campaign=told.row.key, limit=MAILS, max_tlp=max_tlp_of(call))
    shape = campaign_detail_of(told, services.asns)
    return {
        "told": shape,
        "drawn": drawn(shape.days, services.clock.now()),
        "mails": [mail_of(one) for one in mails],
    }


def _page(call: Call, template: str, status: int = 200, **values: Any) -> Answer:
    return Answer(call.core.pages.render(template, **values), status, HTML)


def _route(path: str, view: Any, summary: str, query: type[msgspec.Struct] | None = None) -> Route:
    return Route(method="GET", path=path, view=view, query=query, summary=summary, produces=HTML, page=True)


ROUTES = (
    _route("/spamtraps", spamtraps, "What the traps take in", TrapsQuery),
    _route("/campaigns", campaigns, "Campaigns", PageQuery),
    _route("/campaigns/<campaign>", campaign, "One campaign"),
)
