"""How one source's attempt ends (with everything real around it: test_integration.py)."""

from datetime import timedelta

import pytest
from support.attempts import Failing, attempt
from support.collecting import NEAR, house_of

from tipd.errors import WorkerFailed
from tipd.modules.blacklist.module import BlacklistModule
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.net.request import FetchError


@pytest.mark.parametrize("state", ["forbidden", "gone", "rate_limited", "unreachable", "needs_key", "wrong_page"])
async def test_what_a_provider_says_becomes_a_state(tmp_path, dsn, state):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        now = house.clock.now()
        report, row = await attempt(house, Failing(FetchError(state, "because", retry_after=5000.0)))
        assert (report.status, report.error) == (state, "because")
        assert (row.state, row.error, row.failures) == (state, "because", 1)
        assert row.due >= now + timedelta(seconds=5000)
        assert [finding.data["new"] for finding in await house.findings("source.degraded")] == [state]


async def test_a_source_that_takes_too_long(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        house.module = BlacklistModule(
            BlacklistSettings(catalogue=False, sources_dirs=(str(house.sources),), deadline="1s"), tmp_path / "s", NEAR
        )
        report, row = await attempt(house, Failing(delay=60))
        assert (report.status, row.state) == ("unreachable", "unreachable")
        assert "longer than 1 s" in row.error


async def test_a_worker_that_dies_is_a_drifted_source(tmp_path, dsn):
    class Workers:
        async def call(self, *args, **kwargs):
            raise WorkerFailed("memory", "needed more than it may have")

    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        report, _ = await attempt(house, Failing(body="192.0.2.1\n"), Workers())
        assert report.status == "drifted"
        assert "needed more" in report.error


async def test_a_list_that_says_it_is_old_is_stale_and_used(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        with (house.sources / "one.toml").open("a") as file:
            file.write('\n[expect]\nmax_age = "7d"\n')
        report, row = await attempt(house, Failing(body="# updated: 2020-01-01 00:00\n192.0.2.1\n"))
        assert (report.status, report.entries) == ("stale", 1)
        assert "2020-01-01 00:00" in row.error
        assert row.last_success is not None
