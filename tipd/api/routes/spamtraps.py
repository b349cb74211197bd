"""`/api/v1/spamtraps`: archives and agents, and what they take in."""

from __future__ import annotations

from typing import Annotated

import msgspec

from tipd.api.declare import Call, Route
from tipd.api.shapes_spam import SpamtrapsShape
from tipd.api.sight import max_tlp_of
from tipd.api.spam_view import spamtraps_of

MOST_DAYS = 400


class SpamtrapsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Count so many days, today among them."""

    days: Annotated[int, msgspec.Meta(ge=1, le=MOST_DAYS)] = 30


async def spamtraps(call: Call) -> SpamtrapsShape:
    """Archives and agents; mails a day, by class, the networks they came from, and the defects they had."""
    services = call.core.services
    found = await services.store.spam.spamtraps(days=call.query.days, max_tlp=max_tlp_of(call))
    return spamtraps_of(found, services.asns)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/spamtraps",
        view=spamtraps,
        query=SpamtrapsQuery,
        answer=SpamtrapsShape,
        problems=(503,),
        summary="Archives and agents, and what they take in",
        tag="spam",
    ),
)
