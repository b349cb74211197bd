"""Templates and files of the package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from jinja2 import UndefinedError

from tipd.api.pages import Pages, fact, fact_name, lasting, number, said, size, tame, when


def test_moments_and_numbers_for_people() -> None:
    at = datetime(2026, 11, 22, 5, 0, 9, tzinfo=timezone(timedelta(hours=1)))
    assert when(at) == when("2026-11-22T04:00:09Z") == "2026-11-22 04:00:09"
    assert when(None) == when("") == ""
    assert when(at.astimezone(UTC)) == "2026-11-22 04:00:09"
    assert number(1234567) == "1\u202f234\u202f567"


def test_every_value_is_escaped_and_none_may_be_missing() -> None:
    pages = Pages("1")
    assert b"&lt;b&gt;" in pages.render("login.html", reason="<b>")
    with pytest.raises(UndefinedError):
        pages.render("login.html")


def test_a_licence_stands_beside_what_is_not_ours() -> None:
    files = Pages("1").files
    assert b"htmx 2" in files["htmx.LICENSE.txt"].body
    assert b"Zero-Clause BSD" in files["htmx.LICENSE.txt"].body
    assert all(file.tag and file.body for file in files.values())


def test_facts_for_people() -> None:
    assert (fact_name("free_bytes"), fact_name("last_seen"), fact_name("bytes")) == ("free", "last seen", "memory")
    assert fact({"gone": 1, "wrong_page": 12_345}) == "gone 1, wrong page 12\u202f345"
    assert fact(79_007_088_640, "free_bytes") == "79.0 GB"
    assert [size(count) for count in (0, 999, 1000, 157_101, 10**15)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "157 kB",
        "1000.0 TB",
    ]
    assert (fact(8689, "pid"), fact(8689, "entries")) == ("8689", "8\u202f689")
    assert (fact(True), fact(None), fact({}), fact(0.123456)) == ("yes", "\u2013", "\u2013", "0.123")
    assert fact(["a", 2]) == "a, 2"
    assert fact("2026-11-22T04:00:09+00:00") == "2026-11-22 04:00:09"
    assert (fact("15.18"), fact("2026-11-22T99:99:99")) == ("15.18", "2026-11-22T99:99:99")


def test_what_sources_said_for_people() -> None:
    context = {
        "x_tags": ["<b>", 7],
        "port": [80, 8080],
        "last_seen": "2026-11-22T04:00:09Z",
        "class": "c2-server",
        "up": True,
    }
    assert said(context) == [
        ("class", "c2-server"),
        ("port", "80, 8080"),
        ("last seen", "2026-11-22 04:00:09"),
        ("up", "yes"),
        ("x tags", "<b>, 7"),
    ]
    assert said(None) == []


def test_what_cannot_be_seen_is_spelled_out() -> None:
    assert tame("Grüße 你好") == "Grüße 你好"
    assert tame("a\x1b[31m\u202egnp.exe\n\U000e0041\ud800") == "a\\x1b[31m\\u202egnp.exe\\x0a\\ue0041\\ud800"


def test_how_long_something_lasts() -> None:
    assert [lasting(seconds) for seconds in (0, 0.4, 119, 120, 7199, 7200, 200_000)] == [
        "0 s",
        "0 s",
        "119 s",
        "2 min",
        "120 min",
        "2 h",
        "2 d",
    ]
