"""Walks over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from support.api import ALL_SCOPES, Served, World, body_of
from support.flux import seen, tracked

from tipd.model import dns
from tipd.model.flux import State
from tipd.model.tlp import Tlp

PATH = "/api/v1/pivot"
NAMES = ("a.example.org", "b.example.org", "c.example.org")


async def ask(api: Served, path: str, status: int = 200, **more: Any) -> Any:
    answer = await api.ask(more.pop("method", "GET"), f"{PATH}/{path}", **more)
    assert answer.status == status, answer.content
    return body_of(answer)


async def add(api: Served, value: str, status: int = 200, token: str | None = "tip_all", **body: Any) -> Any:
    return await ask(api, value, status, method="POST", body=body, token=token)


@pytest.fixture
def network(world: World) -> World:
    """Three names, each of which shares an address with the next."""
    world.flux.put(*(tracked(name, state=State.CONFIRMED, tags=("lab",)) for name in NAMES))
    for number, name in enumerate(NAMES):
        world.flux.records += [seen(name, f"192.0.2.{number}"), seen(name, f"192.0.2.{number + 1}")]
    world.flux.records.append(seen("a.example.org", "end.example.net", rtype=dns.CNAME))
    return world


async def test_from_a_name(network: World, api: Served) -> None:
    told = await ask(
        api, "A.example.org.?since=2026-11-01T00:00:00Z&until=2026-12-01T00:00:00%2B01:00&tag=lab&limit=50"
    )
    assert (told["value"], told["kind"], told["more"]) == ("a.example.org", "domain", False)
    rows = {(one["value"], one["how"]): one for one in told["rows"]}
    assert rows["192.0.2.1", "has"]["asn"] == 64500
    assert rows["end.example.net", "has"]["type"] == "CNAME"
    shared = rows["b.example.org", "shares"]
    assert (shared["via"], shared["watched"], shared["tags"], shared["kind"]) == (
        "192.0.2.1",
        "confirmed",
        ["lab"],
        "domain",
    )
    assert network.flux.asked[-1] == {
        "since": datetime(2026, 11, 1, tzinfo=UTC),
        "until": datetime(2026, 11, 30, 23, tzinfo=UTC),
        "tag": ("lab",),
        "limit": 50,
    }


@pytest.mark.parametrize("value", ["192.0.2.1", "192[.]0.2.1", "AS64500", "as64500"])
async def test_from_an_address_or_an_as(network: World, api: Served, value: str) -> None:
    told = await ask(api, value, token="tip_read")
    assert {one["value"] for one in told["rows"]} >= {"a.example.org", "b.example.org"}
    assert {one["how"] for one in told["rows"]} == {"had_by"}


async def test_a_network_goes_into_the_path(network: World, api: Served) -> None:
    assert (await ask(api, "192.0.2.0/24"))["value"] == "192.0.2.0/24"


@pytest.mark.parametrize(
    "path",
    [
        "http://example.org/x",
        "not%20a%20value",
        "a.example.org?limit=0",
        "a.example.org?since=yesterday",
        "a.example.org?since=2026-11-22",
        "x" * 5000,
    ],
)
async def test_what_leads_nowhere(api: Served, path: str) -> None:
    await ask(api, path, status=400)


async def test_what_is_found_comes_under_watch(network: World, api: Served) -> None:
    done = await add(api, "a.example.org", tags=["walked"], note="from a", tlp="clear")
    assert [(one["domain"], one["result"], one["path"]) for one in done["domains"]] == [
        ("b.example.org", "known", ["a.example.org", "192.0.2.1"]),
        ("end.example.net", "new", ["a.example.org"]),
    ]
    assert (done["new"], done["known"], done["steps"], done["spent"]) == (1, 1, 1, False)
    ((batch, _),) = network.flux.batches
    assert {one.name: (one.why, one.tags, one.path, one.tlp) for one in batch}["end.example.net"] == (
        "pivot",
        ("walked",),
        ("a.example.org",),
        Tlp.GREEN,  # as who it is the end of
    )


async def test_a_walk_follows_what_it_finds(network: World, api: Served) -> None:
    done = await add(api, "192.0.2.0", follow=True, depth=3, budget=10)
    assert [one["domain"] for one in done["domains"]] == [
        "a.example.org",
        "b.example.org",
        "end.example.net",
        "c.example.org",
    ]
    assert {one.why for one in network.flux.batches[0][0]} == {"follow"}
    near = await add(api, "192.0.2.0", follow=True, budget=500)  # three steps, where nothing else is configured
    assert [one["domain"] for one in near["domains"]] == [one["domain"] for one in done["domains"]]
    short = await add(api, "192.0.2.0", follow=True, depth=3, budget=2)
    assert (len(short["domains"]), short["spent"]) == (2, True)
    for body in ({"depth": 0}, {"depth": 11}, {"budget": 0}, {"budget": 10_001}, {"tags": ["a b"]}, {"tlp": "x"}):
        await add(api, "192.0.2.0", 400, **body)


async def test_a_path_tells_nobody_what_its_origin_would_not(network: World, api: Served) -> None:
    network.flux.put(tracked("a.example.org", tlp=Tlp.AMBER))
    network.tokens.add("tip_amber", *ALL_SCOPES, max_tlp="amber")
    done = await add(api, "a.example.org", token="tip_amber")
    assert len(done["domains"]) == 2
    batch = {one.name: one for one in network.flux.batches[-1][0]}
    assert (batch["end.example.net"].tlp, batch["end.example.net"].path) == (Tlp.AMBER, ("a.example.org",))
    # b is watched under a milder mark: whoever sees it must not learn of a.
    assert (batch["b.example.org"].tlp, batch["b.example.org"].path) == (Tlp.AMBER, ())
    assert (await add(api, "a.example.org"))["domains"] == []
    assert (await ask(api, "192.0.2.0"))["rows"] == []


async def test_who_may(network: World, api: Served) -> None:
    await add(api, "a.example.org", 403, token="tip_read")
    await add(api, "a.example.org", 401, token=None)
    network.flux.away = True
    await ask(api, "a.example.org", status=503)
