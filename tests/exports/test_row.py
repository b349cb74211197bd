"""What is on a row."""

from __future__ import annotations

import pytest
from support.export_rows import SINCE

from tipd.exports.row import moment, one_line


@pytest.mark.parametrize("text", ["a\nb", "a\rb", "a\u2028b", "a\x85b", "a\0b"])
def test_a_break_is_seen(text: str) -> None:
    assert not one_line(text)
    assert one_line("https://example.org/a b\tc")


def test_moments_are_whole_seconds_in_utc() -> None:
    assert moment(SINCE) == "2026-11-22T04:00:01Z"
