"""Attempts that bring no new set, and what they leave."""

from datetime import timedelta

import pytest
from support.attempts import Failing, attempt
from support.collecting import house_of

from tipd.net.request import FetchError, TooSoon


async def test_not_asked_changes_nothing_but_the_due_time(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        await attempt(house, Failing(FetchError("gone", "410")))
        before = await house.store.sources.get("one")
        report, row = await attempt(house, Failing(TooSoon("too soon", retry_after=77.0)))
        assert (report.status, report.error) == ("gone", "too soon")
        assert (row.state, row.failures, row.last_attempt) == ("gone", 1, before.last_attempt)
        assert row.due > house.clock.now() + timedelta(seconds=70)


@pytest.mark.parametrize(("address", "most"), [(None, timedelta(minutes=2)), ("192.0.2.9", timedelta(hours=24))])
async def test_who_was_never_reached_is_asked_again_soon(tmp_path, dsn, address, most):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1", every='"24h"', min_interval='"12h"')
        now = house.clock.now()
        _, row = await attempt(house, Failing(FetchError("unreachable", "DNS: no such name", address=address)))
        assert row.due <= now + most
        assert (row.due >= now + timedelta(hours=12)) is (address is not None)


async def test_our_own_disk_is_not_the_sources_fault(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        report, row = await attempt(house, Failing(OSError(28, "No space left on device")))
        assert "No space left" in report.error
        assert (row.state, row.failures) == ("new", 1)
        assert await house.findings("source.degraded") == []
