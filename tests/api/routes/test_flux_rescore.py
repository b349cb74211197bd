"""Scores again, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from support.api import Served, World, body_of
from support.flux import nodes, tracked

from tipd.api.routes import flux_rescore
from tipd.model.flux import State
from tipd.model.tlp import Tlp

PATH = "/api/v1/flux/rescore"


async def again(api: Served, status: int = 200, token: str = "tip_all", **body: Any) -> Any:
    answer = await api.ask("POST", PATH, body=body, token=token)
    assert answer.status == status, answer.content
    return body_of(answer)


async def test_names_are_scored_again(world: World, api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flux_rescore, "PAGE", 5)
    world.flux.put(
        tracked("flux.example.org", state=State.CONFIRMED),
        tracked("new.example.org"),
        tracked("secret.example.org", tlp=Tlp.RED),
    )
    world.flux.kept["flux.example.org"] = [nodes(number) for number in range(12)]
    names = ["Flux.example.org.", "flux.example.org", "new.example.org", "secret.example.org", "none.example.org"]
    told = await again(api, domains=names)
    (one,) = told["domains"]
    assert (one["domain"], one["score"], one["looks"], one["before"]["state"]) == (
        "flux.example.org",
        211.8,
        12,
        "confirmed",
    )
    assert told["without"] == ["new.example.org"]
    assert told["missing"] == ["secret.example.org", "none.example.org"]


async def test_all_in_pages(world: World, api: Served) -> None:
    for number in range(3):
        world.flux.put(tracked(f"host{number}.example.org", state=State.LIKELY))
        world.flux.kept[f"host{number}.example.org"] = [nodes(0), nodes(1)]
    world.flux.put(tracked("watched.example.org", state=State.WATCHED))
    first = await again(api, limit=2)
    assert [one["domain"] for one in first["domains"]] == ["host0.example.org", "host1.example.org"]
    second = await again(api, limit=2, after=first["next"])
    assert [one["domain"] for one in second["domains"]] == ["host2.example.org"]
    assert second["next"] is None


async def test_what_is_no_request(world: World, api: Served) -> None:
    await again(api, 400, domains=["192.0.2.1"])
    await again(api, 400, domains=["a.example"] * 101)
    await again(api, 400, limit=1000)
    world.flux.away = True
    await again(api, 503)
