"""What the traps saw, as sightings."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, declare, mail, sha, table
from support.stores import START, HandClock

from tipd.model.canonical import canonical
from tipd.model.kind import Kind
from tipd.model.spam import Sight
from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)


async def test_what_kind_of_trap_saw_it_stands_beside_it(store: Store) -> None:
    await store.spam.take(batch(mail(1, trap_kind="pristine")))
    await store.spam.take(batch(mail(2, trap_kind="typo"), mail(3)))
    (said,) = (await store.sightings.said([(Kind.IPV4, "192.0.2.1")], Tlp.RED))[Kind.IPV4, "192.0.2.1"]
    assert said.context == {"class": "spam", "traps": ["pristine", "typo"]}
    assert said.source == "mx1"


async def test_a_sight_says_what_kind_of_trap_it_was_for_mails_that_do_not(store: Store) -> None:
    sights = (Sight(address="192.0.2.1", at=START, count=1, traps=("recycled",)),)
    await store.spam.take(batch(mail(1, sighted=None), sights=sights))
    (row,) = await table(store, "SELECT context FROM sighting")
    assert row["context"] == '{"traps": ["recycled"]}'


async def test_it_begins_with_the_first_mail_and_never_before_the_last_one_ended(
    store: Store, clock: HandClock
) -> None:
    await store.spam.take(batch(mail(1, at=START - 3 * HOUR), mail(2, at=START - HOUR)))
    (row,) = await table(store, "SELECT opened, seen FROM sighting")
    assert row == {"opened": START - 3 * HOUR, "seen": START - HOUR}
    clock.move(HOUR)
    await store.spam.take(batch(withdraws=(sha(1), sha(2))))
    await store.spam.take(batch(mail(3, at=START)))
    rows = await table(store, "SELECT opened, closed, seen FROM sighting ORDER BY opened")
    assert rows[0]["closed"] == rows[1]["opened"] == START + HOUR
    assert rows[1]["seen"] == START + HOUR


async def test_what_was_forgotten_for_good_is_not_listed(store: Store) -> None:
    forgetting = store.forgetting
    await forgetting.block(await forgetting.targets(canonical("192.0.2.1")))
    assert (await store.spam.take(batch(mail(1), mail(2, relay="192.0.2.2")))).listed == 1
    rows = await table(store, "SELECT host(relay) AS relay FROM spam_mail ORDER BY relay")
    assert [row["relay"] for row in rows] == ["192.0.2.2", None]
    assert await store.spam.seen("192.0.2.1", max_tlp=Tlp.RED) is None


async def test_rounds_and_counts_are_kept_as_for_lists(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.GREEN)
    await store.spam.take(batch(mail(1), mail(2, relay="192.0.2.2")))
    await store.spam.take(batch(mail(1), source="mx2"))
    one, two = await store.sources.all()
    assert (one.entries, two.entries) == (2, 1)
    (round_,) = await store.rounds.last(one.id)
    assert (round_.why, round_.status, round_.listed, round_.delisted) == ("mails", "ok", 2, 0)
    assert one.last_success == START
