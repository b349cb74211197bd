"""What doors read of spam, and who sees what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.spamming import batch, declare, file, mail, sha, url
from support.stores import START, HandClock

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


async def fill(store: Store) -> None:
    """Store two campaigns by a green source, one of them known to a red one too."""
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.RED)
    given = batch(
        mail(1, urls=(0, 1), files=(0,), subject="Your parcel", rest=b'{"from":"bank@example.org"}'),
        mail(2, urls=(0,), relay="192.0.2.2", trap=b"\2" * 8, at=START - HOUR),
        mail(3, keys=(7,), at=START - 50 * HOUR, defects=4, class_=1),
        urls=(url(), url("*.example.net")),
        files=(file(1),),
    )
    await store.spam.take(given)
    await store.spam.take(batch(mail(4, urls=(0,), relay="192.0.2.9"), source="mx2", urls=(url("hidden.example.org"),)))


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


async def test_a_page_that_no_page_gave_is_refused(store: Store) -> None:
    for after in ("x", "1", "1.", "9" * 30 + ".1"):
        with pytest.raises(ValueError, match="no page gave"):
            await store.spam.campaigns(after=after, max_tlp=RED)
    with pytest.raises(ValueError, match="order"):
        await store.spam.campaigns(order="name", max_tlp=RED)


async def test_campaigns_are_found_by_text_and_time(store: Store) -> None:
    await fill(store)

    async def keys(**asked: object) -> list[int]:
        return [row.key for row in (await store.spam.campaigns(max_tlp=Tlp.GREEN, **asked)).rows]  # type: ignore[arg-type]

    assert await keys(text="PARCEL") == [1]
    assert await keys(text="example.net") == [1]
    assert await keys(text="hidden") == []
    assert await keys(since=START - HOUR) == [1]
    assert await keys(until=START - 2 * HOUR) == [7]


async def test_one_campaign_tells_what_is_kept_of_it(store: Store) -> None:
    await fill(store)
    await store.spam.take(batch(mail(9, keys=(1, 7), at=START)))
    found = await store.spam.campaign(7, max_tlp=Tlp.GREEN)
    assert found is not None
    assert found == await store.spam.campaign(1, max_tlp=Tlp.GREEN)
    assert [(day.day.day, day.mails) for day in found.days] == [(13, 1), (15, 3)]
    assert [(one.host, one.count) for one in found.urls] == [("www.example.org", 2), ("*.example.net", 1)]
    assert [(one.host, one.count, one.shapes) for one in found.hosts] == [
        ("www.example.org", 2, 1),
        ("*.example.net", 1, 1),
    ]
    assert [(one.sha256, one.name, one.count) for one in found.attachments] == [(sha("file 1").hex(), "1.zip", 1)]
    assert [(one.address, one.count) for one in found.relays] == [("192.0.2.1", 3), ("192.0.2.2", 1)]
    assert [(one.trap, one.mails) for one in found.traps] == [("01" * 8, 3), ("02" * 8, 1)]
    assert (found.subjects, found.merged, found.more) == (("Your parcel",), (7,), False)
    assert await store.spam.campaign(12345, max_tlp=RED) is None
    assert await store.spam.campaign(1, max_tlp=Tlp.CLEAR) is None


async def test_mails_are_found_by_whatever_they_hold(store: Store) -> None:
    await fill(store)

    async def found(*args: str, max_tlp: Tlp = Tlp.GREEN, **asked: object) -> list[str]:
        rows = await store.spam.mails(*args, max_tlp=max_tlp, **asked)  # type: ignore[arg-type]
        return [next(str(n) for n in range(10) if sha(n).hex() == row.sha256) for row in rows]

    assert await found() == ["1", "2", "3"]
    assert await found(max_tlp=Tlp.CLEAR) == []
    assert sorted(await found(max_tlp=RED)) == ["1", "2", "3", "4"]
    assert await found("192.0.2.2") == ["2"]
    assert await found("www.example.org") == ["1", "2"]
    assert await found("anything.example.net") == ["1"]
    assert await found("http://www.example.org/0123456789abcdef0123") == []
    assert await found(sha("file 1").hex()) == ["1"]
    assert await found(sha(2).hex()) == ["2"]
    assert await found(sha256=sha(2).hex()) == ["2"]
    assert await found(campaign=1) == ["1", "2"]
    assert await found(campaign=99) == []
    assert await found(source="mx2") == []
    assert await found(source="mx2", max_tlp=RED) == ["4"]
    assert await found(since=START - HOUR, until=START - HOUR) == ["2"]
    assert await found(limit=1) == ["1"]
    assert await found(limit=1, after=sha(1).hex()) == ["2"]
    assert await found("not a value") == []
    assert await found("hidden.example.org") == []
    (row,) = await store.spam.mails(sha256=sha(1).hex(), max_tlp=RED)
    assert (row.class_, row.trap, row.campaign, row.subject) == ("spam", "01" * 8, 1, "Your parcel")
    assert row.record == {"from": "bank@example.org"}
    (row,) = await store.spam.mails(sha256=sha(3).hex(), max_tlp=RED)
    assert (row.class_, row.defects) == ("bounce", ("long_field",))


async def test_what_spam_says_of_a_value(store: Store) -> None:
    await fill(store)
    seen = await store.spam.seen("192.0.2.1", max_tlp=Tlp.GREEN)
    assert seen is not None
    assert (seen.mails, seen.how, seen.sources) == (2, ("relay",), ("mx1",))
    assert sorted(one.key for one in seen.campaigns) == [1, 7]
    seen = await store.spam.seen("www.example.org", max_tlp=RED)
    assert seen is not None
    assert (seen.mails, seen.how, seen.first, seen.last) == (2, ("host",), START - HOUR, START)
    seen = await store.spam.seen(sha("file 1").hex(), max_tlp=RED)
    assert seen is not None
    assert (seen.mails, seen.how) == (1, ("attachment",))
    seen = await store.spam.seen(sha(1).hex(), max_tlp=RED)
    assert seen is not None
    assert (seen.mails, seen.how) == (1, ("mail",))
    for value, mark in (("192.0.2.9", Tlp.GREEN), ("hidden.example.org", Tlp.GREEN), ("192.0.2.77", RED), ("?", RED)):
        assert await store.spam.seen(value, max_tlp=mark) is None


async def test_traps_tell_what_they_took_in(store: Store, clock: HandClock) -> None:
    store.spam.asn_of = {"192.0.2.1": 64500}.get
    await fill(store)
    found = await store.spam.spamtraps(days=3, max_tlp=Tlp.GREEN)
    (trap,) = found.traps
    assert (trap.name, trap.kind, trap.mails, trap.traps, trap.last) == ("mx1", "archive", 3, 2, START)
    assert (trap.first, trap.entries) == (START - 50 * HOUR, 2)
    assert [(one.day.day, one.mails) for one in found.days] == [(13, 1), (14, 0), (15, 2)]
    assert found.classes == (("spam", 2), ("bounce", 1))
    assert found.defects == (("long_field", 1),)
    assert [(one.asn, one.mails, one.addresses) for one in found.networks] == [(64500, 2, 1), (0, 1, 1)]
    clock.move(timedelta(days=30))
    assert sum(one.mails for one in (await store.spam.spamtraps(days=3, max_tlp=Tlp.GREEN)).days) == 0


async def test_agents_are_told_of_before_anything_came(store: Store) -> None:
    await declare(store, mx1=Tlp.GREEN, mx2=Tlp.RED)
    assert await store.spam.agents(max_tlp=RED) == []
    await store.spam.agent("mx1", view="redacted", there=7, key=b"k" * 32, pinned=True)
    await store.spam.refused("mx2", "full", 3, "fork", "another version 3")
    (one,) = await store.spam.agents(max_tlp=Tlp.GREEN)
    assert (one.name, one.view, one.last, one.last_there, one.pinned) == ("mx1", "redacted", 0, 7, True)
    other = (await store.spam.agents(max_tlp=RED))[1]
    assert (other.name, other.refused, other.refused_number, other.detail) == ("mx2", "fork", 3, "another version 3")
    with pytest.raises(ValueError, match="no agent"):
        await store.spam.agent("nobody", there=1)
