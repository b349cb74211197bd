"""Lists of campaigns, and who sees what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.spamming import batch, fill, mail
from support.stores import START

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


async def test_a_campaign_is_shown_as_far_as_its_sources_may_be_seen(store: Store) -> None:
    await fill(store)
    one, other = (await store.spam.campaigns(max_tlp=Tlp.GREEN)).rows
    assert (one.mails, one.traps, one.relays, one.urls, one.hosts, one.attachments) == (2, 2, 2, 2, 2, 1)
    assert (one.first, one.last, one.subject, one.sources) == (START - HOUR, START, "Your parcel", ("mx1",))
    assert other.mails == 1
    (one, _) = (await store.spam.campaigns(max_tlp=RED)).rows
    assert (one.mails, one.relays, one.urls, one.hosts, one.sources) == (3, 3, 3, 3, ("mx1", "mx2"))
    assert one.tlp is RED
    assert (await store.spam.campaigns(max_tlp=Tlp.CLEAR)).rows == ()


@pytest.mark.parametrize("order", ["last", "first", "mails", "traps"])
async def test_pages_follow_each_other(store: Store, order: str) -> None:
    await store.spam.take(
        batch(*(mail(n, keys=(n,), at=START - n * HOUR) for n in range(1, 8)), *(mail(-n, keys=(n,)) for n in (2, 3)))
    )
    whole = await store.spam.campaigns(order=order, max_tlp=RED)
    assert len(whole.rows) == 7
    assert whole.next == ""
    rows, after = [], ""
    while True:
        page = await store.spam.campaigns(order=order, limit=2, after=after, max_tlp=RED)
        rows += page.rows
        after = page.next
        if not after:
            break
    assert rows == list(whole.rows)


async def test_campaigns_are_found_by_text_and_time(store: Store) -> None:
    await fill(store)

    async def keys(**asked: object) -> list[int]:
        return [row.key for row in (await store.spam.campaigns(max_tlp=Tlp.GREEN, **asked)).rows]  # type: ignore[arg-type]

    assert await keys(text="PARCEL") == [1]
    assert await keys(text="example.net") == [1]
    assert await keys(text="hidden") == []
    assert await keys(since=START - HOUR) == [1]
    assert await keys(until=START - 2 * HOUR) == [7]
