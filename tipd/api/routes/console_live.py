"""The console's live page: the newest findings, and those to come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from tipd.api.declare import HTML, Answer, Call, Route
from tipd.api.naming import LONGEST_TAG
from tipd.api.stream.ask import Ask
from tipd.api.stream.scan import newest
from tipd.errors import GoneError, StoreAway

if TYPE_CHECKING:
    from tipd.model.finding import Finding

_SHOWN = 200


class LiveQuery(msgspec.Struct, frozen=True, kw_only=True):
    """`watch`: only what this watch matches (`*`: any); `tag`: only tracked names with it; empty: everything."""

    watch: str = ""
    tag: Annotated[str, msgspec.Meta(max_length=LONGEST_TAG)] = ""


async def live(call: Call) -> Answer:
    """The newest findings that the session may see, without what first rounds loaded, and those to come."""
    watches = call.core.services.annotations.watches
    wanted = call.query.watch if call.query.watch in {"*", *watches.names} else ""
    values: dict[str, Any] = {
        "here": "live",
        "watch": wanted,
        "tag": call.query.tag,
        "watches": watches.names,
        "findings": [],
        "last": None,
        "away": False,
    }
    try:
        rows, last = await _newest(call, wanted, call.query.tag)
    except (StoreAway, GoneError):
        return Answer(call.core.pages.render("live.html", **values | {"away": True}), 503, HTML)
    return Answer(call.core.pages.render("live.html", **values | {"findings": rows, "last": last}), 200, HTML)


async def _newest(call: Call, watch: str, tag: str) -> tuple[list[Finding], int]:
    services = call.core.services
    watches, tags = frozenset({watch} if watch else ()), frozenset({tag} if tag else ())
    ask = Ask(None, frozenset(), None, watches, initial=False, tags=tags)
    choice = ask.choice(call.caller, services.annotations.watches)
    return await newest(services.store.findings, services.annotations, choice, _SHOWN)


ROUTES = (
    Route(
        method="GET",
        path="/",
        view=live,
        query=LiveQuery,
        summary="Live findings",
        produces=HTML,
        page=True,
    ),
)
