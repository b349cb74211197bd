"""Sources are shown and run."""

from __future__ import annotations

from support.api import Served, World, body_of, source


async def test_sources_are_shown_and_run(world: World, api: Served) -> None:
    world.sources.rows["elsewhere"] = source("elsewhere", module="spamtrap")
    (one, _) = body_of(await api.ask("GET", "/api/v1/sources"))["sources"]
    assert (one["name"], one["state"], one["weight"], one["entries"]) == ("example_drop", "ok", 0.5, 12)
    assert (one["refused"], one["next_run"]) == ({"bogon": 2}, "2026-11-22T05:00:00Z")
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run")).status == 202
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]
    assert (await api.ask("POST", "/api/v1/sources/nowhere/run")).status == 404
    assert (await api.ask("POST", "/api/v1/sources/elsewhere/run")).status == 202
    assert world.asks.asked == [("spamtrap", "elsewhere")]
    assert (await api.ask("POST", "/api/v1/sources/example_drop/run", token="tip_read")).status == 403
