"""Where tracked names stand: loaded in pages, followed by revision."""

from __future__ import annotations

from support.fluxing import T0, mark, new

from tipd.model.flux import Batch, State, Tier
from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_all_but_dropped_names_are_loaded_in_pages(store: Store) -> None:
    await store.flux.add([new(f"n{number}.example.org") for number in range(7)])
    known = await store.flux.changed_since(0)
    await store.flux.save(
        Batch(marks=(mark(known[2].id, State.DROPPED), mark(known[3].id, State.DORMANT))), vantage="v"
    )
    pages = [page async for page in store.flux.load(page=3)]
    assert [len(page) for page in pages] == [3, 3]
    loaded = [one for page in pages for one in page]
    assert [one.id for one in loaded] == sorted(one.id for one in known if one.id != known[2].id)
    assert {one.state for one in loaded} == {State.CANDIDATE, State.DORMANT}


async def test_changes_come_in_the_order_of_revisions(store: Store) -> None:
    await store.flux.add([new(f"n{number}.example.org") for number in range(5)])
    first = await store.flux.changed_since(0, limit=2)
    rest = await store.flux.changed_since(first[-1].revision, limit=10)
    revisions = [one.revision for one in (*first, *rest)]
    assert revisions == sorted(set(revisions))
    assert len(revisions) == 5
    await store.flux.edit(first[0].name, note="x", by="uid 0")
    assert [one.name for one in await store.flux.changed_since(revisions[-1])] == [first[0].name]


async def test_a_mark_has_all_that_a_mark_says(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    await store.flux.save(
        Batch(
            marks=(
                mark(
                    one.id,
                    State.DORMANT,
                    reason="nobody\0there",
                    due=0.0,
                    ttl=2**31 - 1,
                    samples=2**40,
                    holz=None,
                    tier=Tier.POSSIBLE,
                    memo=bytes(range(256)),
                ),
            )
        ),
        vantage="v",
    )
    (now,) = await store.flux.changed_since(0)
    assert (now.state, now.due, now.ttl, now.samples) == (State.DORMANT, 0.0, 2**31 - 1, 2**40)
    assert (now.last_sample, now.memo, now.revision) == (T0, bytes(range(256)), one.revision)


async def test_tags_said_among_fewer_than_see_the_name_are_handed_over_apart(store: Store) -> None:
    await store.flux.add([new("a.example.org", tags=("x",), tlp=Tlp.AMBER)])
    (one,) = await store.flux.changed_since(0)
    assert (one.tags, one.hidden) == (("x",), ())
    await store.flux.add([new("a.example.org", why="pivot", tlp=Tlp.GREEN)])
    (one,) = await store.flux.changed_since(0)
    assert (one.tlp, one.tags, one.hidden) == (Tlp.GREEN, (), ("x",))
