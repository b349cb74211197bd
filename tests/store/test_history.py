"""History: windows, proofs, and what cannot be loaded; that intervals are right stands in tests/contract."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.past import DAY, Historian
from support.stores import START, HandClock, names, open_store, whole_log

from tipd.store.history import HistoryRefused


@pytest.fixture
async def historian(dsn: str, tmp_path: Path):
    clock = HandClock(START)
    async with open_store(dsn, clock) as store:
        yield await Historian.of(store, tmp_path, clock)


async def test_an_observation_holds_until_the_next_or_as_long_as_it_is_kept(historian: Historian) -> None:
    await historian.load(-20, {1, 2}, keep=5)
    await historian.load(-17, {2, 3}, keep=5)
    assert await historian.spans() == {1: [(-20, -17)], 2: [(-20, -12)], 3: [(-17, -12)]}
    await historian.load(-10, {2}, keep=5)
    assert await historian.spans() == {1: [(-20, -17)], 2: [(-20, -12), (-10, -5)], 3: [(-17, -12)]}


async def test_windows_that_touch_are_one_interval_with_the_first_and_the_last_round(historian: Historian) -> None:
    last = await historian.load(-8, {1}, keep=3)
    first = await historian.load(-12, {1}, keep=3)
    middle = await historian.load(-10, {1}, keep=3)
    assert len({first, middle, last}) == 3
    (row,) = await historian.rows()
    assert (row["opened"], row["closed"]) == (START - 12 * DAY, START - 5 * DAY)
    assert (row["opened_round"], row["closed_round"], row["reason"]) == (first, last, "aged")
    assert row["backfilled"]


async def test_the_round_that_no_longer_had_it_closes_it(historian: Historian) -> None:
    first = await historian.load(-8, {1})
    second = await historian.load(-5, {2})
    rows = {row["value"]: row for row in await historian.rows()}
    gone = rows[names(1)[0].value]
    assert (gone["opened_round"], gone["closed_round"], gone["reason"]) == (first, second, "left")


async def test_history_is_told_to_nobody_and_counted_nowhere(historian: Historian) -> None:
    await historian.load(-8, {1, 2})
    assert await whole_log(historian.store) == []
    row = await historian.store.sources.get("src")
    assert row is not None
    assert (row.entries, row.last_success, row.last_round) == (0, None, None)
    (round_,) = await historian.store.rounds.last(historian.source)
    assert (round_.why, round_.status, round_.entries, round_.listed) == ("backfill", "ok", 2, 2)
    assert (round_.at, round_.url) == (START - 8 * DAY, "list.txt")


@pytest.mark.parametrize("days", [0, 1, 4000])
async def test_what_is_not_past_is_refused(historian: Historian, days: int) -> None:
    with pytest.raises(HistoryRefused, match="is not past"):
        await historian.load(days, {1})
    assert await historian.rows() == []


async def test_nothing_is_loaded_into_tipd_s_own_time(historian: Historian) -> None:
    await historian.live(-6, on={1})
    with pytest.raises(HistoryRefused, match="has watched the source itself since"):
        await historian.load(-5, {1})
    with pytest.raises(HistoryRefused, match="sources replay"):
        await historian.load(-6, {1})
    before = await historian.rows()
    await historian.load(-8, {1, 2}, keep=30)
    assert await historian.spans() == {1: [(-8, -6), (-6, None)], 2: [(-8, -6)]}
    assert [row for row in await historian.rows() if not row["backfilled"]] == before


async def test_another_body_for_the_same_moment_is_refused_the_same_one_is_known(historian: Historian) -> None:
    assert await historian.load(-8, {1}) is not None
    assert await historian.load(-8, {1}) is None
    with pytest.raises(HistoryRefused, match="another body"):
        await historian.load(-8, {2})
    assert await historian.spans() == {1: [(-8, 0)]}


async def test_the_same_body_read_in_another_way_takes_the_place_of_what_it_gave(historian: Historian) -> None:
    await historian.load(-9, {1, 2, 3})
    await historian.load(-8, {1, 2}, body=b"same", digest=b"old")
    await historian.load(-7, {2, 3})
    await historian.load(-8, {2, 3}, body=b"same", digest=b"new")
    assert await historian.spans() == {1: [(-9, -8)], 2: [(-9, 0)], 3: [(-9, 0)]}
    await historian.load(-9, {4}, body=Historian.body({1, 2, 3}), digest=b"new")
    assert await historian.spans() == {2: [(-8, 0)], 3: [(-8, 0)], 4: [(-9, -8)]}


async def test_a_load_that_was_cut_off_is_loaded_again(historian: Historian) -> None:
    await historian.load(-9, {1, 2})
    await historian.load(-7, {2, 3})
    await historian.load(-8, {1, 3, 4}, cut_off=True)
    (unfinished, *_) = await historian.store.rounds.last(historian.source)
    assert unfinished.ended is None
    await historian.load(-8, {1, 3, 4})
    assert await historian.spans() == {1: [(-9, -7)], 2: [(-9, -8), (-7, 0)], 3: [(-8, 0)], 4: [(-8, -7)]}


async def test_filling_adds_only_where_nothing_stands(historian: Historian) -> None:
    await historian.live(-10, on={1, 2})
    await historian.live(-6, off={1})
    await historian.live(-4, on={1})
    before = await historian.rows()
    await historian.fill(-8, {1, 2, 3}, until=-4)
    await historian.fill(-5, {1, 3}, until=-2)
    await historian.fill(-5, {1, 3}, until=-2)
    assert await historian.spans() == {
        1: [(-10, -6), (-5, -4), (-4, None)],
        2: [(-10, None)],
        3: [(-8, -4)],
    }
    assert [row for row in await historian.rows() if not row["backfilled"]] == before
    assert len(await whole_log(historian.store)) == 4


async def test_what_is_blocked_is_not_loaded(historian: Historian) -> None:
    await historian.block(1)
    await historian.load(-8, {1, 2})
    assert await historian.spans() == {2: [(-8, 0)]}


async def test_what_was_known_of_the_past_is_known_since_it_was_loaded(historian: Historian) -> None:
    await historian.load(-8, {1}, keep=30)
    historian.clock.move(timedelta(hours=1))
    await historian.load(-6, {1}, keep=30)
    store, value = historian.store, names(1)[0].value
    asked = [(value, START - days * DAY) for days in (9, 8, 7, 6, 1)]
    answers = await store.past.at(asked, max_tlp=4)
    assert [answer.known_since for answer in answers] == [
        None,
        START,
        START,
        START + timedelta(hours=1),
        START + timedelta(hours=1),
    ]
    assert answers[0].later is not None
    assert answers[0].later.at == START - 8 * DAY
