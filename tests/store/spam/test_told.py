"""What is told of campaigns and hosts, to whom and how often."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.spamming import batch, declare, mail, url
from support.stores import START, HandClock, whole_log

from tipd.model.finding import Finding
from tipd.model.tlp import Tlp
from tipd.store.spam.told import subject_of
from tipd.store.store import Store


async def told(store: Store, kind: str) -> list[Finding]:
    return [one for one in await whole_log(store) if one.kind == kind]


async def test_a_campaign_is_told_as_it_grows_tenfold(store: Store) -> None:
    for start in range(0, 60, 4):
        await store.spam.take(
            batch(*(mail(n, subject="Win!", urls=(0,)) for n in range(start, start + 4)), urls=(url(),))
        )
    first, second = await told(store, "spam.campaign")
    assert first.data == {
        "campaign": f"{1:016x}",
        "mails": 8,
        "traps": 1,
        "relays": 1,
        "first": "2026-03-15T12:00:00Z",
        "last": "2026-03-15T12:00:00Z",
        "hosts": ["www.example.org"],
        "subject": "Win!",
    }
    assert (first.module, first.source, first.subject, first.initial) == ("spamtrap", "mx1", None, msgspec.UNSET)
    assert second.data["mails"] == 52


async def test_nobody_hears_of_what_he_may_not_see(store: Store) -> None:
    await declare(store, open=Tlp.GREEN, shut=Tlp.RED)
    await store.spam.take(batch(*(mail(n) for n in range(7)), source="shut"))
    await store.spam.take(batch(*(mail(10 + n) for n in range(4)), source="open"))
    assert [(one.source, one.data["mails"]) for one in await told(store, "spam.campaign")] == [("shut", 7)]
    await store.spam.take(batch(mail(20), source="open"))
    assert [(one.source, one.data["mails"]) for one in await told(store, "spam.campaign")][1:] == [("open", 5)]


async def test_old_campaigns_are_no_news(store: Store) -> None:
    await store.spam.take(batch(*(mail(n, at=START - timedelta(days=2000)) for n in range(5))))
    (one,) = await told(store, "spam.campaign")
    assert one.initial is True


async def test_a_host_is_told_once_a_day(store: Store, clock: HandClock) -> None:
    rows = (url(), url(path="b/{t}"), url("*.example.net"))
    for n in range(3):
        await store.spam.take(batch(mail(n, urls=(0, 1, 2)), urls=rows))
        clock.move(timedelta(hours=8))
    one, other, third, fourth = await told(store, "spam.url")
    assert (one.subject.kind, one.source) == ("url", "mx1")  # type: ignore[union-attr]
    assert {one.data["host"], other.data["host"]} == {"www.example.org", "*.example.net"}
    assert one.data.keys() == {"campaign", "host", "shape", "count"}
    assert [third.data["count"], fourth.data["count"]] == [3, 3]


async def test_hosts_of_old_mails_are_not_told(store: Store) -> None:
    await store.spam.take(batch(mail(1, urls=(0,), at=START - timedelta(days=30)), urls=(url(),)))
    assert await told(store, "spam.url") == []


async def test_who_may_not_see_a_source_is_told_by_the_next(store: Store) -> None:
    await declare(store, open=Tlp.GREEN, shut=Tlp.RED)
    for n, source in enumerate(("shut", "open", "shut")):
        await store.spam.take(batch(mail(n, urls=(0,)), source=source, urls=(url(),)))
    assert [one.source for one in await told(store, "spam.url")] == ["shut", "open"]


@pytest.mark.parametrize(
    ("example", "host", "found"),
    [
        ("http://www.example.org/a", "www.example.org", "http://www.example.org/a"),
        ("", "*.example.org", "example.org"),
        (None, "www.example.org", "www.example.org"),
        ("not a url", "192.0.2.1", None),
        ("", "\x00", None),
    ],
)
def test_what_a_finding_is_about(example: str | None, host: str, found: str | None) -> None:
    subject = subject_of(example, host)
    assert (None if subject is None else subject.value) == found
