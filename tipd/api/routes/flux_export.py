"""`GET /api/v1/flux/export`: tracked names in any state, or the addresses they have, in any format."""

from __future__ import annotations

from typing import Literal

import msgspec

from tipd.api.declare import Answer, Call, Route
from tipd.api.exporting import answer
from tipd.api.flux_export import CONFIRMED, flux_listing
from tipd.api.problem import Problem
from tipd.api.routes.flux import states_of
from tipd.exports.formats import FORMATS


class FluxExportQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Names in one of these states (confirmed where none is given) and with one of these tags; or their addresses.

    `of`: `names` or `nodes`; `format`: `txt`, `csv` or `jsonl`; `public`: only what may be passed on to anybody.
    """

    state: list[str] = []
    tag: list[str] = []
    of: Literal["names", "nodes"] = "names"
    format: str = "txt"
    public: bool = False


async def export(call: Call) -> Answer:
    """As `GET /api/v1/exports/flux.txt` and `flux-nodes.txt`, of the states that are asked for."""
    asked: FluxExportQuery = call.query
    if asked.format not in FORMATS:
        raise Problem(400, f"unknown format {asked.format[:100]!r}", parameter="format", known=list(FORMATS))
    name = "flux" if asked.of == "names" else "flux-nodes"
    state = states_of(asked.state) or CONFIRMED
    listing = await flux_listing(call, name, asked.format, of=asked.of, state=state, tag=asked.tag, public=asked.public)
    return await answer(call, listing)


ROUTES = (
    Route(
        method="GET",
        path="/api/v1/flux/export",
        view=export,
        query=FluxExportQuery,
        produces="text/plain",
        problems=(503,),
        summary="Tracked names, or their addresses, to block with",
        tag="flux",
    ),
)
