"""The live page: what a session may see, what is no news, and its watch."""

from __future__ import annotations

import msgspec
import pytest
from support.api import Served, World, finding, header
from support.spam import NASTY

from tipd.model.tlp import Tlp
from tipd.model.watch import Watch, Watches


@pytest.fixture(autouse=True)
def told(world: World) -> None:
    world.annotations.watches = Watches([Watch(name="ours", networks=["203.0.113.0/24"])])
    world.findings.tell(
        finding(1, value="198.51.100.1"),
        finding(2, value="203.0.113.2"),
        msgspec.structs.replace(finding(3, value="203.0.113.3"), initial=True),
        msgspec.structs.replace(finding(4, value="203.0.113.4"), tlp="red"),
    )


async def page(api: Served, mark: Tlp, path: str = "/") -> str:
    code = api.app.core.services.sessions.new_console_code(mark)
    cookie = header(await api.ask("GET", f"/login?code={code}", token=None), "set-cookie") or ""
    answer = await api.ask("GET", path, token=None, headers={"Cookie": cookie.partition(";")[0]})
    assert answer.status == 200
    return answer.content.decode()


async def test_what_a_session_may_see_without_first_rounds(api: Served) -> None:
    green = await page(api, Tlp.GREEN)
    assert ("203.0.113.2" in green, "203.0.113.3" in green, "203.0.113.4" in green) == (True, False, False)
    assert 'data-last="4"' in green
    red = await page(api, Tlp.RED)
    assert ("203.0.113.3" in red, "203.0.113.4" in red) == (False, True)
    assert "TLP:RED" in red
    assert "TLP:RED" not in green


async def test_a_first_round_is_shown_by_its_count(api: Served, world: World) -> None:
    loaded = finding(5, kind="source.loaded", value="203.0.113.5")
    world.findings.tell(msgspec.structs.replace(loaded, subject=None, data={"entries": 123456}, initial=True))
    assert "123,456 entries" in await page(api, Tlp.GREEN)


async def test_why_a_source_degraded_and_an_interval_ended_is_shown(api: Served, world: World) -> None:
    degraded = finding(5, kind="source.degraded", value="203.0.113.5")
    facts = {"old": "ok", "new": "gone", "why": "the page is gone: 410"}
    ended = msgspec.structs.replace(finding(6, kind="indicator.delisted"), data={"reason": "aged"})
    world.findings.tell(msgspec.structs.replace(degraded, subject=None, data=facts), ended)
    shown = await page(api, Tlp.GREEN)
    assert "gone: the page is gone: 410" in shown
    assert "ipv4 · aged</span>" in shown


async def test_by_watch(api: Served) -> None:
    shown = await page(api, Tlp.RED, "/?watch=ours")
    assert ("198.51.100.1" in shown, "203.0.113.2" in shown) == (False, True)
    assert 'data-watch="ours"' in shown
    assert '<option value="ours" selected>' in shown
    assert "badge-watch" in shown
    unknown = await page(api, Tlp.RED, "/?watch=%22%3E%3Cscript%3E")
    assert "198.51.100.1" in unknown
    assert 'data-watch=""' in unknown


async def test_where_nothing_is_watched_there_is_nothing_to_choose(world: World, api: Served) -> None:
    world.annotations.watches = Watches(())
    assert 'id="watch"' not in await page(api, Tlp.RED)


async def test_by_tag(api: Served, world: World) -> None:
    tagged = msgspec.structs.replace(finding(5, kind="flux.confirmed", value="203.0.113.5"), data={"tags": ["<lab>"]})
    world.findings.tell(tagged)
    shown = await page(api, Tlp.RED, "/?tag=%3Clab%3E")
    assert ("203.0.113.5" in shown, "203.0.113.2" in shown) == (True, False)
    assert 'data-tag="&lt;lab&gt;"' in shown
    assert "<lab>" not in shown


async def test_campaigns_lead_to_their_pages_and_subjects_are_tame(api: Served, world: World) -> None:
    facts = {"campaign": "00000000000000ff", "mails": 5000, "subject": NASTY}
    grown = msgspec.structs.replace(finding(5, kind="spam.campaign"), subject=None, data=facts)
    url = msgspec.structs.replace(finding(6, kind="spam.url"), data={"campaign": "00000000000000aa"})
    odd = msgspec.structs.replace(finding(7, kind="spam.url"), data={"campaign": '"><b>'})
    world.findings.tell(grown, url, odd)
    shown = await page(api, Tlp.GREEN)
    assert 'href="/campaigns/00000000000000ff"><bdi>5,000 mails: &lt;script&gt;alert(1)' in shown
    assert '<a href="/campaigns/00000000000000aa">campaign</a>' in shown
    assert shown.count('href="/campaigns/') == 2
    assert "\x1b" not in shown and "\u202e" not in shown and "<b>" not in shown


async def test_why_a_version_was_refused(api: Served, world: World) -> None:
    facts = {"view": "urls", "version": 8, "reason": "fork", "detail": "another 7 was taken"}
    world.findings.tell(msgspec.structs.replace(finding(5, kind="agent.refused"), subject=None, data=facts))
    taken = {"view": "urls", "version": 7, "records": 5000}
    world.findings.tell(msgspec.structs.replace(finding(6, kind="agent.version"), subject=None, data=taken))
    shown = await page(api, Tlp.GREEN)
    assert "version 8: fork: another 7 was taken" in shown and "version 7: 5,000 mails" in shown
