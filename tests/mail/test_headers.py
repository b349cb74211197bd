"""Addresses and dates of header fields."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.mail.headers import addresses, date, display, moment, written


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a@example.org", ["a@example.org"]),
        ('"b@example.net, of the bank" <A@Example.org>', ["a@example.org"]),
        ("a@example.org, B <b@example.net>; c@example.com", ["a@example.org", "b@example.net", "c@example.com"]),
        ("b@example.net <a@example.org>", ["a@example.org"]),
        ("undisclosed-recipients:;", []),
        ("<>", []),
        ("a@example.org, a@EXAMPLE.org", ["a@example.org"]),
        ("@" * 100_000, []),
        ("." * 65_536, []),
    ],
)
def test_addresses_are_found_where_mail_programs_find_them(value, found):
    assert addresses([value], 10) == found


def test_there_are_at_most_so_many():
    assert len(addresses([",".join(f"a{n}@example.org" for n in range(50))] * 3, 7)) == 7


def test_a_field_is_one_line_that_can_be_shown():
    assert display("a\r\n b\x00\x1b[31m\u202ec", 100) == "a b [31m c"
    assert display("x" * 5000, 100) == "x" * 100


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Mon, 01 Jan 2024 10:00:00 +0200", datetime(2024, 1, 1, 8, tzinfo=UTC)),
        ("1 Jan 2024 10:00 EST", datetime(2024, 1, 1, 15, tzinfo=UTC)),
        ("Mon, 01 Jan 1904 10:00:00 +0000", None),
        ("Mon, 99 Jan 2024 99:00:00 +9999", None),
        ("yesterday", None),
        ("1" * 100_000, None),
        ("", None),
    ],
)
def test_a_date_is_one_that_a_mail_can_bear(text, moment):
    assert date(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 1 Jan 2024 10:00:00 +0200",
        "Mon, 1 Jan 2024 00:30:00 +0200",
        "Sun, 31 Dec 2023 23:30:00 -0200 (EST)",
        "29 Feb 2024 12:00:60 GMT",
        "29 Feb 2023 12:00:00 GMT",
        "1 Jan 2024 24:00:00 +0000",
        "1 Jan 2024 10:60:00 +0000",
        "1 Jan 2024 10:00:00 +9999",
        "1 Jan 1979 10:00:00 +0000",
        "1 Jan 1980 00:00:00 +0100",
        "Mon, 01-Jan-24 10:00:00",
    ],
)
def test_a_moment_is_the_date_as_records_hold_it(text):
    found = date(text)
    assert moment(text) == (written(found) if found else "")


def test_moments_are_written_in_utc():
    assert written(datetime(2026, 11, 22, 4, tzinfo=UTC)) == "2026-11-22T04:00:00Z"


@given(st.text(max_size=500))
def test_nothing_raises(text):
    addresses([text], 5)
    date(text)
    assert len(display(text, 20)) <= 20
