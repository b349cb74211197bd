"""Agents over HTTP."""

from __future__ import annotations

from support.api import Served, World, body_of
from support.spam import START, agent, fill

PATH = "/api/v1/agents"


async def test_agents_with_last_version_lag_and_gaps(world: World, api: Served) -> None:
    fill(world.spam)
    (told,) = body_of(await api.ask("GET", PATH, token="tip_read"))["agents"]
    wanted = {"name": "mx1", "view": "redacted", "state": "ok", "last": 7, "records": 1234, "lag_s": 0.0, "gaps": 0}
    assert told.items() >= wanted.items()
    assert told["refused"] is None
    world.tokens.add("tip_red", "read", max_tlp="red")
    names = [one["name"] for one in body_of(await api.ask("GET", PATH, token="tip_red"))["agents"]]
    assert names == ["hidden", "mx1"]


async def test_a_refusal_is_told(world: World, api: Served) -> None:
    refused = {"refused": "fork", "refused_at": START, "refused_number": 8, "detail": "another 7"}
    world.spam.hosts = [agent(state="refused", gaps=2, last_success=START.replace(year=2001), **refused)]
    told = body_of(await api.ask("GET", f"{PATH}/mx1"))
    assert told["refused"] == {
        "reason": "fork",
        "at": "2026-11-22T04:00:00Z",
        "number": 8,
        "detail": "another 7",
    }
    assert told["gaps"] == 2
    assert told["lag_s"] > 0  # since it last answered well


async def test_one_that_is_not_there_or_above_the_mark(world: World, api: Served) -> None:
    fill(world.spam)
    assert (await api.ask("GET", f"{PATH}/mx1", token="tip_read")).status == 200
    assert (await api.ask("GET", f"{PATH}/hidden", token="tip_read")).status == 404
    assert (await api.ask("GET", f"{PATH}/{'x' * 300}", token="tip_read")).status == 404


async def test_nobody_without_a_token_and_a_database_away(world: World, api: Served) -> None:
    assert (await api.ask("GET", PATH, token=None)).status == 401
    world.spam.away = True
    assert (await api.ask("GET", PATH)).status == 503
