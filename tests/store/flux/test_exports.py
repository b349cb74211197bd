"""Tracked names and their addresses as rows of exports."""

from __future__ import annotations

from typing import Any

import pytest
from support.fluxing import mark, new, seen

from tipd.model.flux import Batch, State, Tier
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.flux import exports
from tipd.store.sources import Declared
from tipd.store.store import Store

DAY = 86400.0


@pytest.fixture
async def world(store: Store) -> Store:
    await store.sources.declare(
        "blacklist",
        {
            "open": Declared(tlp=Tlp.CLEAR, redistribute=True),
            "ours": Declared(tlp=Tlp.CLEAR),
            "red": Declared(tlp=Tlp.RED, redistribute=True),
        },
    )
    of = {"why": "list", "by": ""}
    await store.flux.add(
        [
            new("a.example.org", source="open", tags=("x",), **of),
            new("a.example.org", source="red", **of),
            new("b.example.net", source="ours", **of),
            new("c.example.com"),
            new("d.example.com", source="red", **of),
        ]
    )
    known = {one.name: one.id for one in await store.flux.changed_since(0)}
    marks = tuple(mark(known[name], State.CONFIRMED, at=9 * DAY, holz=21180, tier=Tier.LIKELY) for name in known)
    observations = (
        seen("a.example.org", "192.0.2.1", at=9 * DAY, asn=64500),
        seen("a.example.org", "10.0.0.1", at=9 * DAY),
        seen("a.example.org", "192.0.2.7", at=0, until=7 * DAY),
        seen("b.example.net", "192.0.2.1", at=8.5 * DAY),
        seen("d.example.com", "2001:db8::1", at=9 * DAY),
        seen("a.example.org", "ns.example.org", at=9 * DAY),
    )
    await store.flux.save(Batch(marks=marks, observations=observations), vantage="home")
    return store


async def rows(store: Store, **more: Any) -> list[Any]:
    return [row async for page in store.flux.export(**{"max_tlp": Tlp.RED} | more) for row in page]


@pytest.mark.parametrize("page", [1, 5000])
async def test_names_come_page_by_page(world: Store, monkeypatch: pytest.MonkeyPatch, page: int) -> None:
    monkeypatch.setattr(exports, "PAGE", page)
    found = await rows(world)
    assert [(row.kind, row.value, row.sources) for row in found] == [
        (Kind.DOMAIN, "a.example.org", ["open", "red"]),
        (Kind.DOMAIN, "b.example.net", ["ours"]),
        (Kind.DOMAIN, "c.example.com", []),
        (Kind.DOMAIN, "d.example.com", ["red"]),
    ]
    assert found[0].context == {"state": "confirmed", "tier": "likely", "score": 211.8, "tags": ["x"]}
    assert [row.value for row in await rows(world, tag=("x",))] == ["a.example.org"]
    assert await rows(world, state=(State.LIKELY,)) == []
    assert [(row.value, row.sources) for row in await rows(world, max_tlp=Tlp.GREEN)] == [
        ("a.example.org", ["open"]),
        ("b.example.net", ["ours"]),
        ("c.example.com", []),
    ]


async def test_public_is_what_may_be_passed_on(world: Store) -> None:
    assert [(row.value, row.sources) for row in await rows(world, public=True)] == [("a.example.org", ["open"])]
    assert [row.value for row in await rows(world, public=True, of="nodes")] == ["192.0.2.1"]


async def test_nodes_are_the_addresses_that_names_have(world: Store) -> None:
    found = await rows(world, of="nodes")
    assert [(row.kind, row.value, row.sources) for row in found] == [
        (Kind.IPV4, "192.0.2.1", ["open", "ours", "red"]),
        (Kind.IPV6, "2001:db8::1", ["red"]),
    ]
    assert found[0].context == {"asn": 64500, "names": ["a.example.org", "b.example.net"]}
    assert [row.value for row in await rows(world, of="nodes", max_tlp=Tlp.GREEN)] == ["192.0.2.1"]


async def test_counts_are_those_of_the_rows(world: Store) -> None:
    for of in ("names", "nodes"):
        for more in ({}, {"max_tlp": Tlp.GREEN}, {"public": True}, {"state": (State.CONFIRMED,)}):
            number = await world.flux.count(**{"of": of, "max_tlp": Tlp.RED} | more)
            assert number == len(await rows(world, of=of, **more))


async def test_the_revision_grows_with_what_people_change(world: Store) -> None:
    before = await world.flux.revision()
    await world.flux.edit("a.example.org", add_tags=("y",), by="uid 0")
    assert await world.flux.revision() > before
