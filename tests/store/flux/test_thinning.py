"""What is let go again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from support.fluxing import T0, new, run, seen
from support.stores import START, HandClock

from tipd.model.flux import Batch, Score, State, Tier
from tipd.store.flux import thinning
from tipd.store.store import Store

DAY = 86400.0
MONTHS = [f"flux_run_2026_{month:02}" for month in range(1, 13)]


async def value(store: Store, query: str) -> Any:
    async def look(connection: Any) -> Any:
        return await connection.fetchval(query)

    return await store.pool.run(look)


async def months(store: Store) -> list[str]:
    return await store.pool.run(thinning.MONTHLY.months)


async def fill(store: Store, clock: HandClock, *, days: int, each: int = 1) -> None:
    """Let one name have look-ups, scores and observations on each day from START on, then move the clock there."""
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    batch = Batch(
        runs=tuple(run(one.id, f"192.0.2.{n % 250}", at=day * DAY + n) for day in range(days) for n in range(each)),
        scores=tuple(
            Score(id=one.id, at=T0 + day * DAY, holz=1, n_a=1, n_asn=1, total=1, tier=Tier.LIKELY, state=State.LIKELY)
            for day in range(days)
        ),
        observations=tuple(
            seen("a.example.org", f"10.{day % 250}.{n // 250}.{n % 250}", at=day * DAY)
            for day in range(days)
            for n in range(each)
        ),
    )
    await store.flux.save(batch, vantage="home")
    clock.move(timedelta(days=days))


async def test_months_are_made_ahead_and_what_was_forgotten_long_ago_is_let_in(store: Store, clock: HandClock) -> None:
    await store.upkeep(timedelta(days=400))
    assert await months(store) == MONTHS[2:5]
    await value(
        store, f"INSERT INTO flux_forgotten VALUES (1, '{START}'), (2, '{START - timedelta(hours=3)}') RETURNING 1"
    )
    await store.flux.upkeep(clock.now())
    assert await value(store, "SELECT array_agg(key) FROM flux_forgotten") == [1]


async def test_look_up_sets_older_than_they_are_kept_go_by_the_month(store: Store, clock: HandClock) -> None:
    await fill(store, clock, days=100)
    assert await months(store) == MONTHS[2:6]
    thinned = await store.flux.thin(10**9, timedelta(days=60))
    assert thinned.months == [MONTHS[2]]
    assert (thinned.rows, thinned.bytes < 10**9) == (0, True)
    assert await value(store, "SELECT min(first) FROM flux_run") >= START + timedelta(days=16)
    assert (await store.flux.thin(10**9, timedelta(days=60))).months == []


async def test_the_oldest_make_room_until_it_is_enough(store: Store, clock: HandClock) -> None:
    await fill(store, clock, days=70, each=30)
    before = (await store.flux.thin(10**9, timedelta(days=400))).bytes
    thinned = await store.flux.thin(before // 4, timedelta(days=400))
    assert thinned.months == MONTHS[2:4]
    assert thinned.rows > 0
    assert 0 < thinned.bytes <= before // 4
    # What is left is the latest.
    assert await value(store, "SELECT count(*) FROM dns_observation") > 100
    assert await value(store, "SELECT min(last) FROM dns_observation") > START + timedelta(days=20)
    assert await value(store, "SELECT max(last) FROM dns_observation") == START + timedelta(days=69)


async def test_what_nothing_can_be_taken_from_ends_it(store: Store) -> None:
    assert (await store.flux.thin(0, timedelta(days=1))).rows == 0


@pytest.mark.parametrize("each", [200, 2000])
async def test_the_estimate_is_near_what_the_rows_take(store: Store, clock: HandClock, each: int) -> None:
    await fill(store, clock, days=9, each=each)
    estimated = await store.pool.run(thinning.take_stock)
    for table in ("flux_run_2026_03", "dns_observation"):
        whole = await value(store, f"SELECT pg_total_relation_size('{table}')")
        assert 0.4 < estimated[table.removesuffix("_2026_03")] / whole < 1.5
