"""What lists hold: candidates page by page, and how many sources list a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.fluxing import new
from support.stores import write_opened

from tipd.model.canonical import canonical
from tipd.model.flux import NewName
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store


async def open_all(store: Store, source: str, values: list[str], folder: Path, **more: Any) -> None:
    row = await store.sources.get(source)
    assert row is not None
    round_id = await store.rounds.begin(row.id)
    opened = write_opened(folder / "opened", store.hash_seed, [canonical(value) for value in values], **more)
    closed = folder / "closed"
    closed.write_bytes(b"")
    await store.rounds.apply(round_id, row.id, opened, closed)


@pytest.fixture
async def lists(store: Store, tmp_path: Path) -> Store:
    declared = {
        "c2": Declared(tlp=Tlp.GREEN, class_="c2-server"),
        "mixed": Declared(tlp=Tlp.RED, class_="blacklist"),
    }
    await store.sources.declare("blacklist", declared)
    await open_all(store, "c2", ["a.example.org", "192.0.2.1", "http://b.example.org/x"], tmp_path)
    await open_all(
        store, "mixed", ["a.example.org"], tmp_path, context={"class": ["phishing", "spam"]}, tlp=int(Tlp.AMBER)
    )
    await open_all(store, "mixed", ["c.example.org", "192.0.2.1"], tmp_path)
    await open_all(store, "mixed", ["d.example.org"], tmp_path, context={"class": "c2-server"})
    return store


async def walk(store: Store, classes: list[str], limit: int) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    after: Any = None
    while True:
        page, after = await store.flux.listed(classes, after, limit)
        found += [tuple(row) for row in page]
        if after is None:
            return sorted(found)


@pytest.mark.parametrize("limit", [1, 2, 100])
async def test_names_and_urls_of_the_classes_come_once_a_source(lists: Store, limit: int) -> None:
    assert await walk(lists, ["c2-server", "spam"], limit) == [
        (Kind.DOMAIN, "a.example.org", "c2-server", "c2", None, "list"),
        (Kind.DOMAIN, "a.example.org", "spam", "mixed", Tlp.AMBER, "list"),
        (Kind.DOMAIN, "d.example.org", "c2-server", "mixed", None, "list"),
        (Kind.URL, "http://b.example.org/x", "c2-server", "c2", None, "list"),
    ]
    assert [row[1] for row in await walk(lists, ["blacklist"], limit)] == ["c.example.org"]
    assert await walk(lists, [], limit) == []


async def test_hits_are_sources_that_list_a_value_now(lists: Store) -> None:
    names = ["a.example.org", "nobody.example.org"]
    assert await lists.flux.hits(names, ["192.0.2.1", "2001:db8::1"]) == {"a.example.org": 2, "192.0.2.1": 2}
    assert await lists.flux.hits(names, ["192.0.2.1"], max_tlp=Tlp.AMBER) == {"a.example.org": 1, "192.0.2.1": 1}
    assert await lists.flux.hits([], []) == {}


async def test_evidence_ends_where_its_list_ends_it_and_stands_again_when_it_is_told_again(lists: Store) -> None:
    one = NewName(name="a.example.org", why="list", source="c2", class_="c2-server")
    await lists.flux.add([one, NewName(name="a.example.org", why="list", source="mixed"), new("a.example.org")])
    assert await lists.flux.ended([("a.example.org", "c2"), ("nobody.example.org", "c2"), ("a.example.org", "x")]) == 1
    assert await lists.flux.ended([("a.example.org", "c2")]) == 0

    async def ended() -> list[tuple[str | None, bool]]:
        detail = await lists.flux.get("a.example.org", max_tlp=Tlp.RED)
        assert detail is not None
        return sorted((origin.source or "", origin.ended is not None) for origin in detail.origins)

    assert await ended() == [("", False), ("c2", True), ("mixed", False)]
    await lists.flux.add([one])
    assert await ended() == [("", False), ("c2", False), ("mixed", False)]


async def test_names_that_came_by_walks_are_counted_by_where_these_began(lists: Store) -> None:
    paths = {"p.example": ("192.0.2.1",), "q.example": ("192.0.2.1", "p.example", "192.0.2.2"), "r.example": ("z.org",)}
    await lists.flux.add([NewName(name=name, why="follow", path=path) for name, path in paths.items()])
    await lists.flux.add([NewName(name="s.example", why="pivot", path=("192.0.2.1",))])
    assert [await lists.flux.followed(root) for root in ("192.0.2.1", "z.org", "p.example")] == [2, 1, 0]
