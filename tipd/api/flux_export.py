"""Tracked names, and the addresses they have, as lists to be exported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.exporting import Listing
from tipd.api.naming import wanted_tags
from tipd.api.sight import max_tlp_of
from tipd.model.flux import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.declare import Call

NAMES, NODES = "names", "nodes"
CONFIRMED = (State.CONFIRMED,)


async def flux_listing(
    call: Call, name: str, ending: str, *, of: str, state: tuple[State, ...], tag: Sequence[str], public: bool
) -> Listing:
    """Return the names in these states and with one of these tags, or their addresses, as far as the caller may see.

    `public`: only what may be passed on to anybody: marked clear, brought by a person or by a source that lets it.
    """
    flux, tags, mark = call.core.services.store.flux, wanted_tags(tag), max_tlp_of(call)
    return Listing(
        name=name,
        ending=ending,
        depends=[of, sorted(state), sorted(tags), public, await flux.revision()],
        pages=lambda: flux.export(state=state, tag=tags, of=of, max_tlp=mark, public=public),
    )
