"""What is let go, and what is not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.spamming import batch, mail, table, url
from support.stores import START, HandClock

from tipd.model.tlp import Tlp
from tipd.store.store import Store

DAY = timedelta(days=1)


async def test_mails_go_by_months_and_campaigns_that_came_to_nothing_with_them(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail("small", keys=(7,), urls=(0,)), urls=(url("small.example.org"),)))
    await store.spam.take(batch(*(mail(n, urls=(0,)) for n in range(5)), urls=(url(),)))
    clock.move(29 * DAY)
    assert (await store.spam.prune(30 * DAY)).months == []
    clock.move(40 * DAY)
    pruned = await store.spam.prune(30 * DAY)
    assert (pruned.months, pruned.campaigns, pruned.relays) == (["spam_mail_2026_03"], 1, 0)
    (row,) = (await store.spam.campaigns(max_tlp=Tlp.RED)).rows
    assert (row.key, row.mails) == (1, 5)
    assert [one["host"] for one in await table(store, "SELECT host FROM spam_part")] == ["www.example.org"]
    assert [one["key"] for one in await table(store, "SELECT key FROM spam_key")] == [1]
    assert sum(one.mails for one in (await store.spam.spamtraps(days=100, max_tlp=Tlp.RED)).days) == 6
    clock.move(400 * DAY)
    pruned = await store.spam.prune(30 * DAY)
    assert (pruned.campaigns, pruned.relays) == (1, 1)
    for name in ("campaign", "key", "campaign_source", "campaign_day", "campaign_part", "campaign_host", "part"):
        assert await table(store, f"SELECT * FROM spam_{name}") == [], name


async def test_a_mail_of_years_ago_is_kept_from_when_it_was_taken(store: Store) -> None:
    await store.spam.take(batch(mail(1, at=START - 4000 * DAY)))
    assert (await store.spam.prune(30 * DAY)).months == []
    assert len(await store.spam.mails(max_tlp=Tlp.RED)) == 1


async def test_what_was_let_go_can_begin_anew(store: Store, clock: HandClock) -> None:
    await store.spam.take(batch(mail(1)))
    clock.move(100 * DAY)
    await store.spam.prune(30 * DAY)
    assert (await store.spam.take(batch(mail(1)))).campaigns == 1
    with pytest.raises(ValueError, match="positive"):
        await store.spam.prune(timedelta(0))
