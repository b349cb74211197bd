"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

from tipd.api.declare import Answer, Call, Route
from tipd.api.metrics import CONTENT_TYPE, exposition
from tipd.api.problem import Problem
from tipd.api.shapes import Health, Ready
from tipd.api.sight import max_tlp_of


async def healthz(_call: Call) -> Health:
    """The process answers; says nothing about what it depends on."""
    return Health(alive=True)


async def readyz(call: Call) -> Ready:
    """Ready, or a 503 with the reasons. What pauses or still loads while tipd serves on is a note."""
    services = call.core.services
    reasons = [] if services.available() else ["the database is away"]
    if call.core.hub.closed:
        reasons.append("tipd is stopping")
    notes = [*services.notes()]
    if services.index is not None and not services.index.ready:
        notes.append("the look-up index is loading")
    if reasons:
        raise Problem(503, "; ".join(reasons), headers={"Retry-After": "5"}, ready=False, reasons=reasons, notes=notes)
    return Ready(ready=True, notes=notes)


async def metrics(call: Call) -> Answer:
    """Prometheus metrics. A scraper sends a token with the scope `read` (`authorization` in its configuration).

    What its token may not see has no series and is counted in none.
    """
    return Answer(await exposition(call.core, max_tlp_of(call)), content_type=CONTENT_TYPE)


ROUTES = (
    Route(method="GET", path="/healthz", view=healthz, scope=None, answer=Health, summary="The process answers"),
    Route(
        method="GET",
        path="/readyz",
        view=readyz,
        scope=None,
        answer=Ready,
        problems=(503,),
        summary="tipd does its work",
    ),
    Route(method="GET", path="/metrics", view=metrics, produces="text/plain", summary="Prometheus metrics"),
)
