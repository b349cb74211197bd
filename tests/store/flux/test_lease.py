"""Who probes: one holder at a time."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from support.stores import START

from tipd.store.store import Store

VALID = timedelta(seconds=15)
SECOND = timedelta(seconds=1)


async def test_one_holds_it_until_it_runs_out_or_is_given_back(store: Store) -> None:
    lease, one, two = store.flux.lease, uuid4(), uuid4()
    assert await lease.take(one, START, VALID) == (True, None)
    assert await lease.take(two, START + SECOND, VALID) == (False, START + VALID)
    assert await lease.renew(one, START + 5 * SECOND, VALID)
    assert not await lease.renew(two, START + 5 * SECOND, VALID)
    assert await lease.take(two, START + 19 * SECOND, VALID) == (False, START + 20 * SECOND)
    assert await lease.take(two, START + 20 * SECOND, VALID) == (True, START + 20 * SECOND)
    assert not await lease.renew(one, START + 21 * SECOND, VALID)
    await lease.give_back(one, START + 22 * SECOND)
    assert await lease.take(one, START + 22 * SECOND, VALID) == (False, START + 35 * SECOND)
    await lease.give_back(two, START + 23 * SECOND)
    assert await lease.take(one, START + 24 * SECOND, VALID) == (True, START + 23 * SECOND)


async def test_a_holder_takes_its_own_again(store: Store) -> None:
    one = uuid4()
    await store.flux.lease.take(one, START, VALID)
    assert await store.flux.lease.take(one, START + SECOND, VALID) == (True, START + VALID)


async def test_a_clock_that_stood_ahead_holds_nobody_up_for_long(store: Store) -> None:
    await store.flux.lease.take(uuid4(), START + timedelta(days=900), VALID)
    assert await store.flux.lease.take(uuid4(), START, VALID) == (True, START + VALID)
