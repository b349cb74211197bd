"""Stored mails, and what spam says of a value."""

from __future__ import annotations

from datetime import timedelta

from support.spamming import fill, sha
from support.stores import START

from tipd.model.tlp import Tlp
from tipd.store.store import Store

HOUR = timedelta(hours=1)
RED = Tlp.RED


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
