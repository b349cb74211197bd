"""The wall clock and its double."""

from datetime import UTC, datetime, timedelta

import trio

from tipd.clock import MovedClock, SystemClock


def test_the_system_clock_is_aware_and_in_utc():
    assert SystemClock().now().utcoffset() == timedelta(0)


async def test_the_moved_clock_follows_trio(autojump_clock):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    clock = MovedClock(start)
    assert clock.now() == start
    await trio.sleep(3600)
    assert clock.now() == start + timedelta(hours=1)
