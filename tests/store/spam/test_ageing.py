"""Sightings of relays end a while after the last mail that is evidence."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, declare, mail, table
from support.stores import HandClock, whole_log

from tipd.model.tlp import Tlp
from tipd.store.store import Store

DAY = timedelta(days=1)


async def test_a_relay_is_delisted_when_nobody_saw_it_for_long(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail(1), mail(2, relay="192.0.2.2")))
    clock.move(13 * DAY)
    assert await store.spam.age(clock.now()) == 0
    await store.spam.take(batch(mail(3, at=clock.now())))
    clock.move(DAY)
    assert await store.spam.age(clock.now()) == 1
    clock.move(13 * DAY)
    assert await store.spam.age(clock.now()) == 1
    assert await store.spam.age(clock.now()) == 0
    told = [(one.kind, one.subject.value) for one in await whole_log(store) if one.subject]
    assert told[2:] == [
        ("indicator.delisted", "192.0.2.2"),
        ("indicator.delisted", "192.0.2.1"),
    ]
    history = await store.sightings.history("192.0.2.1", max_tlp=Tlp.RED)
    assert [(one.reason, one.source) for one in history] == [("aged", "mx1")]


async def test_what_was_seen_a_little_later_is_not_written_again_but_counts(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail(1)))
    clock.move(timedelta(hours=2))
    await store.spam.take(batch(mail(2, at=clock.now())))
    (row,) = await table(store, "SELECT seen FROM sighting")
    assert row["seen"] == clock.now() - timedelta(hours=2)
    clock.move(14 * DAY - timedelta(hours=1))
    assert await store.spam.age(clock.now()) == 0
    clock.move(timedelta(hours=1))
    assert await store.spam.age(clock.now()) == 1


async def test_other_modules_sources_are_left_alone(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail(1)))
    await store.sources.declare("blacklist", {"mx1": None})
    clock.move(30 * DAY)
    assert await store.spam.age(clock.now()) == 0
    await declare(store)
    assert await store.spam.age(clock.now(), sighting_keep=40 * DAY) == 0
    assert await store.spam.age(clock.now()) == 1
