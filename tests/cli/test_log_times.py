"""Times of log lines, in the forms there are."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.cli.log_times import LogTimes

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def times(zone: str = "UTC", **more) -> LogTimes:
    return LogTimes(NOW, ZoneInfo(zone), **more)


@pytest.mark.parametrize(
    ("line", "iso"),
    [
        # RFC 5424
        ("<34>1 2026-11-22T04:00:00.003Z mx su - ID47 - 'su root' failed", "2026-11-22T04:00:00.003000+00:00"),
        ("<165>1 2026-11-22T05:00:00.000003+01:00 host evntslog - - -", "2026-11-22T04:00:00.000003+00:00"),
        # RFC 3164, Postfix
        ("<34>Nov 22 04:00:00 mx su: 'su root' failed", "2026-11-22T04:00:00+00:00"),
        ("Nov  2 04:00:00 mx postfix/smtpd[1]: connect from x[192.0.2.1]", "2026-11-02T04:00:00+00:00"),
        # Apache, nginx
        ('192.0.2.1 - - [22/Nov/2026:05:00:00 +0100] "GET / HTTP/1.1" 200 1', "2026-11-22T04:00:00+00:00"),
        ("2026/11/22 04:00:00 [error] 7#7: *1 open() failed, client: 192.0.2.1", "2026-11-22T04:00:00+00:00"),
        ("[Sun Nov 22 04:00:00.123456 2026] [core:error] [client 192.0.2.1]", "2026-11-22T04:00:00.123456+00:00"),
        # BIND
        ("22-Nov-2026 04:00:00.123 client @0x7 192.0.2.1#53 (example.org): query", "2026-11-22T04:00:00.123000+00:00"),
        # squid, epoch, milliseconds
        ("1795320000.123    45 192.0.2.1 TCP_MISS/200 GET http://example.org/", "2026-11-22T04:00:00.123000+00:00"),
        ("1795320000 192.0.2.1", "2026-11-22T04:00:00+00:00"),
        ("1795320000123 192.0.2.1", "2026-11-22T04:00:00.123000+00:00"),
        # others
        ("2026-11-22 04:00:00,123 INFO 192.0.2.1", "2026-11-22T04:00:00.123000+00:00"),
        ('{"ts":"2026-11-22T04:00:00Z","ip":"192.0.2.1"}', "2026-11-22T04:00:00+00:00"),
        ("2026-11-22T04:00:60Z a leap second", "2026-11-22T04:00:59+00:00"),
    ],
)
def test_common_forms(line: str, iso: str) -> None:
    assert times().at(line) == datetime.fromisoformat(iso)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no time at all from 192.0.2.1",
        "2026-13-45T99:00:00Z",
        "2026-02-30 04:00:00 no such day",
        "12345 192.0.2.1",
        "Foo 22 04:00:00",
        "99/Nov/2026:04:00:00",
        "0000-01-01 00:00:00",
    ],
)
def test_a_line_without_a_time(line: str) -> None:
    assert times().at(line) is None


def test_a_time_without_offset_is_in_the_log_s_zone() -> None:
    assert times("Europe/Paris").at("Jul 22 04:00:00 x") == datetime(2026, 7, 22, 2, tzinfo=UTC)
    assert times("Europe/Paris").at("2026-01-22 04:00:00 x") == datetime(2026, 1, 22, 3, tzinfo=UTC)
    assert times("Europe/Paris").at("2026-01-22T04:00:00Z x") == datetime(2026, 1, 22, 4, tzinfo=UTC)
    twice = times("Europe/Paris").at("2026-10-25 02:30:00 the hour that comes twice")
    assert twice == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_without_a_year_it_is_the_latest_that_is_not_to_come() -> None:
    assert times().at("Nov 22 04:00:00 x").year == 2026
    assert times().at("Nov 24 04:00:00 x").year == 2025
    assert times().at("Feb 29 04:00:00 x").year == 2024
    assert times(year=2019).at("Nov 24 04:00:00 x").year == 2019


def test_january_after_december_is_the_next_year_and_december_after_it_a_late_line() -> None:
    log = times()
    lines = ["Dec 30 23:59:59 a", "Dec 31 23:59:59 a", "Jan  1 00:00:00 b", "Dec 31 23:59:58 late", "Jan  2 00:00:00 c"]
    assert [log.at(line).year for line in lines] == [2025, 2025, 2026, 2025, 2026]
    assert log.at("Nov  2 00:00:00 d").year == 2026


def test_a_form_of_one_s_own() -> None:
    log = times(form="%d.%m.%Y %H:%M:%S")
    assert log.at("host7 [22.11.2026 04:00:00] 192.0.2.1") == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert log.at("2026-11-22T04:00:00Z") is None
    assert times(form="%d %b %H:%M").at("02 Dec 04:00 x") == datetime(2025, 12, 2, 4, tzinfo=UTC)


@given(st.text(max_size=300))
def test_nothing_raises(line: str) -> None:
    times().at(line)
    times(form="%d %b").at(line)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)))  # noqa: DTZ001
def test_what_is_written_is_read(at: datetime) -> None:
    at = at.replace(microsecond=0)
    for form in (
        "%Y-%m-%dT%H:%M:%S",
        "%d/%b/%Y:%H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%d-%b-%Y %H:%M:%S",
        "%b %d %Y %H:%M:%S",
    ):
        assert times().at(f"{at:{form}} and more") == at.replace(tzinfo=UTC)
