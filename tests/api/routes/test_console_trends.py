"""The console's page of trends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.api import START, Served, World, header, served

from tipd.api.routes.console_trends import HEIGHT, heights
from tipd.errors import StoreAway
from tipd.store.trends.trends import Trend

TODAY = START.date()


class _Trends:
    """Two sources, of which one rises; or a database that is away."""

    away = False

    async def read(self, by, of, since, until, *, max_tlp, only):
        if self.away:
            raise StoreAway("gone")
        days = [since + timedelta(days=n) for n in range((until - since).days)]
        risen = [Trend(day, "<b>ipsum", 50 if day == TODAY - timedelta(days=1) else 10, 1, 0) for day in days]
        return risen + [Trend(day, "steady", 7, 0, 0) for day in days]

    async def begun(self) -> None:
        return None

    async def behind(self) -> int:
        return 4

    async def count(self, asns) -> int:
        return 0


@pytest.fixture
async def console(world: World, tmp_path: Path):
    world.store.trends = _Trends()
    services = replace(world.services(), clock=SimpleNamespace(now=lambda: START))
    async with served(services, tmp_path) as api:
        yield api


async def _session(api: Served) -> dict[str, str]:
    answer = await api.ask("GET", f"/login?code={api.app.core.services.sessions.new_console_code()}", token=None)
    return {"Cookie": (header(answer, "set-cookie") or "").partition(";")[0]}


async def test_what_rises_is_drawn_and_said(console: Served) -> None:
    answer = await console.ask("GET", "/trends", token=None, headers=await _session(console))
    page = answer.content.decode()
    assert answer.status == 200
    assert page.count("<rect") == 30
    assert "&lt;b&gt;ipsum" in page and "<b>ipsum" not in page
    assert page.count("rises</span>") == 1 and "+400 %" in page
    assert "Last whole day" in page and 'data-label="So far">10<' in page  # a first day is no row of zeros
    assert "style=" not in page  # the policy allows none


async def test_a_wrong_question_and_a_database_away_are_said_on_the_page(console: Served, world: World) -> None:
    session = await _session(console)
    answer = await console.ask("GET", "/trends?since=2026-11-08&until=2026-11-08", token=None, headers=session)
    assert answer.status == 400
    assert b"is not before" in answer.content
    world.store.trends.away = True
    answer = await console.ask("GET", "/trends", token=None, headers=session)
    assert answer.status == 503
    assert b"the database is away" in answer.content


def test_what_is_not_nothing_can_be_seen() -> None:
    assert heights([0, 1, 1000]) == [0, 2, HEIGHT]
    assert heights([]) == []
