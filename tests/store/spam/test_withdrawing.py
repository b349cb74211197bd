"""Mails taken back."""

from __future__ import annotations

from support.spamming import batch, declare, file, mail, sha, table, url
from support.stores import whole_log

from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_what_it_counted_is_taken_back_with_it(store: Store) -> None:
    given = [mail(n, urls=(n % 2,), files=(0,), subject="x" if n else "secret", defects=5) for n in range(4)]
    await store.spam.take(
        batch(*given, urls=(url(), url("b.example.org", example="http://b.example.org/me")), files=(file(1),))
    )
    taken = await store.spam.take(batch(withdraws=(sha(0), sha(1), sha(3), sha(77), sha(1))))
    assert taken.withdrawn == 3
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert (row.mails, row.urls, row.hosts, row.attachments) == (1, 1, 1, 1)
    assert [one["host"] for one in await table(store, "SELECT host FROM spam_part WHERE what = 1")] == [
        "www.example.org"
    ]
    found = await store.spam.spamtraps(days=1, max_tlp=Tlp.RED)
    assert found.classes == (("spam", 1),)
    assert dict(found.defects) == {"cut": 1, "long_field": 1}
    assert await store.spam.known([sha(0), sha(2)]) == {sha(2)}


async def test_a_relay_is_delisted_with_its_last_evidence(store: Store) -> None:
    await store.spam.take(batch(mail(1), mail(2), mail(3, sighted=False)))
    await store.spam.take(batch(withdraws=(sha(1),)))
    assert [one.kind for one in await whole_log(store)] == ["indicator.listed"]
    await store.spam.take(batch(withdraws=(sha(2),)))
    told = (await whole_log(store))[-1]
    assert (told.kind, told.data["reason"], told.subject.value) == ("indicator.delisted", "withdrawn", "192.0.2.1")  # type: ignore[union-attr]
    (row,) = await table(store, "SELECT mails, sighted FROM spam_relay")
    assert row == {"mails": 1, "sighted": 0}


async def test_only_the_source_that_brought_a_mail_takes_it_back(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.GREEN)
    await store.spam.take(batch(mail(1)))
    assert (await store.spam.take(batch(source="mx2", withdraws=(sha(1),)))).withdrawn == 0
    assert await store.spam.known([sha(1)]) == {sha(1)}


async def test_nothing_of_its_words_stays(store: Store) -> None:
    await store.spam.take(
        batch(mail(1, urls=(0,), subject="Dear Jane"), urls=(url(example="http://www.example.org/jane"),))
    )
    await store.spam.take(batch(mail(2, urls=(0,)), urls=(url(example="http://www.example.org/joe"),)))
    await store.spam.take(batch(withdraws=(sha(1),)))
    told = await store.spam.campaign(1, max_tlp=Tlp.RED)
    assert told is not None
    assert (told.row.subject, [one.example for one in told.urls]) == ("", [""])


async def test_a_mail_that_came_with_its_own_withdrawal_is_gone(store: Store) -> None:
    taken = await store.spam.take(batch(mail(1), mail(2), withdraws=(sha(1),)))
    assert (taken.new, taken.withdrawn) == (2, 1)
    assert await store.spam.known([sha(1), sha(2)]) == {sha(2)}
