"""Batches, taken: whole or not at all, and what is known is passed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.spamming import batch, declare, file, mail, sha, table, url
from support.stores import START, HandClock, whole_log

from tipd.model.spam import ArchiveMark, Sight, Taken
from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_a_mail_is_stored_once_however_often_it_comes(store: Store) -> None:
    given = batch(mail(1, urls=(0,), files=(0,)), mail(1), mail(2), urls=(url(),), files=(file(1),))
    first = await store.spam.take(given)
    assert first == Taken(new=2, known=1, campaigns=1, listed=1)
    assert await store.spam.take(given) == Taken(known=3)
    (row,) = await table(store, "SELECT mails, urls, files, hosts FROM spam_campaign_source")
    assert row == {"mails": 2, "urls": 1, "files": 1, "hosts": 1}
    assert [row["mails"] for row in await table(store, "SELECT mails FROM spam_campaign_part")] == [1, 1]
    assert await store.spam.known([sha(1), sha(2), sha(3)]) == {sha(1), sha(2)}


async def test_mails_with_a_key_in_common_are_one_campaign_and_so_are_campaigns(store: Store) -> None:
    await store.spam.take(batch(mail(1, keys=(1, 2)), mail(2, keys=(3,)), mail(3, keys=(2, 4)), mail(4, keys=())))
    assert {row["mails"] for row in await table(store, "SELECT mails FROM spam_campaign_source")} == {2, 1}
    assert (await store.spam.take(batch(mail(5, keys=(4, 3))))).campaigns == 0
    (row,) = await table(store, "SELECT mails FROM spam_campaign_source")
    assert row["mails"] == 4
    assert len({row["campaign"] for row in await table(store, "SELECT campaign FROM spam_key")}) == 1


async def test_a_relay_is_listed_where_the_trap_itself_saw_it(store: Store) -> None:
    given = batch(
        mail(1, sighted=None),
        mail(2, sighted=None, relay="192.0.2.2"),
        mail(3, sighted=None, class_=1, relay="192.0.2.3"),
        mail(4, sighted=None, relay="2001:DB8::0:1"),
        mail(5, sighted=None, relay="nonsense"),
        sights=tuple(Sight(address=one, at=START, count=1) for one in ("192.0.2.1", "192.0.2.3", "2001:db8::1")),
    )
    assert (await store.spam.take(given)).listed == 2
    told = [finding.subject.value for finding in await whole_log(store) if finding.kind == "indicator.listed"]
    assert sorted(told) == ["192.0.2.1", "2001:db8::1"]


async def test_old_mails_list_nobody(store: Store, clock: HandClock) -> None:
    clock.move(timedelta(days=20))
    assert (await store.spam.take(batch(mail(1)))).listed == 0
    assert (await store.spam.take(batch(mail(2)), sighting_keep=timedelta(days=30))).listed == 1


async def test_a_mail_of_the_future_is_of_now(store: Store) -> None:
    await store.spam.take(batch(mail(1, at=START + timedelta(days=3))))
    (row,) = await table(store, "SELECT seen, opened FROM sighting")
    assert row == {"seen": START, "opened": START}


async def test_marks_go_with_their_mails_or_not_at_all(store: Store) -> None:
    mark = ArchiveMark(archive="mx1", name="2026.7z", sha256=sha(0), members=1, done=True, stamp="x")
    with pytest.raises(ValueError, match="not declared"):
        await store.spam.take(batch(mail(1), source="nobody", archive=mark))
    with pytest.raises(ValueError, match="a SHA-256 has 32 bytes"):
        await store.spam.take(batch(mail(1), mail(2, sha256=b"x"), archive=mark))
    with pytest.raises(ValueError, match="its batch does not have"):
        await store.spam.take(batch(mail(1, urls=(3,)), archive=mark))
    assert await store.spam.marks("mx1") == {}
    await store.spam.take(batch(mail(1), archive=mark))
    assert await store.spam.marks("mx1") == {"2026.7z": mark}


async def test_two_sources_count_apart(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.RED)
    for source in ("mx1", "mx2"):
        assert (await store.spam.take(batch(mail(1), source=source))).new == 1
    assert await store.spam.known([sha(1)], source="mx2") == {sha(1)}
    assert await store.spam.known([sha(1)], source="mx3") == set()
    rows = await table(store, "SELECT mails FROM spam_campaign_source")
    assert [row["mails"] for row in rows] == [1, 1]
