"""Campaigns that turned out to be one."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import batch, declare, mail, table, url
from support.stores import START

from tipd.model.tlp import Tlp
from tipd.store.spam.shares import MOST_URLS
from tipd.store.store import Store


async def test_what_was_kept_of_each_is_added_up(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.GREEN)
    hour = timedelta(hours=1)
    for source in ("mx1", "mx2"):
        rows = (url(), url("b.example.org"))
        for n in range(4):
            one = mail(f"{n}", keys=(n,), urls=(0, 1) if n else (0,), at=START - n * hour, trap=bytes([n + 1]) * 8)
            await store.spam.take(batch(one, source=source, urls=rows))
    await store.spam.take(batch(mail("all", keys=(0, 1, 2, 3), urls=(0,), trap=b"\1" * 8), urls=(url(),)))
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert (row.mails, row.traps, row.urls, row.hosts, row.key) == (9, 4, 2, 2, 0)
    assert (row.first, row.last) == (START - 3 * hour, START)
    told = await store.spam.campaign(3, max_tlp=Tlp.RED)
    assert told is not None
    assert [one.count for one in told.urls] == [9, 6]
    assert [one.count for one in told.hosts] == [9, 6]
    assert told.merged == (1, 2, 3)
    assert sum(one.mails for one in told.days) == 9
    assert {one["joined"] for one in await table(store, "SELECT joined FROM spam_campaign ORDER BY id OFFSET 1")} == {1}


async def test_those_that_had_joined_one_that_joins_another_follow(store: Store) -> None:
    await store.spam.take(batch(mail(1, keys=(1,)), mail(2, keys=(2,)), mail(3, keys=(3,))))
    await store.spam.take(batch(mail(4, keys=(2, 3))))
    await store.spam.take(batch(mail(5, keys=(1, 2))))
    joined = {row["joined"] for row in await table(store, "SELECT joined FROM spam_campaign WHERE joined IS NOT NULL")}
    assert joined == {1}
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert row.mails == 5
    assert len(await store.spam.mails(campaign=3, max_tlp=Tlp.RED)) == 5


async def test_together_they_have_no_more_than_one_may_have(store: Store) -> None:
    for side in (1, 2):
        rows = tuple(url(f"h{n}.s{side}.example.org") for n in range(MOST_URLS))
        await store.spam.take(batch(*(mail(f"{side} {n}", keys=(side,), urls=(n,)) for n in range(200)), urls=rows))
    await store.spam.take(batch(mail("both", keys=(1, 2))))
    (row,) = await table(store, "SELECT urls, urls_cut, hosts FROM spam_campaign_source")
    assert row == {"urls": MOST_URLS, "urls_cut": MOST_URLS, "hosts": 2 * MOST_URLS}
