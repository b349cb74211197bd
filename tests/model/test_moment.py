"""Dates as lists write them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.moment import FIRST, LAST, read_moment, rfc3339

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22 04:05:06",
        "2026-11-22T04:05:06Z",
        "2026-11-22T04:05:06.789Z",
        "2026-11-22 04:05:06,789",
        "2026-11-22 04:05:06 UTC",
        "2026-11-22 04:05:06 GMT",
        "2026-11-22  04:05:06 UTC+00:00",
        "2026-11-22 05:05:06 +0100",
        "2026-11-22 05:05:06 UTC+01",
        "2026-11-21T23:05:06-05:00",
        "2026-11-21 23:05:06 -05:00",
        "2026/11/22 04:05:06",
        "22.11.2026 04:05:06",
        "22/11/2026 04:05:06",
        "11/22/2026 4:05:06",
        "11/22/2026 4:05:06 AM",
        "Nov 22, 2026 04:05:06 a.m.",
        "22-11-2026, 04:05:06",
        "Sun, 22 Nov 2026 04:05:06 +0000",
        "Sun, 22 Nov 2026 04:05:06 GMT",
        "Sat, 21 Nov 2026 23:05:06 EST",
        "Sun Nov 22 04:05:06 2026",
        "22 Nov 2026 04:05:06",
        "22-Nov-2026 04:05:06",
        "November 22, 2026 04:05:06",
        "20261122T040506Z",
        "20261122040506",
        "1795320306",
        "1795320306.5",
        "1795320306789",
        "1795320306789012",
        "1795320306789012345",
    ],
)
def test_usual_forms(text):
    moment = read_moment(text)
    assert moment is not None
    assert rfc3339(moment) == "2026-11-22T04:05:06Z"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-11-22", "2026-11-22T00:00:00Z"),
        ("20261122", "2026-11-22T00:00:00Z"),
        ("22.11.2026", "2026-11-22T00:00:00Z"),
        ("03.04.2026", "2026-04-03T00:00:00Z"),
        ("05/05/2026", "2026-05-05T00:00:00Z"),
        ("2026-11-22 04:05", "2026-11-22T04:05:00Z"),
        ("202611220405", "2026-11-22T04:05:00Z"),
        ("11/22/2026 4:05 PM", "2026-11-22T16:05:00Z"),
        ("11/22/2026 12:05 AM", "2026-11-22T00:05:00Z"),
        ("Nov 22 2026 12:05 pm", "2026-11-22T12:05:00Z"),
        ("1980-01-01", "1980-01-01T00:00:00Z"),
        ("2199-12-31 23:59:59", "2199-12-31T23:59:59Z"),
    ],
)
def test_short_forms_and_edges(text, said):
    assert rfc3339(read_moment(text)) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "never",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31 23:59:59",
        "9999-12-31T23:59:59-14:00",
        "10000-01-01",
        "2026-13-01",
        "2026-02-30",
        "2026-11-22 16:05 PM",
        "2026-11-22 PM",
        "2026-11-22-05:00",
        "2026-11-22T04:05:06 CET",
        "Sun, 22 Nov 2026 04:05:06 CET",
        "2026-11-22 25:00:00",
        "2026-11-22 04:05:06 +99:99",
        "03/04/2026",
        "03-04-2026",
        "22.11.26",
        "1970-01-01",
        "0",
        "12345678",
        "99999999999999999999",
        "04:05:06",
        "2026-11-22 or so",
        "22 Foo 2026",
        "9" * 500,
        "２０２６-11-22 04:05:06",
    ],
)
def test_what_is_no_date(text):
    assert read_moment(text, BERLIN) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026-07-01 12:00:00", "2026-07-01T10:00:00Z"),
        ("2026-11-22 12:00:00", "2026-11-22T11:00:00Z"),
        ("2026-11-22 12:00:00Z", "2026-11-22T12:00:00Z"),
        ("1795320306", "2026-11-22T04:05:06Z"),
        ("2026-03-29 02:30:00", "2026-03-29T01:30:00Z"),  # left out: clocks went from 02:00 to 03:00
        ("2026-10-25 02:30:00", "2026-10-25T00:30:00Z"),  # twice: the first
        ("2026-10-25 03:30:00", "2026-10-25T02:30:00Z"),
    ],
)
def test_dates_without_offset_are_those_of_the_declared_zone(text, said):
    assert rfc3339(read_moment(text, BERLIN)) == said


def test_a_declared_form():
    assert rfc3339(read_moment("03/04/2026 05h", form="%d/%m/%Y %Hh")) == "2026-04-03T05:00:00Z"
    assert read_moment("2026-04-03", form="%d/%m/%Y") is None


@given(st.text(max_size=40) | st.from_regex(r"[0-9]{1,5}[-/. :TZ+0-9a-z]{0,30}", fullmatch=True))
def test_nothing_raises(text):
    for zone in (UTC, BERLIN):
        moment = read_moment(text, zone)
        assert moment is None or FIRST <= moment < LAST


moments = st.datetimes(min_value=datetime(1981, 1, 1), max_value=datetime(2199, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(microsecond=0)
)


@given(moments, st.integers(-14 * 60, 14 * 60))
def test_any_moment_is_read_back_from_each_form(naive, minutes):
    utc = naive.replace(tzinfo=UTC)
    zone = timezone(timedelta(minutes=minutes))
    there = utc.astimezone(zone)
    assert read_moment(rfc3339(utc)) == utc
    assert read_moment(there.isoformat()) == utc
    assert read_moment(there.replace(tzinfo=None).isoformat(" "), zone) == utc
    assert read_moment(there.strftime("%d.%m.%Y %H:%M:%S %z")) == utc
    assert read_moment(there.strftime("%a, %d %b %Y %H:%M:%S %z")) == utc
    if utc.year > 2002:
        assert read_moment(str(int(utc.timestamp()))) == utc
        assert read_moment(str(int(utc.timestamp() * 1000))) == utc
