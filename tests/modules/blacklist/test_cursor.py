"""How far a source has come: what is kept, asked, and believed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.blacklist.asking import Since
from tipd.modules.blacklist.cursor import (
    Cursor,
    Run,
    advanced,
    greatest,
    moment_of,
    shown,
    stored,
    whole_is_due,
    written,
)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EPOCH = Since(path="x", format="epoch", first="0")
STAMP = Since(path="x", overlap="5m")
WORD = Since(path="x", format="text")
DAYS = Since(from_="began", format="days", first="30")


def epoch(moment: datetime) -> str:
    return str(int(moment.timestamp()))


@pytest.mark.parametrize(
    ("since", "kept", "text"),
    [
        (EPOCH, "", "0"),
        (EPOCH, "1790000000", "1790000000"),
        (EPOCH, "rubbish", "0"),
        (STAMP, "", ""),
        (STAMP, "2026-11-22T11:00:00Z", "2026-11-22T10:55:00Z"),
        (STAMP, "2026-11-22T13:00:00+02:00", "2026-11-22T10:55:00Z"),
        (STAMP, "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        (WORD, "b2Zmc2V0", "b2Zmc2V0"),
        (WORD, "", ""),
        (DAYS, "", "30"),
        (DAYS, "2026-11-22T11:59:00Z", "1"),
        (DAYS, "2026-11-20T11:59:00Z", "3"),
    ],
)
def test_what_stands_for_since(since: Since, kept: str, text: str) -> None:
    assert shown(since, kept, NOON) == text


def test_an_exact_stamp_goes_back_as_it_came() -> None:
    since = Since(from_="header", header="X-TAXII-Date-Added-Last")
    assert shown(since, "2026-11-22T11:00:00.123456Z", NOON) == "2026-11-22T11:00:00.123456Z"


@pytest.mark.parametrize(
    ("since", "kept", "found", "then", "told"),
    [
        (EPOCH, "", epoch(NOON - timedelta(hours=1)), epoch(NOON - timedelta(hours=1)), False),
        (EPOCH, epoch(NOON), "", epoch(NOON), False),
        (EPOCH, "100", "99", "100", True),
        (EPOCH, "100", "253402300799", epoch(NOON), False),
        (EPOCH, epoch(NOON + timedelta(hours=1)), "253402300799", epoch(NOON + timedelta(hours=1)), False),
        (STAMP, "2026-11-22T11:00:00Z", "2026-11-22T10:57:00Z", "2026-11-22T11:00:00Z", False),
        (STAMP, "2026-11-22T11:00:00Z", "2026-11-22T10:54:00Z", "2026-11-22T11:00:00Z", True),
        (WORD, "7", "9", "9", False),
        (WORD, "9", "10", "10", False),
        (WORD, "10", "9", "10", True),
        (WORD, "abc", "aaa", "aaa", False),
        (DAYS, "", "", "2026-11-22T12:00:00Z", False),
    ],
)
def test_what_is_kept_after_a_run(since: Since, kept: str, found: str, then: str, told: bool) -> None:
    after, why = advanced(since, kept, found, NOON)
    assert after == then
    assert bool(why) is told


@given(st.one_of(st.text(max_size=40), st.integers(-(10**30), 10**30).map(str), st.floats().map(str)))
def test_no_value_of_theirs_moves_the_cursor_beyond_now_or_back(found: str) -> None:
    for since, kept in ((EPOCH, "1700000000"), (STAMP, "2026-11-22T11:00:00Z")):
        after, _ = advanced(since, kept, greatest([found], since.format), NOON)
        moment, before = moment_of(after, since.format), moment_of(kept, since.format)
        assert moment is not None and before is not None
        assert before <= moment <= NOON


@given(st.lists(st.integers(0, 2**37)))
def test_the_greatest_is_that_of_numbers_not_of_texts(numbers: list[int]) -> None:
    expected = str(max(numbers)) if numbers else ""
    assert greatest(map(str, numbers), "text") == expected
    assert greatest(["soon", *map(str, numbers)], "epoch") == expected


def test_words_have_no_order_the_last_one_counts() -> None:
    assert greatest(["b", "", "a"], "text") == "a"


def test_a_moment_is_written_as_it_is_read() -> None:
    for form in ("epoch", "rfc3339"):
        assert moment_of(written(NOON, form), form) == NOON


def test_a_cursor_belongs_to_one_question() -> None:
    kept = {"digest": "d", "since": "5", "run": {"began": "2026-11-22T12:00:00Z", "at": 3, "token": "x"}}
    assert stored(kept, "d") == Cursor(digest="d", since="5", run=Run(began=NOON, at=3, token="x"))
    for other in (kept | {"digest": "e"}, None, [], "x", {"digest": 5}, {"run": {}}):
        assert stored(other, "d") == Cursor(digest="d")


def test_all_is_asked_for_every_so_often() -> None:
    since = Since(path="x", whole="7d")
    assert whole_is_due(since, Cursor(digest="", whole=NOON - timedelta(days=7)), NOON)
    assert not whole_is_due(since, Cursor(digest="", whole=NOON - timedelta(days=6)), NOON)
    assert not whole_is_due(Since(path="x"), Cursor(digest="", whole=NOON - timedelta(days=900)), NOON)
