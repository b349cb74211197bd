"""Who may see a tracked name, and what is known through it, as marks of sources change."""

from __future__ import annotations

import pytest
from support.fluxing import new, seen
from support.stores import whole_log

from tipd.model.flux import Batch
from tipd.model.tlp import Tlp
from tipd.store.flux import marks
from tipd.store.sources import Declared
from tipd.store.store import Store


async def declare(store: Store, **of: Tlp) -> None:
    await store.sources.declare("blacklist", {name: Declared(tlp=tlp) for name, tlp in of.items()})


async def visible(store: Store, max_tlp: Tlp = Tlp.GREEN) -> list[str]:
    return [one.name for one in await store.flux.list(max_tlp=max_tlp)]


async def data(store: Store, *values: str, max_tlp: Tlp = Tlp.GREEN) -> list[int]:
    return [len(await store.flux.pdns(value, max_tlp=max_tlp)) for value in values]


@pytest.fixture
async def world(store: Store) -> Store:
    """Give a name of one list, another of two, and what the DNS says of both."""
    await declare(store, one=Tlp.GREEN, two=Tlp.GREEN)
    of = {"why": "list", "by": ""}
    await store.flux.add([new("www.a.example.org", source="one", **of), new("b.example.net", source="one", **of)])
    await store.flux.add([new("b.example.net", source="two", **of)])
    await store.flux.save(
        Batch(
            observations=(
                seen("www.a.example.org", "192.0.2.1"),
                seen("example.org", "ns.example.com"),
                seen("ns.example.com", "192.0.2.53"),
                seen("b.example.net", "192.0.2.2"),
                seen("example.net", "ns2.example.com"),
                seen("ns2.example.com", "192.0.2.54"),
            )
        ),
        vantage="home",
    )
    return store


ALL = ("192.0.2.1", "192.0.2.53", "example.org", "192.0.2.2", "192.0.2.54", "example.net")


async def test_a_stricter_source_hides_its_names_and_what_is_known_through_them(world: Store) -> None:
    assert await data(world, *ALL) == [1] * 6
    before = max(one.revision for one in await world.flux.changed_since(0))
    await declare(world, one=Tlp.RED, two=Tlp.GREEN)
    assert await visible(world) == ["b.example.net"]
    assert await data(world, *ALL) == [0, 0, 0, 1, 1, 1]
    assert await data(world, *ALL, max_tlp=Tlp.RED) == [1] * 6
    (told,) = await world.flux.changed_since(before)
    assert (told.name, told.tlp) == ("www.a.example.org", Tlp.RED)
    await declare(world, one=Tlp.RED, two=Tlp.AMBER)
    assert await visible(world) == []
    assert await data(world, *ALL) == [0] * 6


async def test_a_looser_source_shows_them_again(world: Store) -> None:
    await declare(world, one=Tlp.RED, two=Tlp.RED)
    assert await data(world, *ALL) == [0] * 6
    await declare(world, one=Tlp.CLEAR, two=Tlp.RED)
    assert await visible(world, Tlp.CLEAR) == ["b.example.net", "www.a.example.org"]
    assert await data(world, *ALL, max_tlp=Tlp.CLEAR) == [1] * 6


async def test_too_many_names_follow_page_by_page(world: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "MOST_ROWS", 1)
    monkeypatch.setattr(marks, "AT_ONCE", 1)
    await declare(world, one=Tlp.RED, two=Tlp.RED)
    assert await visible(world) == []
    assert await data(world, *ALL) == [0] * 6
    assert await world.flux.remark() == 0


async def test_findings_have_the_mark_that_their_name_has_now(world: Store) -> None:
    assert {one.tlp for one in await whole_log(world)} == {"green"}
    await declare(world, one=Tlp.RED, two=Tlp.GREEN)
    of = {one.subject.value: one.tlp for one in await whole_log(world) if one.subject}
    assert of == {"www.a.example.org": "red", "b.example.net": "green"}


async def test_a_name_that_others_point_to_stays_known_through_them(world: Store) -> None:
    await world.flux.add([new("ns.example.com", tlp=Tlp.RED)])
    assert await data(world, "192.0.2.53") == [1]
    assert "ns.example.com" not in await visible(world)
    await declare(world, one=Tlp.RED, two=Tlp.GREEN)
    assert await data(world, "192.0.2.53") == [0]


async def test_names_below_a_domain_make_it_known_when_it_comes(store: Store) -> None:
    await store.flux.add([new("www.a.example.org")])
    await store.flux.save(Batch(observations=(seen("example.org", "ns.example.com"),)), vantage="home")
    assert await data(store, "example.org", "ns.example.com") == [1, 1]
    await store.flux.save(Batch(observations=(seen("other.example", "192.0.2.9"),)), vantage="home")
    assert await data(store, "other.example", "192.0.2.9", max_tlp=Tlp.AMBER) == [0, 0]


async def test_what_was_said_among_few_does_not_go_along_with_a_name_that_more_may_see(store: Store) -> None:
    await declare(store, open=Tlp.CLEAR)
    said = {"tags": ("case-17",), "note": "a customer's", "path": ("192.0.2.1",)}
    await store.flux.add([new("a.example.org", tlp=Tlp.AMBER, **said), new("b.example.org", tlp=Tlp.AMBER)])
    await store.flux.edit("b.example.org", add_tags=("case-17",), note="edited")
    await store.flux.add([new("c.example.org", why="list", source="open", by="")])
    await store.flux.add([new("c.example.org", tlp=Tlp.AMBER, tags=("case-17",), note="a customer's")])
    names = ["a.example.org", "b.example.org", "c.example.org"]
    await store.flux.add([new(name, why="list", source="open", by="") for name in names[:2]])
    assert await visible(store) == names
    for mark, tags in ((Tlp.GREEN, []), (Tlp.AMBER, ["case-17"])):
        rows = {row.name: row for row in await store.flux.list(max_tlp=mark)}
        assert list(rows["a.example.org"].tags) == tags
        assert bool(rows["a.example.org"].note and rows["a.example.org"].path) == (mark is Tlp.AMBER)
        assert (list(rows["b.example.org"].tags), bool(rows["b.example.org"].note)) == (tags, bool(tags))
        assert ("case-17" in rows["c.example.org"].tags, bool(rows["c.example.org"].note)) == (bool(tags),) * 2
        found = [row.name for row in await store.flux.list(tag=["case-17"], max_tlp=mark)]
        assert found == (names if tags else [])
        pages = [page async for page in store.flux.export(tag=["case-17"], max_tlp=mark)]
        assert [row.value for page in pages for row in page] == found
        pages = [page async for page in store.flux.export(max_tlp=mark)]
        assert all(("case-17" in row.context["tags"]) == bool(tags) for page in pages for row in page)
    assert [one.tags for one in await store.flux.changed_since(0)] == [()] * 3, "nor do findings tell it"


async def test_walks_tell_and_find_no_tag_that_was_said_among_few(store: Store) -> None:
    await declare(store, open=Tlp.CLEAR)
    await store.flux.add([new("a.example.org", why="list", source="open", by="")])
    await store.flux.add([new("a.example.org", tlp=Tlp.AMBER, tags=("case-17",))])
    await store.flux.save(Batch(observations=(seen("a.example.org", "192.0.2.1"),)), vantage="home")
    for mark, tags in ((Tlp.GREEN, ()), (Tlp.AMBER, ("case-17",))):
        (row,) = (await store.flux.pivot("192.0.2.1", max_tlp=mark)).rows
        assert row.tags == tags
        assert len((await store.flux.pivot("192.0.2.1", tag=["case-17"], max_tlp=mark)).rows) == bool(tags)


async def test_what_was_said_openly_goes_with_the_name(store: Store) -> None:
    await declare(store, open=Tlp.CLEAR, closed=Tlp.RED)
    await store.flux.add([new("a.example.org", why="list", source="closed", by="")])
    await store.flux.add([new("a.example.org", tags=("lab",), note="seen")])
    await store.flux.add([new("a.example.org", why="list", source="open", by="")])
    (row,) = await store.flux.list(tag=["lab"], max_tlp=Tlp.CLEAR)
    assert (row.tags, row.note) == (("lab",), "seen")
