from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.nursery.contract import At, Due, Every
from tipd.nursery.due import NEVER, cause_of, first_due, in_utc, next_at, next_due, next_every, repaired, resumed

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",  # half an hour of summer time
    "Asia/Kathmandu",
    "America/Sao_Paulo",  # changed at midnight
    "Africa/Cairo",
    "Pacific/Apia",  # left out 2011-12-30
    "Pacific/Kiritimati",
    "America/St_Johns",
    "Africa/Casablanca",
]
moments = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
times = st.times().map(lambda at: at.replace(microsecond=0, fold=0))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@given(times, st.sampled_from(ZONES), moments)
def test_the_next_time_is_later_and_none_lies_between(at: time, zone: str, after: datetime) -> None:
    found = next_at(At(at, zone), after)
    assert found > after
    assert found - after <= timedelta(hours=49)  # a day, the clocks, and a day left out
    # Every local day's time, taken from before its gap or first fold, is found and nothing else.
    days = [after.astimezone(ZoneInfo(zone)).date() + n * DAY for n in range(-2, 4)]
    every = sorted({datetime.combine(day, at, tzinfo=ZoneInfo(zone)).astimezone(UTC) for day in days})
    assert found == next(moment for moment in every if moment > after)


@given(times, st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2030, 1, 1)))
def test_a_year_of_days_runs_once_each(at: time, zone: str, start: date) -> None:
    trigger = At(at, zone)
    moment = datetime.combine(start, time(), tzinfo=UTC)
    local: list[date] = []
    for _ in range(120):
        moment = next_at(trigger, moment)
        local.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(set(local)) >= len(local) - 1  # a gap at midnight may push a time onto the next day
    assert (local[-1] - local[0]).days in range(118, 121)


@pytest.mark.parametrize(
    ("zone", "at", "after", "found"),
    [
        ("Europe/Berlin", "02:30", "2026-03-28T12:00", "2026-03-29T01:30"),  # skipped: 03:30 summer time
        ("Europe/Berlin", "02:30", "2026-03-29T01:30", "2026-03-30T00:30"),
        ("Europe/Berlin", "02:30", "2026-10-24T12:00", "2026-10-25T00:30"),  # twice: the first
        ("Europe/Berlin", "02:30", "2026-10-25T00:30", "2026-10-26T01:30"),  # and not the second
        ("Europe/Berlin", "04:00", "2026-03-28T03:00", "2026-03-29T02:00"),  # the wall says four all the same
        ("UTC", "04:00", "2026-03-29T03:59:59.999999", "2026-03-29T04:00"),
        ("UTC", "04:00", "2026-03-29T04:00", "2026-03-30T04:00"),
        ("Pacific/Apia", "10:00", "2011-12-29T20:00", "2011-12-30T20:00"),  # the day that was left out
        ("Pacific/Apia", "10:00", "2011-12-30T20:00", "2011-12-31T20:00"),
    ],
)
def test_known_days(zone: str, at: str, after: str, found: str) -> None:
    assert next_at(At(time.fromisoformat(at), zone), utc(after)) == utc(found)


def test_the_end_of_the_calendar_is_never() -> None:
    end = datetime(9999, 12, 31, 23, tzinfo=UTC)
    assert next_at(At(time(1)), end) == NEVER
    assert next_every(Every(DAY), end, end) == NEVER
    assert in_utc(datetime.fromisoformat("9999-12-31T23:00:00-05:00")) == NEVER
    assert in_utc(datetime.fromisoformat("0001-01-01T01:00:00+05:00")) < end


@given(st.timedeltas(timedelta(microseconds=1), timedelta(days=400)), moments, st.timedeltas(timedelta(0), 900 * DAY))
def test_a_period_keeps_its_grid_and_misses_nothing_twice(period: timedelta, due: datetime, late: timedelta) -> None:
    started = due + late
    found = next_every(Every(period), due, started)
    assert found > started
    assert found - started <= period
    assert (found - due) % period == timedelta(0)


def test_a_run_that_overlaps_its_next_time_delays_it() -> None:
    due = utc("2026-11-22T00:00")
    assert next_every(Every(HOUR), due, due) == due + HOUR  # however long it takes from there


def test_a_run_that_began_early_is_not_due_twice() -> None:
    due = utc("2026-11-22T12:00")
    assert next_every(Every(HOUR), due, due - 5 * HOUR) == due + HOUR


def test_a_new_unit_is_due() -> None:
    now = utc("2026-11-22T12:00")
    four = At(time(4))
    assert first_due([Every(HOUR)], now) == now
    assert first_due([four], now) == utc("2026-11-23T04:00")
    assert first_due([four, Every(HOUR)], now) == now
    assert first_due([], now) is None
    assert first_due([Every(HOUR)], now, follows=True) == now + HOUR  # whom it follows goes first
    assert first_due([four], now, follows=True) == first_due([four], now)


def test_the_sooner_of_two_triggers() -> None:
    due = utc("2026-11-22T00:00")
    triggers = [Every(3 * HOUR), At(time(4))]
    assert next_due(triggers, due, due) == utc("2026-11-22T03:00")
    assert next_due(triggers, utc("2026-11-22T03:00"), utc("2026-11-22T03:00")) == utc("2026-11-22T04:00")
    assert next_due([], due, due) is None


def test_a_stored_time_says_whose_it_is() -> None:
    triggers = [Every(HOUR), At(time(4))]
    assert cause_of(triggers, utc("2026-11-22T04:00")) == At(time(4))
    assert cause_of(triggers, utc("2026-11-22T04:01")) == Every(HOUR)
    assert cause_of([At(time(4))], utc("2026-11-22T04:01")) == At(time(4))
    assert cause_of([], utc("2026-11-22T04:01")) is None


def test_a_clock_that_went_back_keeps_the_gap() -> None:
    then = utc("2036-01-01T00:00")
    now = utc("2026-11-22T00:00")
    row = Due("module:x", then + HOUR, then, 0)
    assert repaired(row, now) == Due("module:x", now + HOUR, now, 0)
    assert repaired(row, then) is row
    assert repaired(row, then - HOUR) is row  # a small correction only waits
    overdue = Due("module:x", then - HOUR, then, 0)
    assert repaired(overdue, now).due == now


@given(moments, moments, moments)
def test_a_repair_never_runs_sooner_than_planned(due: datetime, last_run: datetime, now: datetime) -> None:
    row = repaired(Due("u", due, last_run, 0), now)
    assert row.due is not None
    assert row.due <= due
    if row.due != due:
        assert row.due - now >= min(due - last_run, timedelta(0)) or row.due == now
        assert row.due - now <= max(timedelta(0), due - last_run)
        assert repaired(row, now) is row


def test_what_is_stored_is_gone_on_with() -> None:
    now = utc("2026-11-22T12:00")
    hourly = [Every(HOUR)]
    assert resumed(None, "u", hourly, now) == Due("u", now, None, 0)
    assert resumed(None, "u", hourly, now, follows=True) == Due("u", now + HOUR, None, 0)
    stored = Due("u", now + HOUR, now - HOUR, 2)
    assert resumed(stored, "u", hourly, now) == stored
    assert resumed(Due("u", None, now - HOUR / 2, 0), "u", hourly, now).due == now + HOUR / 2  # not run before its time
    assert resumed(Due("u", None, None, 3), "u", hourly, now) == Due("u", now, None, 3)


def test_a_naive_time_is_utc() -> None:
    assert in_utc(datetime(2026, 1, 1)) == utc("2026-01-01T00:00")  # noqa: DTZ001
    assert in_utc(datetime.fromisoformat("2026-01-01T02:00:00+02:00")) == utc("2026-01-01T00:00")
