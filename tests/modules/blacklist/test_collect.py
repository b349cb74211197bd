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


class Workers:
    """Workers that fail as they are told."""

    def __init__(self, reason):
        self.reason = reason

    async def call(self, *args, **kwargs):
        raise WorkerFailed(self.reason, "so it ended")


@pytest.mark.parametrize("reason", ["raised", "memory", "deadline"])
async def test_a_body_that_no_worker_can_read_is_drifted(tmp_path, dsn, reason):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        report, row = await attempt(house, Failing(body="192.0.2.1\n"), Workers(reason))
        assert (report.status, row.state) == ("drifted", "drifted")
        assert "so it ended" in report.error


@pytest.mark.parametrize("reason", ["died", "system"])
async def test_a_worker_that_is_hindered_is_not_the_lists_fault(tmp_path, dsn, reason):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        _, before = await attempt(house, Failing(body="192.0.2.1\n"))
        report, row = await attempt(house, Failing(body="192.0.2.1\n192.0.2.2\n"), Workers(reason))
        assert (report.status, row.state, row.failures) == (before.state, "ok", 1)
        assert "not of the list" in row.error
        assert await house.findings("source.degraded") == []
        report, row = await attempt(house, Failing(body="192.0.2.1\n192.0.2.2\n"))
        assert (report.listed, row.failures, row.error) == (1, 0, None)


class Rewriting(Failing):
    """A fetcher while which somebody changes the declaration."""

    def __init__(self, house, keys, **answer):
        super().__init__(**answer)
        self.house, self.keys, self.validators = house, keys, []

    async def fetch(self, request, into):
        self.validators.append(request.validators)
        if self.keys is not None:
            self.house.declare("one", "http://127.0.0.1:1", **self.keys)
        return await super().fetch(request, into)


async def test_a_declaration_changed_while_its_source_is_read_is_read_again_whole(tmp_path, dsn):
    body = "192.0.2.1 # a\nevil.example # b\n"
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        report, row = await attempt(house, Rewriting(house, {"kind": '"ipv4"'}, body=body))
        assert (report.status, report.entries) == ("ok", 2)  # as it was declared when the reading began
        (proof,) = await house.store.rounds.last(row.id)
        asks = Rewriting(house, None, body=body)
        report, row = await attempt(house, asks)
        assert asks.validators == [None]  # nothing of the answer before is believed
        assert (report.entries, report.delisted, report.refused) == (1, 1, {"wrong_kind": 1})
        newest, _ = await house.store.rounds.last(row.id)
        assert newest.read_digest != proof.read_digest and newest.declaration != proof.declaration
        await attempt(house, asks)
        assert asks.validators[1].sha256 == newest.body_sha256  # and only once


async def test_a_list_that_says_it_is_old_is_stale_and_used(tmp_path, dsn):
    async with house_of(tmp_path, dsn) as house:
        house.declare("one", "http://127.0.0.1:1")
        with (house.sources / "one.toml").open("a") as file:
            file.write('\n[expect]\nmax_age = "7d"\n')
        report, row = await attempt(house, Failing(body="# updated: 2020-01-01 00:00\n192.0.2.1\n"))
        assert (report.status, report.entries) == ("stale", 1)
        assert "2020-01-01 00:00" in row.error
        assert row.last_success is not None
