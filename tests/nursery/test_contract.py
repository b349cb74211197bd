from datetime import UTC, time, timedelta

import pytest

from tipd.nursery.contract import At, Every, reader_of, unit_of


@pytest.mark.parametrize("seconds", [0, -1])
def test_a_period_is_positive(seconds: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        Every(timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "", "Europe", "a\0b", "x" * 999]
)
def test_a_timezone_is_known(zone: str) -> None:
    with pytest.raises(ValueError, match="not a timezone"):
        At(time(4), zone)


def test_a_time_of_day_has_no_zone_of_its_own() -> None:
    with pytest.raises(ValueError, match="timezone"):
        At(time(4, tzinfo=UTC))


def test_utc_needs_no_time_zone_database() -> None:
    assert At(time(4)).zone is UTC


def test_names_in_the_store() -> None:
    assert unit_of("blacklist") == reader_of("blacklist") == "module:blacklist"
