"""`/api/v1/status`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.api import Served, World, body_of, served


async def test_everything_is_there(world: World, api: Served) -> None:
    told = body_of(await api.ask("GET", "/api/v1/status"))
    assert told["nursery"] == world.health.tree
    assert told["store"] == {"available": True, "store_id": "one"}
    assert told["index"] == {"ready": True, "entries": 1, "bytes": 64, "behind": 0}
    assert told["stream"]["readers"] == 0
    assert told["sizes"] == {"tables": {"sighting": 8192}, "growth_per_day": {"sighting": 10.5}}
    assert told["loop"] == {"blocked": 0, "worst": 0.0}


async def test_a_process_without_an_index_says_so(world: World, tmp_path: Path) -> None:
    async with served(replace(world.services(), index=None, blocking=None, scheduler=None), tmp_path) as api:
        told = body_of(await api.ask("GET", "/api/v1/status"))
        assert (told["index"], told["loop"]) == ({"ready": False}, {})
        assert (await api.ask("POST", "/api/v1/lookup", body={"values": ["x"]})).status == 503
        assert (await api.ask("POST", "/api/v1/sources/example_drop/run")).status == 202
        assert world.asks.asked == [("blacklist", "example_drop")]
        assert (await api.ask("GET", "/metrics")).status == 200
