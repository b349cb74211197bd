"""The console: the way in, the pages, and hostile values on them."""

from __future__ import annotations

import re
from types import SimpleNamespace

import msgspec
import pytest
from support.api import START, Served, World, finding, header, source
from support.flux import seen as dns_row
from support.flux import tracked
from support.spam import NASTY, campaign
from support.spam import fill as fill_spam

from tipd.model.flux import State
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp

HOSTILE = "https://example.org/\"><script>alert(1)</script>'&{{7*7}}"
PAGES = ["/", "/sources", "/sources/rows", "/nursery", "/nursery/tree", "/lookup", "/lookup?value=198.51.100.7"]


async def session(api: Served) -> dict[str, str]:
    """Log in as a person would; return the headers of the browser's next requests."""
    code = api.app.core.services.sessions.new_console_code()
    answer = await api.ask("GET", f"/login?code={code}", token=None)
    assert answer.status == 200
    cookie = header(answer, "set-cookie") or ""
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    return {"Cookie": cookie.partition(";")[0]}


async def test_a_link_works_once(api: Served) -> None:
    code = api.app.core.services.sessions.new_console_code()
    assert (await api.ask("GET", f"/login?code={code}", token=None)).status == 200
    again = await api.ask("GET", f"/login?code={code}", token=None)
    assert again.status == 401
    assert header(again, "set-cookie") is None
    assert (await api.ask("GET", "/login?code=guessed", token=None)).status == 401


async def test_a_link_can_be_asked_for(api: Served) -> None:
    made = msgspec.json.decode((await api.ask("POST", "/api/v1/console-links", token=None, control=True)).content)
    assert (await api.ask("GET", made["path"], token=None)).status == 200
    assert (await api.ask("POST", "/api/v1/console-links", token="tip_read")).status == 403


@pytest.mark.parametrize("path", PAGES)
async def test_pages_want_a_session_and_say_how_to_get_one(api: Served, path: str) -> None:
    stranger = await api.ask("GET", path, token=None)
    assert stranger.status == 401
    assert b"one-time link" in stranger.content
    answer = await api.ask("GET", path, token=None, headers=await session(api))
    assert answer.status == 200
    assert (header(answer, "content-type") or "").startswith("text/html")


async def test_a_session_ends_with_logging_out(api: Served) -> None:
    mine = await session(api)
    origin = {"Origin": api.url}
    assert (await api.ask("POST", "/logout", token=None, headers=mine)).status == 403
    out = await api.ask("POST", "/logout", token=None, headers=mine | origin)
    assert (out.status, header(out, "location")) == (303, "/login")
    assert (await api.ask("GET", "/", token=None, headers=mine)).status == 401


async def test_a_session_is_no_administrator(api: Served) -> None:
    mine = await session(api)
    assert (await api.ask("GET", "/api/v1/tokens", token=None, headers=mine)).status == 403
    assert (await api.ask("GET", "/api/v1/status", token=None, headers=mine)).status == 200


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example.org", "http://127.0.0.1:1"])
async def test_another_site_cannot_use_the_cookie(world: World, api: Served, origin: str | None) -> None:
    headers = await session(api) | ({} if origin is None else {"Origin": origin})
    world.sources.rows["example_drop"] = source("example_drop", set_aside={"sha256": "ab", "entries": 1})
    paths = [f"{start}/sources/example_drop/{verb}" for start in ("", "/api/v1") for verb in ("run", "accept")]
    for path in paths:
        assert (await api.ask("POST", path, token=None, headers=headers)).status == 403
    assert (world.scheduler.asked, world.sources.accepted) == ([], [])


async def test_run_now(world: World, api: Served) -> None:
    headers = await session(api) | {"Origin": api.url}
    answer = await api.ask("POST", "/sources/example_drop/run", token=None, headers=headers)
    assert b"asked" in answer.content
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]


async def test_accept(world: World, api: Served) -> None:
    headers = await session(api) | {"Origin": api.url}
    aside = {"sha256": "ab" * 32, "why": "shrank", "rows": 5, "entries": 4}
    button = b'hx-post="/sources/example_drop/accept"'
    for set_aside, shown in (
        (None, False),
        (aside | {"entries": None}, False),
        (aside, True),
        (aside | {"accepted": {"sha256": "cd" * 32}}, True),
        (aside | {"accepted": {"sha256": "ab" * 32}}, False),
    ):
        world.sources.rows["example_drop"] = source("example_drop", set_aside=set_aside)
        page = await api.ask("GET", "/sources", token=None, headers=headers)
        assert (button in page.content) is shown
    answer = await api.ask("POST", "/sources/example_drop/accept", token=None, headers=headers)
    assert b"accepted" in answer.content
    assert world.scheduler.asked == [("blacklist", ("example_drop",))]
    answer = await api.ask("POST", "/sources/nowhere/accept", token=None, headers=headers)
    assert b"there is no source" in answer.content


@pytest.mark.parametrize("path", PAGES)
async def test_hostile_values_stay_text(world: World, api: Served, path: str) -> None:
    evil = msgspec.structs.replace(finding(1), subject=Indicator(Kind.URL, HOSTILE), source=HOSTILE, kind=HOSTILE)
    silent = msgspec.structs.replace(finding(2), subject=None, data={"error": HOSTILE})
    world.findings.tell(evil, silent)
    aside = {"sha256": HOSTILE, "why": HOSTILE, "rows": 5, "entries": 4}
    world.sources.rows[HOSTILE] = source(HOSTILE, state=HOSTILE, error=HOSTILE, refused={HOSTILE: 3}, set_aside=aside)
    node = world.health.tree["modules"][0]
    node |= {"last_error": HOSTILE, "facts": {HOSTILE: HOSTILE}, "state": HOSTILE, "module": HOSTILE}
    answer = await api.ask("GET", path, token=None, headers=await session(api))
    assert answer.status == 200
    text = answer.content.decode()
    assert "<script>alert" not in text
    assert "49" not in re.sub(r'v=[^"]*', "", text)  # {{7*7}}
    for value in re.findall(r'="([^"]*)"', text):
        assert "<" not in value


async def test_a_hostile_question_stays_text(api: Served) -> None:
    path = "/lookup?value=%3Cscript%3Ealert(1)%3C/script%3E"
    answer = await api.ask("GET", path, token=None, headers=await session(api))
    assert answer.status == 400
    assert b"<script>alert" not in answer.content


async def test_pages_hold_no_inline_script_or_style(api: Served) -> None:
    mine = await session(api)
    for path in [*PAGES, "/docs", "/login"]:
        text = (await api.ask("GET", path, token=None, headers=mine)).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)", text)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", text)
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', text):
            assert re.match(r"/(?!/)|#", address)


async def test_files_are_kept_by_browsers(api: Served) -> None:
    text = (await api.ask("GET", "/login", token=None)).content.decode()
    for address in re.findall(r'"(/static/[^"]+)"', text):
        answer = await api.ask("GET", address, token=None)
        assert answer.status == 200
        assert "immutable" in (header(answer, "cache-control") or "")
        held = {"If-None-Match": header(answer, "etag") or ""}
        assert (await api.ask("GET", address, token=None, headers=held)).status == 304
    assert "immutable" not in (header(await api.ask("GET", "/static/tipd.css", token=None), "cache-control") or "")
    for path in ("/static/none.css", "/static/..%2Fapp.py", "/static/%2e%2e/app.py"):
        assert (await api.ask("GET", path, token=None)).status == 404


async def test_the_live_page_goes_on_from_what_it_shows(world: World, api: Served) -> None:
    world.findings.tell(finding(1), finding(2))
    text = (await api.ask("GET", "/", token=None, headers=await session(api))).content.decode()
    assert 'data-last="2"' in text
    assert START.strftime("%Y-%m-%d") in text
    world.findings.away = True
    away = await api.ask("GET", "/", token=None, headers=await session(api))
    assert away.status == 503
    assert b"The database is away" in away.content


async def test_what_is_listed_by_a_network_around_it_names_network_and_sources(world: World, api: Served) -> None:
    around = {"kind": "network", "value": "203.0.113.16/28", "how": "contained"}
    world.index._one = lambda value: {  # type: ignore[method-assign]
        "value": value,
        "kind": "ipv4",
        "listed": True,
        "confidence": 0.5,
        "sources": ["partner_drop"],
        "matches": [around],
    }
    text = (await api.ask("GET", "/lookup?value=203.0.113.20", token=None, headers=await session(api))).content.decode()
    assert 'href="/lookup?value=203.0.113.16/28"' in text
    assert '<span class="dim">listed by</span> partner_drop' in text


async def test_a_look_up_leads_on_through_passive_dns(world: World, api: Served) -> None:
    world.flux.put(tracked("flux.example.org", state=State.CONFIRMED), tracked("red.example.org", tlp=Tlp.RED))
    world.flux.records = [dns_row(name, "198.51.100.7") for name in world.flux.rows]
    headers = await session(api)
    text = (await api.ask("GET", "/lookup?value=198.51.100.7", token=None, headers=headers)).content.decode()
    assert 'href="/flux/flux.example.org"' in text
    assert 'href="/lookup?value=flux.example.org"' in text and 'href="/lookup?value=AS64500"' in text
    assert 'href="/lookup?value=198.51.100.7"' not in text


async def test_a_look_up_tells_of_spam(world: World, api: Served) -> None:
    fill_spam(world.spam)
    found, mark = world.spam.about["198.51.100.7"]
    world.spam.about["198.51.100.7"] = (msgspec.structs.replace(found, campaigns=(campaign(subject=NASTY),)), mark)
    path = "/lookup?value=198.51.100.7"
    text = (await api.ask("GET", path, token=None, headers=await session(api))).content.decode()
    assert "In 5 mails" in text and 'href="/campaigns/0000000000000001"' in text
    assert "<script>" not in text and "\x1b" not in text and "\u202e" not in text


async def test_history_shows_marks_and_what_was_loaded(world: World, api: Served) -> None:
    seen = interval(tlp=Tlp.GREEN, backfilled=True)
    world.sightings.past["198.51.100.7"] = [seen, interval(tlp=Tlp.CLEAR)]
    path = "/lookup?value=198.51.100.7"
    text = (await api.ask("GET", path, token=None, headers=await session(api))).content.decode()
    assert (text.count("TLP:GREEN"), text.count("TLP:CLEAR"), text.count("loaded as history")) == (1, 0, 1)


def interval(**more: object) -> SimpleNamespace:
    """Give a row of an indicator's past."""
    proof = {"opened_round": 1, "closed_round": None, "closed": None, "reason": None, "context": None}
    times = {"opened": START, "last_seen": START}
    return SimpleNamespace(**({"source": "ipsum", "backfilled": False} | proof | times | more))
