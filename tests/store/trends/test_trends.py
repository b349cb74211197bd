"""Counting along the log, with a real PostgreSQL."""

from datetime import date, timedelta

import pytest
import trio
from support.stores import START, HandClock, names, note, open_store, write_closed, write_opened

from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.net.asn import AsnTable
from tipd.net.asn_build import AsnJob, build
from tipd.store.sources import Declared
from tipd.store.trends import trends as module
from tipd.store.trends.trends import Trends, asn_of

DAY = START.date()
ADDRESSES = [Indicator(Kind.IPV4, f"198.51.100.{n}") for n in range(4)] + [Indicator(Kind.IPV6, "2001:db8::7")]


def _asns(tmp_path):
    (tmp_path / "asn.dat").write_text("198.51.100.0/31\t64500\n2001:db8::/32\t64501\n")
    assert not build(AsnJob(path=str(tmp_path / "asn.dat"), into=str(tmp_path / "t"))).error
    table = AsnTable.open(tmp_path / "t")
    return lambda: table


def _of(store, clock):
    return Trends(store.pool, store.writer, clock)


async def _count_all(trends, asns=AsnTable.empty):
    while await trends.count(asns) > 0:
        pass


async def _declare(store, **marks):
    declared = {name: Declared(digest=b"d", tlp=mark, class_=f"class-{name}") for name, mark in marks.items()}
    return {row.name: row.id for row in await store.sources.declare("blacklist", declared)}


async def _apply(store, source, tmp_path, *, opened=(), closed=(), initial=False, context=None):
    await store.rounds.apply(
        await store.rounds.begin(source),
        source,
        write_opened(tmp_path / "o", store.hash_seed, opened, context=context),
        write_closed(tmp_path / "c", store.hash_seed, closed),
        initial=initial,
    )


async def _told(trends, of="source", by="day", since=DAY, until=DAY + timedelta(days=9), max_tlp=Tlp.RED, **only):
    rows = await trends.read(by, of, since, until, max_tlp=max_tlp, only=only)
    return [(row.period - DAY, row.name, row.listed, row.delisted, row.loaded) for row in rows]


async def test_every_finding_counts_once_on_its_day(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, one=Tlp.CLEAR, two=Tlp.CLEAR)
        await _apply(store, ids["one"], tmp_path, opened=names(*range(10)), initial=True)
        await _apply(store, ids["two"], tmp_path, opened=names(1, 2))
        await store.writer.tell([note(1)])
        trends = _of(store, clock)
        await _count_all(trends)
        clock.move(timedelta(days=1))
        await _apply(store, ids["one"], tmp_path, opened=names(20, 21, 22), closed=names(1))
        await _count_all(trends)
        await _count_all(trends)
        nothing, one_day = timedelta(0), timedelta(days=1)
        assert await _told(trends) == [(nothing, "one", 0, 0, 10), (nothing, "two", 2, 0, 0), (one_day, "one", 3, 1, 0)]
        assert await trends.behind() == 0
        assert await _told(trends, source=["two"]) == [(nothing, "two", 2, 0, 0)]
        assert await _told(trends, of="kind", kind=["domain"]) == [
            (nothing, "domain", 2, 0, 10),
            (one_day, "domain", 3, 1, 0),
        ]
        assert await _told(trends, kind=["ipv4"]) == []


async def test_a_page_is_counted_in_parts_and_by_two_processes_once(dsn, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 7)
    clock = HandClock()
    async with open_store(dsn, clock) as store, open_store(dsn, clock) as other:
        ids = await _declare(store, one=Tlp.CLEAR)
        await _apply(store, ids["one"], tmp_path, opened=names(*range(50)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_count_all, _of(store, clock))
            nursery.start_soon(_count_all, _of(other, clock))
        await _count_all(_of(store, clock))
        assert await _told(_of(store, clock)) == [(timedelta(0), "one", 50, 0, 0)]


async def test_addresses_count_for_who_announces_them(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, one=Tlp.CLEAR)
        await _apply(store, ids["one"], tmp_path, opened=[*ADDRESSES, *names(1)])
        trends = _of(store, clock)
        await _count_all(trends, _asns(tmp_path))
        assert {row[1]: row[2] for row in await _told(trends, of="asn")} == {"AS64500": 2, "AS64501": 1, "unknown": 3}
        assert {row[1]: row[2] for row in await _told(trends, of="kind", asn=["AS64501"])} == {"ipv6": 1}


async def test_a_row_s_own_class_counts_and_else_its_source_s(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, one=Tlp.CLEAR)
        await _apply(store, ids["one"], tmp_path, opened=names(1), context={"class": "c2-server"})
        await _apply(store, ids["one"], tmp_path, opened=names(2, 3), context={"class": ["phishing", "spam"]})
        await _apply(store, ids["one"], tmp_path, opened=names(4, 5, 6), context={"port": 80})
        trends = _of(store, clock)
        await _count_all(trends)
        told = {row[1]: row[2] for row in await _told(trends, of="class")}
        assert told == {"c2-server": 1, "phishing": 2, "class-one": 3}
        await _apply(store, ids["one"], tmp_path, closed=names(1, 4))
        await _count_all(trends)
        ended = {row[1]: row[3] for row in await _told(trends, of="class")}
        assert ended == {"c2-server": 1, "phishing": 0, "class-one": 1}
        assert [row[2] for row in await _told(trends, **{"class": ["phishing"]})] == [2]


async def test_nothing_above_the_mark_is_counted_for_the_reader(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, open=Tlp.CLEAR, closed=Tlp.AMBER)
        for source in ids.values():
            await _apply(store, source, tmp_path, opened=names(1, 2))
        trends = _of(store, clock)
        await _count_all(trends)
        assert [row[1] for row in await _told(trends, max_tlp=Tlp.GREEN)] == ["open"]
        await _declare(store, open=Tlp.RED, closed=Tlp.AMBER)
        assert [row[1] for row in await _told(trends, max_tlp=Tlp.AMBER)] == ["closed"]


async def test_weeks_and_months_add_days_up(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, one=Tlp.CLEAR)
        trends = _of(store, clock)
        for day in range(9):
            await _apply(store, ids["one"], tmp_path, opened=names(day))
            clock.move(timedelta(days=1))
        await _count_all(trends)
        since, until = date(2026, 3, 1), date(2026, 4, 1)
        assert [row[2] for row in await _told(trends, by="week", since=since, until=until)] == [1, 7, 1]
        assert [row[2] for row in await _told(trends, by="month", since=since, until=until)] == [9]


async def test_a_cursor_from_another_log_is_set_right(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await _declare(store, one=Tlp.CLEAR)
        trends = _of(store, clock)
        await store.findings.move_cursor("trends", 10**9)
        await _count_all(trends)
        await _apply(store, ids["one"], tmp_path, opened=names(1))
        await _count_all(trends)
        assert [row[2] for row in await _told(trends)] == [1]


@pytest.mark.parametrize("text", ["AS", "ASx", "-1", str(2**32), "٣"])
def test_what_is_no_as_number_is_refused(text):
    with pytest.raises(ValueError, match="no AS number"):
        asn_of(text)


def test_an_as_number_is_read_in_both_forms():
    assert asn_of("AS64500") == asn_of(" 64500 ") == asn_of("as64500") == 64500


async def test_it_says_since_when_it_counts(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        trends = _of(store, clock)
        assert await trends.begun() is None
        source = (await _declare(store, feed=Tlp.CLEAR))["feed"]
        await _apply(store, source, tmp_path, opened=ADDRESSES)
        await _count_all(trends)
        assert await trends.begun() == DAY


async def test_what_no_database_holds_is_nothing(dsn, tmp_path):
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        for name in ("source", "class"):
            assert await _told(_of(store, clock), **{name: ["a\0b", "\ud800"]}) == []
