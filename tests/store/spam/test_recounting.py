"""What is looked up again in the rows that are left, and what cannot be."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, mail, sha, table
from support.stores import START, HandClock

from tipd.model.tlp import Tlp
from tipd.store.store import Store

DAY = timedelta(days=1)


async def test_first_and_last_and_traps_are_those_of_what_is_left(store: Store) -> None:
    for n in range(4):
        await store.spam.take(batch(mail(n, at=START - n * DAY, trap=bytes([n + 1]) * 8, relay=f"192.0.2.{n}")))
    await store.spam.take(batch(withdraws=(sha(0), sha(3))))
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert (row.first, row.last, row.traps, row.relays) == (START - 2 * DAY, START - DAY, 2, 2)


async def test_where_rows_are_gone_what_stood_stays(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(*(mail(n, at=START - n * DAY) for n in range(6))))
    clock.move(100 * DAY)
    await store.spam.prune(30 * DAY)
    await store.spam.take(batch(mail(7, at=clock.now())))
    assert (await store.spam.take(batch(withdraws=(sha(0), sha(7))))).withdrawn == 1
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert (row.mails, row.first, row.last) == (6, START - 5 * DAY, clock.now())


async def test_what_a_sighting_says_follows(store: Store) -> None:
    await store.spam.take(batch(mail(1, trap_kind="typo"), mail(2, at=START - DAY, trap_kind="pristine")))
    await store.spam.take(batch(withdraws=(sha(1),)))
    (row,) = await table(store, "SELECT seen, context FROM sighting")
    assert row == {"seen": START - DAY, "context": '{"traps": ["pristine"]}'}
