"""Templates and files of the package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from jinja2 import UndefinedError

from tipd.api.pages import Pages, number, when


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
