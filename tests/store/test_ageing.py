"""Sightings that end by time: when, why, how many a transaction, and what a sweep leaves alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import trio
from support.stores import START, HandClock, names, open_store, whole_log, write_closed, write_opened

from tipd.errors import TryAgain
from tipd.model.finding import NewFinding
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.ageing import Ends, Policy
from tipd.store.sources import Outcome
from tipd.store.store import Store

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
GONE = NewFinding(kind="source.gone", module="blacklist", source="feed")


class Lists:
    """One source whose list has had these names, the last of which vanished at a time."""

    def __init__(self, store: Store, folder: Path, source_id: int) -> None:
        self.store, self.folder, self.id = store, folder, source_id

    async def open(self, *numbers: int, at: datetime = START, until: datetime | None = None) -> tuple[int, int]:
        opened = write_opened(self.folder / "o", self.store.hash_seed, names(*numbers), until=until)
        round_id = await self.store.rounds.begin(self.id, started=at)
        return await self.store.rounds.apply(round_id, self.id, opened, None, at=at)

    async def vanish(self, *numbers: int, at: datetime) -> None:
        closed = write_closed(self.folder / "c", self.store.hash_seed, names(*numbers))
        await self.store.rounds.apply(1, self.id, None, closed, at=at, vanished=at)

    async def leave(self, *numbers: int, at: datetime) -> tuple[int, int]:
        closed = write_closed(self.folder / "c", self.store.hash_seed, names(*numbers))
        return await self.store.rounds.apply(1, self.id, None, closed, at=at)

    async def ends(self, **policy: object) -> Ends:
        return (await self.store.ageing.ends([Policy(source_id=self.id, **policy)]))[self.id]

    async def sweep(self, now: datetime, **policy: object) -> int:
        return (await self.store.ageing.sweep(Policy(source_id=self.id, **policy), now)).number

    async def settle(self, at: datetime, **outcome: object) -> None:
        await self.store.sources.settle(self.id, Outcome(state="any", at=at, due=at, **outcome))

    async def set(self, column: str, number: int, value: object) -> None:
        async def do(connection):
            sql = f"UPDATE sighting SET {column} = $2 WHERE source_id = $3 AND value = $1 AND closed IS NULL"
            await connection.execute(sql, names(number)[0].value, value, self.id)

        await self.store.pool.run(do)

    async def listed(self) -> set[int]:
        async def look(connection):
            rows = await connection.fetch("SELECT value FROM sighting WHERE source_id = $1 AND closed IS NULL", self.id)
            return {int(row["value"].removeprefix("host").partition(".")[0]) for row in rows}

        return await self.store.pool.run(look)


async def lists(store: Store, folder: Path) -> Lists:
    rows = {row.name: row.id for row in await store.sources.declare("blacklist", {"feed": None})}
    return Lists(store, folder, rows["feed"])


SPANS = {"spans": {Kind.DOMAIN: DAY}}


async def test_a_row_ends_so_long_after_it_vanished(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2, 3)
        assert await one.ends(**SPANS) == Ends(None, None)
        await one.vanish(1, at=START + HOUR)
        await one.vanish(2, at=START + 2 * HOUR)
        assert await one.ends(**SPANS) == Ends(START + HOUR + DAY, None)
        assert await one.ends(spans={Kind.URL: DAY}) == Ends(None, None)
        assert await one.sweep(START + HOUR + DAY - timedelta(seconds=1), **SPANS) == 0
        assert await one.sweep(START + HOUR + DAY, **SPANS) == 1
        assert await one.listed() == {2, 3}
        *_, told = await whole_log(store)
        assert (told.kind, told.subject, told.data) == ("indicator.delisted", names(1)[0], {"reason": "aged"})
        newest, *_ = await store.rounds.last(one.id)
        assert (newest.why, newest.delisted, newest.listed) == ("ageing", 1, 0)
        assert newest.ended is not None
        (row,) = await store.sources.all()
        assert row.entries == 2


async def test_each_kind_has_its_own_span_and_others_none(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2)
        await one.set("kind", 2, 5)
        await one.vanish(1, 2, at=START)
        spans = {Kind.URL: HOUR, Kind.IPV4: HOUR}
        assert await one.sweep(START + 99 * DAY, spans=spans) == 1
        assert await one.listed() == {1}


async def test_a_sweep_of_recent_rows_lets_snapshot_and_validators_stand(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2)
        await one.vanish(1, at=START)
        await one.settle(START, confirmed=True, last_round=7, etag='"x"')
        assert await one.sweep(START + 2 * DAY, **SPANS) == 1
        (row,) = await store.sources.all()
        assert (row.last_round, row.etag, row.moves, row.entries) == (7, '"x"', 0, 1)


async def test_a_row_ends_when_it_says_itself(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2)
        await one.set("until", 1, START + HOUR)
        assert await one.ends() == Ends(START + HOUR, None)
        assert await one.sweep(START + HOUR) == 1
        assert await one.listed() == {2}
        assert await one.open(1, at=START + 2 * HOUR, until=START + HOUR) == (0, 0)  # it stands there still


async def test_from_first_seen_it_ends_where_it_stands_and_comes_back_only_after_it_left(
    dsn: str, tmp_path: Path
) -> None:
    first = {"spans": {Kind.DOMAIN: DAY}, "first": True}
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1)
        await one.open(2, at=START + HOUR)
        await one.open(3, at=START + HOUR)
        await one.vanish(3, at=START + 2 * HOUR)
        assert await one.ends(**first) == Ends(START + DAY, None)
        assert await one.sweep(START + DAY, **first) == 1
        assert await one.ends(**first) == Ends(START + HOUR + DAY, None)
        assert await one.sweep(START + HOUR + DAY, **first) == 2
        keys = tmp_path / "keys"
        assert await store.sightings.open_keys(one.id, keys) == 2  # what stood in the last body, listed or not
        assert await one.open(1, 2, 3, at=START + 2 * DAY) == (1, 0)
        assert await one.listed() == {3}
        assert await one.leave(1, at=START + 3 * DAY) == (0, 0)
        assert await one.open(1, 2, at=START + 4 * DAY) == (1, 0)
        assert await one.listed() == {1, 3}


async def test_what_ended_by_its_own_word_is_listed_again_when_it_says_a_later_one(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2, until=START + HOUR)
        assert await one.sweep(START + 2 * HOUR) == 2
        assert await one.open(1, 2, at=START + 3 * HOUR, until=START + 2 * HOUR) == (0, 0)
        assert await one.open(1, at=START + 3 * HOUR, until=START + 9 * HOUR) == (1, 0)
        assert await one.open(2, at=START + 3 * HOUR) == (1, 0)
        assert await store.sightings.open_keys(one.id, tmp_path / "keys") == 2
        assert await one.sweep(START + 9 * HOUR) == 1
        assert await one.open(1, at=START + 10 * HOUR, until=START + 9 * HOUR) == (0, 0)


async def test_a_source_that_no_longer_ages_from_first_seen_lists_what_stands_in_it(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1)
        await one.open(2, until=START + HOUR)
        await one.settle(START, confirmed=True, last_round=7)
        assert await one.sweep(START + DAY, spans={Kind.DOMAIN: DAY}, first=True) == 2
        await store.ageing.forget_first([one.id], START + DAY)
        (row,) = await store.sources.all()
        assert (row.last_round, row.moves) == (None, 2)  # read whole, with no snapshot
        assert await one.open(1, at=START + 2 * DAY) == (1, 0)
        assert await one.open(2, at=START + 2 * DAY, until=START + HOUR) == (0, 0)
        before = store.writer.batches
        await store.ageing.forget_first([one.id], START + DAY)
        assert store.writer.batches == before


async def test_what_stands_in_a_list_that_fails_ages_from_when_it_was_read(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2)
        await one.settle(START, confirmed=True, last_round=7, etag='"x"')
        assert await one.ends(**SPANS) == Ends(None, None)
        assert await one.sweep(START + 9 * DAY, **SPANS) == 0  # not asked for so long, and not known to fail
        await one.settle(START + HOUR, failures=1)
        assert await one.ends(**SPANS) == Ends(START + DAY, None)
        assert await one.sweep(START + DAY, **SPANS) == 2
        (row,) = await store.sources.all()
        assert (row.last_round, row.etag, row.moves, row.entries) == (None, None, 1, 0)  # to be read whole
        sighting, *_ = await store.sightings.history("host1.example.org", max_tlp=Tlp.RED)
        assert (sighting.reason, sighting.last_seen) == ("aged", START)
        assert await one.open(1, 2, at=START + 2 * DAY) == (2, 0)


async def test_when_a_source_is_gone_counts_from_its_first_failure(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.settle(START, failures=1)
        assert await one.ends(gone=DAY) == Ends(None, None)  # it has nothing to lose
        await one.open(1)
        assert await one.ends(gone=DAY) == Ends(None, START + DAY)
        await one.settle(START + HOUR, failures=2)
        assert await one.ends(gone=DAY) == Ends(None, START + DAY)
        await one.settle(START + 2 * HOUR, confirmed=True)
        assert await one.ends(gone=DAY) == Ends(None, None)


async def test_that_it_is_gone_is_told_once(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        with pytest.raises(TryAgain):
            await store.ageing.tell_gone(one.id, START, GONE)  # it does not fail
        await one.settle(START, failures=1)
        await store.ageing.tell_gone(one.id, START, GONE)
        with pytest.raises(TryAgain):
            await store.ageing.tell_gone(one.id, START, GONE)
        assert [finding.kind for finding in await whole_log(store)] == ["source.gone"]
        await one.open(1)
        assert (await one.ends(gone=DAY)).gone == START  # what was left of it is ended at once
        await one.settle(START, confirmed=True)
        await one.settle(START, failures=1)
        await store.ageing.tell_gone(one.id, START, GONE)
        assert len(await whole_log(store)) == 3


async def test_a_sweep_is_many_small_transactions_under_one_round(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("ageing", "closing"):
        monkeypatch.setattr(f"tipd.store.{room}.MOST_ROWS", 10)
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(*range(95))
        await one.vanish(*range(90), at=START)
        before = store.writer.batches
        assert await one.sweep(START + DAY, **SPANS) == 90
        assert store.writer.batches - before >= 10
        assert [entry.delisted for entry in await store.rounds.last(one.id) if entry.why == "ageing"] == [90]
        assert len(await one.listed()) == 5


async def test_a_sweep_cut_off_in_the_middle_goes_on_as_another_round(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("ageing", "closing"):
        monkeypatch.setattr(f"tipd.store.{room}.MOST_ROWS", 10)
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(*range(50))
        await one.vanish(*range(50), at=START)
        with trio.CancelScope() as scope:
            store.writer.subscribe(lambda _seq, _kinds: scope.cancel())
            await one.sweep(START + DAY, **SPANS)
        assert scope.cancelled_caught
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        assert 0 < await one.sweep(START + DAY, **SPANS) < 50
        delisted = [f.subject for f in await whole_log(store) if f.kind == "indicator.delisted"]
        assert len(delisted) == len(set(delisted)) == 50
        rounds = [entry for entry in await store.rounds.last(one.id) if entry.why == "ageing"]
        assert [entry.ended is None for entry in rounds] == [False, True]
        (row,) = await store.sources.all()
        assert row.entries == 0


async def test_two_processes_that_sweep_at_once_end_each_row_once(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in ("ageing", "closing"):
        monkeypatch.setattr(f"tipd.store.{room}.MOST_ROWS", 7)
    async with open_store(dsn, HandClock()) as store, open_store(dsn, HandClock()) as other:
        one = await lists(store, tmp_path)
        await one.open(*range(100))
        await one.vanish(*range(100), at=START)
        swept: list[int] = []

        async def sweep(each: Store) -> None:
            swept.append((await each.ageing.sweep(Policy(source_id=one.id, **SPANS), START + DAY)).number)

        async with trio.open_nursery() as nursery:
            nursery.start_soon(sweep, store)
            nursery.start_soon(sweep, other)
        assert sum(swept) == 100
        assert len([f for f in await whole_log(store) if f.kind == "indicator.delisted"]) == 100
        (row,) = await store.sources.all()
        assert row.entries == 0


async def test_what_was_seen_by_a_clock_that_stood_ahead_ages_from_now(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        one = await lists(store, tmp_path)
        await one.open(1, 2)
        await one.vanish(1, at=START + 4000 * DAY)
        await one.vanish(2, at=START + HOUR)
        policy = Policy(source_id=one.id, **SPANS)
        await store.ageing.set_right([policy], START + 2 * HOUR)
        assert await one.ends(**SPANS) == Ends(START + HOUR + DAY, None)
        assert await one.sweep(START + 2 * HOUR + DAY, **SPANS) == 2


async def test_no_span_is_beyond_the_end_of_time(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock(datetime(9990, 1, 1, tzinfo=START.tzinfo))) as store:
        one = await lists(store, tmp_path)
        at = datetime(9990, 1, 1, tzinfo=START.tzinfo)
        await one.open(1, at=at)
        await one.vanish(1, at=at)
        assert await one.ends(spans={Kind.DOMAIN: 36500 * DAY}) == Ends(None, None)
        assert await one.sweep(at, spans={Kind.DOMAIN: 36500 * DAY}) == 0
