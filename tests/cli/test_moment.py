"""Moments as people type them."""

import pytest

from tipd.cli.moment import NoMoment, moment, short


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2026-11-22", "2026-11-22T00:00:00+00:00"),
        ("2026-11-22T04:00", "2026-11-22T04:00:00+00:00"),
        (" 2026-11-22 04:00:00Z ", "2026-11-22T04:00:00+00:00"),
        ("2026-11-22T04:00+01:00", "2026-11-22T03:00:00+00:00"),
        ("20261122", "2026-11-22T00:00:00+00:00"),
    ],
)
def test_a_moment_without_a_zone_is_utc(text: str, iso: str) -> None:
    assert moment(text).isoformat() == iso


@pytest.mark.parametrize("text", ["", "yesterday", "22.11.2026", "2026-13-01", "0001-01-01T00:00+14:00", "x" * 999])
def test_what_is_no_moment_is_a_usage_error(text: str) -> None:
    with pytest.raises(NoMoment, match="is no moment"):
        moment(text)


def test_short() -> None:
    assert short("2026-11-22T04:00:00.5Z") == "2026-11-22 04:00:00"
    assert short(None) == ""
