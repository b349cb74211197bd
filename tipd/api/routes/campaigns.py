"""`/api/v1/campaigns`: mails that belong together."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.problem import Problem
from tipd.api.routes.flux import aware
from tipd.api.shapes_spam import CampaignDetailShape, CampaignPageShape
from tipd.api.sight import max_tlp_of
from tipd.api.spam_view import campaign_detail_of, campaign_of
from tipd.model.trapped import campaign_key

if TYPE_CHECKING:
    from tipd.model.trapped import CampaignDetail, CampaignPage

Order = Literal["last", "first", "mails", "traps"]


class CampaignsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Campaigns seen after `since` that began before `until`, with `text` in a subject or host, in this order.

    `order`: `last` (seen last first), `first` (the newest first), `mails` or `traps` (the largest first); `after`: what
    the page before gave as `next`.
    """

    since: datetime | None = None
    until: datetime | None = None
    order: Order = "last"
    text: Annotated[str, msgspec.Meta(max_length=255)] = ""
    after: Annotated[str, msgspec.Meta(max_length=256)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100


async def campaigns(call: Call) -> CampaignPageShape:
    """Campaigns in pages. Every number counts only what came by sources that the caller may see."""
    page = await listed(call, call.query)
    return CampaignPageShape(campaigns=[campaign_of(row) for row in page.rows], next=page.next or None)


async def listed(call: Call, asked: CampaignsQuery) -> CampaignPage:
    """Return a page of campaigns; raises Problem 400."""
    try:
        return await call.core.services.store.spam.campaigns(
            since=None if asked.since is None else aware(asked.since, "since"),
            until=None if asked.until is None else aware(asked.until, "until"),
            order=asked.order,
            text=asked.text.strip(),
            limit=asked.limit,
            after=asked.after,
            max_tlp=max_tlp_of(call),
        )
    except ValueError as error:
        raise Problem(400, f"after: {error}", parameter="after") from None


async def campaign(call: Call) -> CampaignDetailShape:
    """One campaign: its days, URLs by their shapes, hosts, attachments, relays and recipients."""
    return campaign_detail_of(await found(call, call.path["campaign"]), call.core.services.asns)


async def found(call: Call, name: str) -> CampaignDetail:
    """Return the campaign of that name; raises Problem 404."""
    try:
        key = campaign_key(name.lower())
    except ValueError as error:
        raise Problem(404, f"{name[:100]!r} names no campaign: {error}") from None
    told = await call.core.services.store.spam.campaign(key, max_tlp=max_tlp_of(call))
    if told is None:
        raise Problem(404, f"there is no campaign {name!r}")
    return told


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/campaigns",
        view=campaigns,
        query=CampaignsQuery,
        answer=CampaignPageShape,
        problems=(503,),
        summary="Campaigns: mails that belong together",
        tag="spam",
    ),
    Route(
        method="GET",
        path="/api/v1/campaigns/<campaign>",
        view=campaign,
        answer=CampaignDetailShape,
        problems=(404, 503),
        summary="One campaign",
        tag="spam",
    ),
)
