"""`/api/v1/status`: what everything does now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.declare import Call, Route
from tipd.api.shapes import Status
from tipd.api.sight import max_tlp_of, tree_for
from tipd.errors import StoreAway

if TYPE_CHECKING:
    from tipd.api.core import Core


async def status(call: Call) -> Status:
    """The nursery tree, the store, the stream, the look-up index, the loop, bytes by table. Works without the store."""
    core = call.core
    return Status(
        version=core.services.version,
        now=core.services.clock.now(),
        store={"available": core.services.available(), "store_id": core.services.store.store_id},
        nursery=await tree_for(call),
        stream=_stream(core),
        index=await _index(call),
        loop=_loop(core),
        sizes=await _sizes(core),
    )


def _stream(core: Core) -> dict[str, Any]:
    hub = core.hub
    return {"readers": hub.readers, "live": hub.live, "position": max(hub.position, 0), "cut": hub.counts["cut"]}


async def _index(call: Call) -> dict[str, Any]:
    index = call.core.services.index
    if index is None:
        return {"ready": False}
    entries = await index.count(max_tlp_of(call))
    return {"ready": index.ready, "entries": entries, "bytes": index.bytes, "behind": index.behind}


def _loop(core: Core) -> dict[str, Any]:
    blocking = core.services.blocking
    return {} if blocking is None else {"blocked": blocking.count, "worst": blocking.worst}


async def _sizes(core: Core) -> dict[str, Any]:
    try:
        return {"tables": dict(await core.sizes.tables()), "growth_per_day": dict(await core.sizes.growth())}
    except StoreAway:
        return {}


ROUTES = (Route(method="GET", path="/api/v1/status", view=status, answer=Status, summary="What everything does now"),)
