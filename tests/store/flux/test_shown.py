"""Tracked names as people see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.fluxing import T0, mark, new, packed, run, seen
from support.stores import START, HandClock

from tipd.model.flux import Batch, Score, State, Tier
from tipd.model.tlp import Tlp
from tipd.store.flux import shown, walks
from tipd.store.sources import Declared
from tipd.store.store import Store


async def ids(store: Store) -> dict[str, int]:
    return {one.name: one.id for one in await store.flux.changed_since(0)}


async def listed(store: Store, **choice: object) -> list[str]:
    return [one.name for one in await store.flux.list(**{"max_tlp": Tlp.RED, **choice})]


@pytest.fixture
async def three(store: Store) -> Store:
    await store.flux.add(
        [
            new("b.example.org", tags=("x",), note="why"),
            new("a.example.org", tags=("x", "y")),
            new("c.example.net", tlp=Tlp.RED),
        ]
    )
    known = await ids(store)
    await store.flux.save(
        Batch(
            marks=(
                mark(known["b.example.org"], State.CONFIRMED, holz=21180, tier=Tier.CONFIRMED, verdict=b'{"a":1}'),
                mark(known["c.example.net"], State.WATCHED),
            )
        ),
        vantage="home",
    )
    return store


@pytest.mark.parametrize("few", [0, 20_000])
async def test_lists_choose_and_go_on_after_a_name(three: Store, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(shown, "FEW", few)
    assert await listed(three) == ["a.example.org", "b.example.org", "c.example.net"]
    assert await listed(three, limit=1, after="a.example.org") == ["b.example.org"]
    assert await listed(three, state=(State.CONFIRMED, State.WATCHED)) == ["b.example.org", "c.example.net"]
    assert await listed(three, tag=("y", "z")) == ["a.example.org"]
    assert await listed(three, tag=("x",), state=(State.CANDIDATE,)) == ["a.example.org"]
    assert await listed(three, tier=("confirmed",)) == ["b.example.org"]
    assert await listed(three, apex="example.org", after="a.example.org") == ["b.example.org"]
    assert await listed(three, text="c.ex", apex="example.net", state=(State.WATCHED,)) == ["c.example.net"]
    assert await listed(three, max_tlp=Tlp.AMBER) == ["a.example.org", "b.example.org"]


async def test_a_row_says_where_the_name_stands(three: Store) -> None:
    (row,) = await three.flux.list(text="b.", max_tlp=Tlp.RED)
    assert (row.name, row.apex, row.state, row.tier, row.holz) == (
        "b.example.org",
        "example.org",
        State.CONFIRMED,
        Tier.CONFIRMED,
        21180,
    )
    assert (row.note, row.tags, row.tlp, row.added, row.ttl) == ("why", ("x",), Tlp.GREEN, START, 60)
    assert (row.since, row.due) == (START, START + timedelta(seconds=60))


async def test_counts_are_of_what_may_be_seen(three: Store) -> None:
    assert await three.flux.counts(max_tlp=Tlp.RED) == {State.CANDIDATE: 1, State.CONFIRMED: 1, State.WATCHED: 1}
    assert await three.flux.counts(max_tlp=Tlp.GREEN) == {State.CANDIDATE: 1, State.CONFIRMED: 1}


async def test_all_of_one_name_now_and_at_a_moment(three: Store, clock: HandClock) -> None:
    known = (await ids(three))["b.example.org"]
    day = 86400.0
    scores = tuple(
        Score(id=known, at=T0 + at, holz=holz, n_a=1, n_asn=1, total=1, tier=tier, state=state)
        for at, holz, tier, state in (
            (day, 1986, Tier.UNKNOWN, State.CANDIDATE),
            (3 * day, 21180, Tier.LIKELY, State.LIKELY),
        )
    )
    observations = (
        seen("b.example.org", "192.0.2.1", at=0, until=2 * day, asn=64500),
        seen("b.example.org", "192.0.2.1", at=2 * day, until=2.5 * day, asn=64501, count=2),
        seen("b.example.org", "192.0.2.2", at=4 * day),
        seen("example.org", "ns.example.org", at=0, until=9 * day),
    )
    await three.flux.save(Batch(scores=scores, observations=observations), vantage="home")
    now = await three.flux.get("b.example.org", max_tlp=Tlp.GREEN)
    assert now is not None
    assert (now.verdict, now.more, now.row.state) == ({"a": 1}, False, State.CONFIRMED)
    assert [(one.data, one.count, one.asn) for one in now.seen] == [
        ("ns.example.org", 1, 0),
        ("192.0.2.2", 1, 0),
        ("192.0.2.1", 3, 64501),
    ]
    assert [one.holz for one in now.scores] == [1986, 21180]
    assert [(one.why, one.by, one.tlp) for one in now.origins] == [("person", "uid 0", Tlp.GREEN)]
    for at, state, holz, data in (
        (0.5, State.CANDIDATE, None, ["ns.example.org", "192.0.2.1"]),
        (1.5, State.CANDIDATE, 1986, ["ns.example.org", "192.0.2.1"]),
        (3.5, State.LIKELY, 21180, ["ns.example.org", "192.0.2.1"]),
        (20, State.LIKELY, 21180, ["ns.example.org", "192.0.2.2", "192.0.2.1"]),
    ):
        then = await three.flux.get("b.example.org", max_tlp=Tlp.GREEN, at=START + timedelta(days=at))
        assert then is not None
        assert (then.row.state, then.row.holz, {one.data for one in then.seen}) == (state, holz, set(data))
        assert then.verdict == {}
        assert all(one.last <= START + timedelta(days=at) for one in then.seen)
    assert await three.flux.get("b.example.org", max_tlp=Tlp.RED, at=START - timedelta(days=1)) is None
    assert await three.flux.get("c.example.net", max_tlp=Tlp.AMBER) is None
    assert await three.flux.get("nobody.example.org", max_tlp=Tlp.RED) is None
    assert [one.holz for one in await three.flux.scores("b.example.org", limit=1)] == [21180]


async def test_origins_and_steps_that_may_not_be_seen_are_withheld(store: Store) -> None:
    await store.sources.declare("blacklist", {"red": Declared(tlp=Tlp.RED)})
    await store.flux.add([new("red.example.net", tlp=Tlp.RED)])
    path = ("red.example.net", "192.0.2.1")
    await store.flux.add([new("a.example.org", path=path)])
    await store.flux.add([new("a.example.org", why="list", source="red")])
    detail = await store.flux.get("a.example.org", max_tlp=Tlp.GREEN)
    assert detail is not None
    assert detail.row.path == ("(hidden)", "192.0.2.1")
    assert [one.source for one in detail.origins] == [None]
    detail = await store.flux.get("a.example.org", max_tlp=Tlp.RED)
    assert detail is not None
    assert detail.row.path == path
    assert {one.source for one in detail.origins} == {None, "red"}


async def test_runs_come_back_as_they_were(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (a,) = (await ids(store)).values()
    one = run(a, "192.0.2.2", "192.0.2.1", at=10, until=70, count=2, cname="end.example.net")
    await store.flux.save(Batch(runs=(one, run(a, at=130, asns=()))), vantage="home")
    first, second = await store.flux.runs("a.example.org")
    assert (first.addresses, first.asns, first.cname) == (
        packed("192.0.2.1", "192.0.2.2"),
        (64500, 64500),
        "end.example.net",
    )
    assert (first.vantage, first.upstream, first.count, second.addresses) == ("home", "192.0.2.53:53", 2, b"")
    assert len(await store.flux.runs("a.example.org", since=first.first)) == 1
    assert len(await store.flux.runs("a.example.org", until=first.first)) == 1
    assert await store.flux.runs("nobody.example.org") == []


async def test_few_tagged_names_are_found_by_their_tags(store: Store) -> None:
    await store.flux.add([new(f"n{number}.example.org", tags=("x",) if number < 3 else ()) for number in range(50)])

    async def plan(connection: Any) -> str:
        await connection.execute("SET LOCAL enable_seqscan = off")
        rows = await connection.fetch(f"EXPLAIN {walks.TAGGED}", ["x"], 4, 10)
        return "\n".join(row[0] for row in rows)

    async def inside(connection: Any) -> str:
        async with connection.transaction():
            return await plan(connection)

    assert "flux_name_tags" in await store.pool.run(inside)
    assert len(await listed(store, tag=("x",))) == 3
