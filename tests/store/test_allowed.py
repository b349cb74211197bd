"""What is allowed: kept, told, audited, heard of by every process, and ended by time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
import trio
from support.stores import START, HandClock, open_store, whole_log

from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.allowed import Allowed
from tipd.store.store import Store

ADDRESS = Indicator(Kind.IPV4, "192.0.2.5")
NETWORK = Indicator(Kind.NETWORK, "192.0.2.0/24")
HOUR = timedelta(hours=1)


async def test_an_entry_acts_at_once_and_its_removal_too(store: Store) -> None:
    assert not await store.allowed.fresh()
    entry = await store.allowed.add(NETWORK, " our mail servers\0 ", "uid 0")
    assert entry.reason == "our mail servers\ufffd"
    allow = await store.allowed.fresh()
    assert allow.covering(Kind.IPV4, "192.0.2.5") == entry
    assert await store.allowed.fresh() is allow
    assert await store.allowed.remove(ADDRESS, "", "uid 0") is None
    assert await store.allowed.remove(NETWORK, "moved", "uid 7") == entry
    assert not await store.allowed.fresh()
    assert await store.allowed.remove(NETWORK, "", "uid 0") is None


async def test_who_was_answered_finds_it_in_memory_too(store: Store) -> None:
    await store.allowed.add(ADDRESS, "ours", "uid 0")
    assert store.allowed.now.covers(Kind.IPV4, "192.0.2.5")
    await store.allowed.remove(ADDRESS, "", "uid 0")
    assert not store.allowed.now


async def test_one_reads_for_all_that_ask_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.allowed.add(ADDRESS, "ours", "uid 0")
    reads = 0
    run = store.pool.run

    async def counted(work: Any, *args: Any, **more: Any) -> Any:
        nonlocal reads
        reads += work.__name__ == "_standing"
        return await run(work, *args, **more)

    monkeypatch.setattr(store.pool, "run", counted)
    store.allowed.begin_anew()
    async with trio.open_nursery() as nursery:
        for _ in range(50):
            nursery.start_soon(store.allowed.fresh)
    assert 1 <= reads <= 3  # a notification may come in between
    assert store.allowed.now.covers(Kind.IPV4, ADDRESS.value)


async def test_all_of_it_is_told_and_audited(store: Store) -> None:
    until = store.clock.now() + HOUR
    await store.allowed.add(ADDRESS, "ours", "uid 0", until=until)
    await store.allowed.remove(ADDRESS, "not any more", "token 1")
    await store.allowed.remove(ADDRESS, "again", "token 1")
    added, removed = await whole_log(store)
    assert (added.kind, added.subject, removed.kind, removed.subject) == (
        "allow.added",
        ADDRESS,
        "allow.removed",
        ADDRESS,
    )
    assert added.data == {"reason": "ours", "by": "uid 0", "until": msgspec.to_builtins(until)}
    assert removed.data == {"reason": "not any more", "by": "token 1"}
    assert [(act.action, act.by, act.subject, act.reason) for act in await store.audit.read()] == [
        ("allow.removed", "token 1", "ipv4 192.0.2.5", "not any more"),
        ("allow.added", "uid 0", "ipv4 192.0.2.5", "ours"),
    ]


async def test_what_is_told_bears_the_mark_of_what_it_names(store: Store) -> None:
    for mark in (None, Tlp.CLEAR, Tlp.RED):
        await store.allowed.add(ADDRESS, "ours", "uid 0", tlp=mark)
    await store.allowed.remove(ADDRESS, "", "uid 0", tlp=Tlp.AMBER_STRICT)
    marks = [finding.mark for finding in await whole_log(store)]
    assert marks == [Tlp.AMBER, Tlp.AMBER, Tlp.RED, Tlp.AMBER_STRICT]  # what an operator does is amber at least


async def test_what_is_allowed_again_takes_the_place_of_what_was(store: Store) -> None:
    await store.allowed.add(ADDRESS, "first", "uid 0")
    second = await store.allowed.add(ADDRESS, "second", "uid 0", until=store.clock.now() + HOUR)
    assert (await store.allowed.fresh()).entries == (second,)


async def test_a_reason_and_an_end_to_come_are_needed(store: Store) -> None:
    for reason, until in (("", None), ("  ", None), ("why", START), ("why", START - HOUR)):
        with pytest.raises(ValueError, match=r"reason|end before"):
            await store.allowed.add(ADDRESS, reason, "uid 0", until=until)
    assert await store.audit.read() == []


async def test_entries_end_by_time(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await store.allowed.add(ADDRESS, "for an hour", "uid 0", until=START + HOUR)
        assert (await store.allowed.fresh()).covers(Kind.IPV4, "192.0.2.5")
        clock.move(HOUR)
        assert not store.allowed.now
        assert not await store.allowed.fresh()
        assert await store.allowed.remove(ADDRESS, "", "uid 0") is None
        await store.allowed.add(ADDRESS, "and again", "uid 0")
        assert len((await store.allowed.fresh()).entries) == 1


async def test_every_process_hears_of_it_and_a_restart_remembers(dsn: str) -> None:
    async with open_store(dsn) as here, open_store(dsn) as there:
        assert not await there.allowed.fresh()
        await here.allowed.add(NETWORK, "ours", "uid 0")
        await _until(there.allowed, covered=True)
        await there.allowed.remove(NETWORK, "", "uid 0")
        await _until(here.allowed, covered=False)
        await here.allowed.add(ADDRESS, "ours", "uid 0")
    async with open_store(dsn) as again:
        assert (await again.allowed.fresh()).covers(*ADDRESS_PAIR)


async def test_what_was_known_is_used_while_the_database_is_away(store: Store, monkeypatch) -> None:
    await store.allowed.add(ADDRESS, "ours", "uid 0")
    known = await store.allowed.fresh()

    async def away(*_args: object) -> None:
        from tipd.errors import StoreAway

        raise StoreAway("away")

    monkeypatch.setattr(store.pool, "run", away)
    store.allowed.begin_anew()
    assert await store.allowed.fresh() is known


ADDRESS_PAIR = (ADDRESS.kind, ADDRESS.value)


async def _until(allowed: Allowed, *, covered: bool) -> None:
    with trio.fail_after(30):
        while (await allowed.fresh()).covers(*ADDRESS_PAIR) is not covered:
            await trio.sleep(0.01)
