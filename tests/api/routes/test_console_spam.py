"""The console's pages of spam."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.api import Served, World, header, served
from support.spam import NASTY, START, agent, campaign, detail, fill

from tipd.api.routes.console_spam import drawn
from tipd.api.shapes_spam import DayShape
from tipd.model.tlp import Tlp

ONE = "/campaigns/0000000000000001"
TAMED = "&lt;script&gt;alert(1)&lt;/script&gt;\\x1b[31m\\u202egnp.exe"


@pytest.fixture
async def console(world: World, tmp_path: Path):
    fill(world.spam)
    world.spam.rows[0] = detail(campaign(subject=NASTY))
    services = replace(world.services(), clock=SimpleNamespace(now=lambda: START))
    async with served(services, tmp_path) as api:
        yield api


async def _page(api: Served, path: str, status: int = 200, *, mark: Tlp = Tlp.RED) -> str:
    code = api.app.core.services.sessions.new_console_code(mark)
    login = await api.ask("GET", f"/login?code={code}", token=None)
    cookie = (header(login, "set-cookie") or "").partition(";")[0]
    answer = await api.ask("GET", path, token=None, headers={"Cookie": cookie})
    assert answer.status == status
    page = answer.content.decode()
    assert "style=" not in page and "<script>" not in page  # the policy allows none
    assert "\x1b" not in page and "\u202e" not in page
    return page


async def test_what_the_traps_take_in(console: Served, world: World) -> None:
    page = await _page(console, "/spamtraps")
    assert world.spam.asked[0] == {"days": 30}
    assert page.count('<svg class="chart"') == 1
    assert "mails today" in page and "2\u202f900" in page  # of the last day shown
    assert 'href="/campaigns/0000000000000001"' in page and TAMED in page
    assert "unknown AS" in page and "AS64500" in page and "bad base64" in page
    assert "hidden" in page


async def test_what_is_above_a_sessions_mark_is_not_shown(console: Served) -> None:
    for path in ("/spamtraps", "/campaigns"):
        page = await _page(console, path, mark=Tlp.GREEN)
        assert "0000000000000001" in page
        assert "fffffffffffffff9" not in page and ">hidden<" not in page
    await _page(console, "/campaigns/fffffffffffffff9", 404, mark=Tlp.GREEN)
    await _page(console, "/campaigns/fffffffffffffff9")


async def test_agents_with_lag_gaps_and_what_was_refused(console: Served, world: World) -> None:
    late = {"last_there": 1300, "sealed": START - timedelta(hours=30), "gaps": 3, "backlog": True}
    refused = {"refused": "fork", "refused_number": 8, "detail": NASTY}
    world.spam.hosts = [agent("late", **late), agent("odd", **refused), agent("never", state="new", last_success=None)]
    page = await _page(console, "/spamtraps")
    assert "of 1\u202f300" in page and "30 h" in page and "works through a backlog" in page
    assert f"refused version 8: fork: {TAMED}" in page
    assert "agents, 1 refused" in page


async def test_the_days_are_a_choice(console: Served, world: World) -> None:
    page = await _page(console, "/spamtraps?days=7")
    assert world.spam.asked[0] == {"days": 7}
    assert '<a href="/spamtraps?days=7" aria-current="true">7 days</a>' in page
    await _page(console, "/spamtraps?days=1000")
    assert {"days": 30} in world.spam.asked


async def test_campaigns_in_pages(console: Served, world: World) -> None:
    world.spam.rows = [detail(campaign(number)) for number in range(101)]
    page = await _page(console, "/campaigns?order=mails&text=parcel%22")
    asked = world.spam.asked[-1]
    assert (asked["order"], asked["text"]) == ("mails", 'parcel"')
    assert page.count('scope="row"') == 100
    assert 'href="/campaigns?order=mails&amp;text=parcel%22&amp;after=100"' in page
    assert 'value="parcel&#34;"' in page and '<option value="mails" selected>' in page
    assert (await _page(console, "/campaigns?order=odd&after=100")).count('scope="row"') == 1
    assert "no page gave that" in await _page(console, "/campaigns?after=never", 400)


async def test_no_campaign_at_all(console: Served, world: World) -> None:
    world.spam.rows, world.spam.traps, world.spam.hosts = [], [], []
    assert "No such campaign is known" in await _page(console, "/campaigns")
    assert "No archive and no agent is configured" in await _page(console, "/spamtraps")


async def test_one_campaign_leads_on_and_what_strangers_wrote_is_escaped(console: Served, world: World) -> None:
    page = await _page(console, ONE)
    assert page.count(TAMED) > 3
    assert "http://*.parcels.example.org/{t}" in page
    assert 'href="/lookup?value=parcels.example.org"' in page
    assert 'href="/lookup?value=http%3A//a1b2.parcels.example.org/%3Cb%3Eq9x7"' in page
    assert 'href="http:' not in page  # nothing leads out
    assert 'href="/lookup?value=198.51.100.7"' in page and 'href="/lookup?value=AS64500"' in page
    assert "0011223344556677" in page and f"{1:064x}" in page
    assert page.count('<svg class="chart"') == 1
    assert "17 mails had URLs beyond" in page
    assert world.spam.asked[-1]["campaign"] == 1


async def test_a_campaign_that_is_not_there(console: Served) -> None:
    assert "there is no campaign" in await _page(console, "/campaigns/00000000000000ff", 404)
    assert "names no campaign" in await _page(console, "/campaigns/%3Cb%3E%1b[31m", 404)


async def test_a_campaign_of_which_nothing_is_kept(console: Served, world: World) -> None:
    nothing = dict.fromkeys(("days", "urls", "hosts", "attachments", "relays", "traps", "subjects"), ())
    world.spam.rows[0] = detail(campaign(subject="", traps=0), **nothing)
    page = await _page(console, ONE)
    assert "Without a subject" in page and '<svg class="chart"' not in page


async def test_a_database_away_is_said(console: Served, world: World) -> None:
    world.spam.away = True
    for path in ("/spamtraps", "/campaigns", ONE):
        assert "the database is away" in await _page(console, path, 503)


def test_days_are_drawn_up_to_now() -> None:
    days = [DayShape(day=date(2026, 11, 20 + n), mails=n) for n in range(3)]
    chart = drawn(days, START)
    assert chart is not None
    assert chart.path.count("V") == 2
    whole = drawn(days, START + timedelta(days=9))
    assert whole is not None and whole.path != chart.path  # the last day ends
    pause = drawn([days[1], DayShape(day=date(2026, 11, 29), mails=1)], START + timedelta(days=9))
    assert pause is not None and pause.path.count("V") == 2 and "V174H" in pause.path  # nothing came in between
    assert drawn([DayShape(day=date(2026, 11, 22), mails=0)], START) is None
    assert drawn([], START) is None
