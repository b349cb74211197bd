"""Lists that say themselves how old they are."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from support.rows import source_row

from tipd.modules.blacklist.declaration import Source
from tipd.modules.blacklist.freshness import freshness, parse_stamp
from tipd.modules.blacklist.states import State

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def source(max_age="7d"):
    return msgspec.convert({"name": "one", "path": "/srv/one.txt", "expect": {"max_age": max_age}}, Source)


@pytest.mark.parametrize(
    ("stamp", "state"), [(None, "ok"), ("2026-11-20", "ok"), ("2026-11-01", "stale"), ("soon", "ok")]
)
def test_a_list_that_says_its_own_date(stamp, state):
    assert freshness(source(), source_row(), State.OK, stamp, NOW)[0] == state


def test_a_list_that_does_not_change_is_stale_in_the_end():
    row = source_row(last_change=NOW - timedelta(days=8))
    assert freshness(source(), row, State.UNCHANGED, None, NOW)[0] == State.STALE
    assert freshness(source("9d"), row, State.UNCHANGED, None, NOW) == (State.UNCHANGED, None)
    assert freshness(source(), row, State.OK, None, NOW) == (State.OK, None)


@pytest.mark.parametrize(
    ("text", "zone", "moment"),
    [
        ("2026-11-22 04:00", "UTC", datetime(2026, 11, 22, 4, tzinfo=UTC)),
        ("2026-11-22", "Europe/Berlin", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        ("2026-11-22T04:00:00+02:00", "UTC", datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ("9999-99-99", "UTC", None),
        ("0001-01-01", "Europe/Berlin", None),
    ],
)
def test_a_lists_own_date(text, zone, moment):
    assert parse_stamp(text, zone) == moment
