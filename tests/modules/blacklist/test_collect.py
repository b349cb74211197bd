"""How one source's attempt ends (with everything real around it: test_integration.py)."""

from datetime import UTC, datetime, timedelta

import pytest
import trio
from support.collecting import NEAR, house_of

from tipd.errors import WorkerFailed
from tipd.modules.blacklist.collect import parse_stamp
from tipd.modules.blacklist.module import BlacklistModule
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.net.request import Fetched, FetchError, TooSoon, Validators
from tipd.nursery.contract import Cause


class Failing:
    """A fetcher that raises, or writes a body with the head it is told."""

    def __init__(self, error=None, body="", delay=0.0):
        self.error, self.body, self.delay = error, body, delay

    async def fetch(self, request, into):
        await trio.sleep(self.delay)
        if self.error:
            raise self.error
        into.write_text(self.body)
        return Fetched(
            status="ok",
            http_status=200,
            url=request.url,
            address="192.0.2.9",
            validators=Validators(etag='"x"', sha256=b"1" * 32),
            path=into,
            sha256=b"1" * 32,
            content_type=None,
            took=0.0,
        )


async def attempt(house, fetcher, workers=None):
    await house.store.pool.run(_due)
    ctx = house.context(fetcher=fetcher, workers=workers)
    (report,) = (await house.module.run(ctx, Cause(None, house.clock.now()))).reports
    return report, await house.store.sources.get("one")


async def _due(connection):
    await connection.execute("UPDATE source SET due = NULL")


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
