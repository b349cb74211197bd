"""Sources that are kept by hand."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from support.stores import START, HandClock, names, open_store, whole_log

from tipd.model.indicator import Indicator
from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.ageing import Policy
from tipd.store.entries import Word
from tipd.store.entry import Entry
from tipd.store.sources import Declared
from tipd.store.store import Store

DAY = timedelta(days=1)
ME = Word("uid 0", "seen in our log")


async def by_hand(store: Store) -> int:
    rows = await store.sources.declare("blacklist", {"local": Declared(by_hand=True)})
    return rows[0].id


def said(*numbers: int, **words: object) -> list[Entry]:
    context = msgspec.json.encode(words.pop("context", {"reason": "seen"}))
    return [Entry(indicator=one, context=context, **words) for one in names(*numbers)]


async def test_what_is_reported_is_listed_told_and_audited_at_once(dsn: str) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await by_hand(store)
        done = await store.entries.report(source, said(1, 2, tlp=3), ME)
        assert (done.listed, done.known, done.blocked) == (frozenset(names(1, 2)), frozenset(), frozenset())
        log = await whole_log(store)
        assert {(f.kind, f.subject, f.data["reason"], f.source) for f in log} == {
            ("indicator.listed", one, "seen", "local") for one in names(1, 2)
        }
        (row,) = await store.sources.all()
        assert (row.by_hand, row.state, row.entries, row.last_success) == (True, "ok", 2, START)
        (act,) = await store.audit.read()
        assert (act.by, act.action, act.subject, act.reason) == ("uid 0", "entry.added", "local", "seen in our log")
        (entry,) = await store.rounds.last(source)
        assert (entry.why, entry.listed, entry.id, entry.status) == ("entries", 2, act.data["round"], "ok")


async def test_reporting_it_again_lets_it_last_longer_and_is_not_told(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await by_hand(store)
        await store.entries.report(source, said(1, until=START + DAY), ME)
        clock.move(DAY / 2)
        done = await store.entries.report(source, said(1, 2, until=START + 2 * DAY), ME)
        assert (done.listed, done.known) == (frozenset(names(2)), frozenset(names(1)))
        assert (await store.entries.report(source, said(1, until=START + 3 * DAY), ME)).known == frozenset(names(1))
        assert len(await whole_log(store)) == 2
        assert len(await store.rounds.last(source)) == 2  # a round for each call that listed something
        policy = Policy(source_id=source)
        assert (await store.ageing.sweep(policy, START + 2 * DAY)).number == 1
        assert (await store.ageing.sweep(policy, START + 3 * DAY)).number == 1
        assert {f.data["reason"] for f in (await whole_log(store))[2:]} == {"aged"}
        clock.move(9 * DAY)
        assert (await store.entries.report(source, said(1), ME)).listed == frozenset(names(1))


async def test_it_ages_from_when_it_was_last_reported(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        source = await by_hand(store)
        await store.entries.report(source, said(1, 2), ME)
        clock.move(DAY)
        await store.entries.report(source, said(2), ME)
        policy = Policy(source_id=source, spans={Kind.DOMAIN: DAY})
        assert (await store.ageing.sweep(policy, START + DAY)).number == 1
        (standing,) = await store.entries.page(source, max_tlp=Tlp.RED)
        assert (standing.value, standing.since, standing.reported) == ("host2.example.org", START, START + DAY)


async def test_what_is_taken_back_ends_at_once(dsn: str) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await by_hand(store)
        await store.entries.report(source, said(1, 2), ME)
        back = Word("token 1", "a false positive")
        assert await store.entries.withdraw(source, names(2, 3), back) == set(names(2))
        assert await store.entries.withdraw(source, names(2, 3), back) == set()
        told = (await whole_log(store))[-1]
        assert (told.kind, told.subject, told.data) == ("indicator.delisted", names(2)[0], {"reason": "withdrawn"})
        acts = await store.audit.read()
        assert [(act.action, act.reason) for act in acts] == [
            ("entry.withdrawn", "a false positive"),
            ("entry.added", "seen in our log"),
        ]
        assert [entry.why for entry in await store.rounds.last(source)] == ["withdrawal", "entries"]
        (row,) = await store.sources.all()
        assert row.entries == 1


async def test_what_was_forgotten_for_good_is_not_taken_in(dsn: str) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await by_hand(store)

        async def block(connection):
            (one,) = names(1)
            key = key_of(store.hash_seed, one.kind, one.value)
            await connection.execute("INSERT INTO blocked VALUES ($1, now())", key)

        await store.pool.run(block)
        done = await store.entries.report(source, said(1, 2), ME)
        assert (done.listed, done.blocked) == (frozenset(names(2)), frozenset(names(1)))


async def test_entries_are_listed_in_pages_and_by_mark(dsn: str) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await by_hand(store)
        await store.entries.report(source, said(*range(5), context={"port": 80}), ME)
        await store.entries.report(source, said(7, tlp=int(Tlp.RED)), ME)
        values: list[str] = []
        after = None
        while page := await store.entries.page(
            source, limit=2, max_tlp=Tlp.AMBER, **({} if after is None else {"after": after})
        ):
            values += [standing.value for standing in page]
            assert page[0].context == {"port": 80}
            after = page[-1].key
        assert sorted(values) == sorted(one.value for one in names(*range(5)))
        assert len(await store.entries.page(source, max_tlp=Tlp.RED)) == 6


async def test_too_many_at_once_are_refused(dsn: str) -> None:
    async with open_store(dsn, HandClock()) as store:
        many = [Indicator(Kind.ASN, f"AS{number}") for number in range(20_001)]
        with pytest.raises(ValueError, match="at most"):
            await store.entries.report(1, [Entry(indicator=one) for one in many], ME)
        with pytest.raises(ValueError, match="at most"):
            await store.entries.withdraw(1, many, ME)
        assert await store.audit.read() == []
