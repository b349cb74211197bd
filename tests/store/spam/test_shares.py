"""What is beyond a campaign's share is counted, and a mail names only what is counted with it."""

from __future__ import annotations

from support.spamming import batch, mail, sha, table, url

from tipd.model.tlp import Tlp
from tipd.store.spam.shares import MOST_HOSTS, MOST_URLS
from tipd.store.store import Store


async def test_a_million_tokens_and_hosts_stay_within_the_share(store: Store) -> None:
    rows = tuple(url(f"h{n}.example.org") for n in range(MOST_HOSTS + 10))
    for start in (0, 500, 900):
        part = rows[start : start + 500]
        await store.spam.take(batch(*(mail(start + n, urls=(n,)) for n in range(len(part))), urls=part))
    (row,) = await table(store, "SELECT urls, hosts, urls_cut, hosts_cut, mails FROM spam_campaign_source")
    assert row == {
        "urls": MOST_URLS,
        "hosts": MOST_HOSTS,
        "urls_cut": MOST_HOSTS + 10 - MOST_URLS,
        "hosts_cut": 10,
        "mails": MOST_HOSTS + 10,
    }
    told = await store.spam.campaign(1, max_tlp=Tlp.RED)
    assert told is not None
    assert (len(told.urls), len(told.hosts), told.urls_cut, told.hosts_cut) == (MOST_URLS, MOST_HOSTS, 810, 10)


async def test_what_is_cut_can_be_taken_back_all_the_same(store: Store) -> None:
    rows = tuple(url(f"h{n}.example.org") for n in range(MOST_URLS + 1))
    many = [mail(n, urls=(n,)) for n in range(len(rows))]
    await store.spam.take(batch(*many, urls=rows))
    hosts = {row["host"]: row["mails"] for row in await table(store, "SELECT host, mails FROM spam_campaign_host")}
    assert hosts == {row.host: 1 for row in rows}
    await store.spam.take(batch(withdraws=tuple(sha(n) for n in range(len(rows)))))
    for name in ("part", "campaign_part", "campaign_host", "campaign_source", "campaign", "key", "day", "relay"):
        assert await table(store, f"SELECT * FROM spam_{name}") == [], name
