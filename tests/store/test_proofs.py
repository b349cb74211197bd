"""Rounds as proofs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.stores import START, HandClock, open_store

from tipd.model.tlp import Tlp
from tipd.store.bodies import FORGOTTEN
from tipd.store.rounds import Proof
from tipd.store.sources import Declared, Outcome
from tipd.store.store import Store

HOUR = timedelta(hours=1)
DIGEST = b"d" * 32


@pytest.fixture
async def store(dsn: str):
    async with open_store(dsn, HandClock()) as opened:
        yield opened


async def ran(store: Store, source: int, hours: int, **more) -> int:
    """Store a round that told the set of an hour."""
    round_id = await store.rounds.begin(source)
    proof = {
        "status": "ok",
        "ended": START,
        "at": START + hours * HOUR,
        "entries": 1,
        "body": f"{source}/{round_id}.zst",
        "body_sha256": bytes([hours]) * 32,
        "declaration": DIGEST,
        "address": "192.0.2.9",
        "refused": {"bogon": 2},
    }
    outcome = Outcome(state="ok", at=START, due=START)
    await store.rounds.finish(round_id, source, Proof(**(proof | more)), outcome)
    return round_id


async def declared(store: Store, name: str = "one") -> int:
    rows = await store.sources.declare("blacklist", {name: Declared(tlp=Tlp.AMBER)})
    return next(row.id for row in rows if row.name == name)


async def test_a_round_comes_with_its_source_and_what_was_declared(store: Store) -> None:
    source = await declared(store)
    for _ in range(2):
        await store.proofs.note_declaration(DIGEST, "one", {"url": "https://lists.example.org/"}, START)
    round_id = await ran(store, source, 1)
    proof = await store.proofs.get(round_id)
    assert proof is not None
    assert (proof.source, proof.tlp, proof.address, proof.refused) == ("one", Tlp.AMBER, "192.0.2.9", {"bogon": 2})
    assert proof.declared == {"url": "https://lists.example.org/"}
    assert (proof.at, proof.body) == (START + HOUR, f"{source}/{round_id}.zst")
    unknown = await store.proofs.get(await ran(store, source, 2, declaration=b"?" * 32))
    assert unknown is not None
    assert unknown.declared is None


@pytest.mark.parametrize("number", [0, -1, 99, 2**63 - 1, 2**63, 2**80])
async def test_there_is_no_such_round(store: Store, number: int) -> None:
    assert await store.proofs.get(number) is None


async def test_rounds_come_in_pages_newest_first(store: Store) -> None:
    source = await declared(store)
    ids = [await ran(store, source, hours) for hours in range(5)]
    assert [one.id for one in await store.proofs.page(source, limit=2)] == [ids[4], ids[3]]
    assert [one.id for one in await store.proofs.page(source, before=ids[3])] == [ids[2], ids[1], ids[0]]
    assert await store.proofs.page(source + 1) == []


async def test_kept_bodies_come_in_the_order_of_their_moments(store: Store) -> None:
    source = await declared(store)
    late = await ran(store, source, 5)
    early = await ran(store, source, 1)
    gone = await ran(store, source, 3)
    await ran(store, source, 4, body=None)
    await ran(store, source, 0, why="backfill")
    assert [one.id for one in await store.proofs.kept(source)] == [early, gone, late]
    await store.proofs.let_go([gone], forgotten=True)
    assert [one.id for one in await store.proofs.kept(source)] == [early, late]
    assert [one.id for one in await store.proofs.kept(source, START + 2 * HOUR)] == [late]
    proof = await store.proofs.get(gone)
    assert proof is not None
    assert (proof.body, proof.body_sha256) == (FORGOTTEN, bytes([3]) * 32)
    await store.proofs.let_go([early])
    proof = await store.proofs.get(early)
    assert proof is not None
    assert proof.body is None


async def test_who_names_the_same_body_lets_go_of_it_too(store: Store) -> None:
    source = await declared(store)
    first = await ran(store, source, 1)
    again = await ran(store, source, 1, why="replay", body=f"{source}/{first}.zst")
    marked = await ran(store, source, 2, body=FORGOTTEN)
    assert [one.id for one in await store.proofs.kept(source)] == [first]
    await store.proofs.let_go([first, marked])
    assert [(await store.proofs.get(one)).body for one in (first, again, marked)] == [None, None, FORGOTTEN]


async def test_the_next_reading_ends_what_a_body_can_say(store: Store) -> None:
    source = await declared(store)
    await ran(store, source, 1)
    await ran(store, source, 2, entries=None, status="drifted")
    await ran(store, source, 4, body=None)
    assert await store.proofs.following(source, START + HOUR) == START + 4 * HOUR
    assert await store.proofs.following(source, START + 4 * HOUR) is None
