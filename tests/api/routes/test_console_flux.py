"""The console's pages of fast-flux tracking."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.api import START, Served, World, header, served

from tipd.api.routes.console_flux import drawn, moment_of
from tipd.errors import StoreAway
from tipd.model import dns
from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp
from tipd.model.tracked import Origin, Pivot, PivotRow, ScorePoint, Seen, Tracked, TrackedDetail

HOUR = timedelta(hours=1)


def _tracked(name: str, state: State = State.CONFIRMED, **more: Any) -> Tracked:
    values: dict[str, Any] = {
        "apex": "example.org",
        "tier": Tier.CONFIRMED,
        "reason": "holz",
        "since": START,
        "added": START - HOUR,
        "holz": 21180,
        "samples": 1234,
        "ttl": 60,
    }
    return Tracked(name=name, state=state, **values | more)


def _seen(data: str, asn: int, *, rtype: int = dns.A, hours: float = 1) -> Seen:
    return Seen(
        name="flux.example.org",
        rtype=rtype,
        data=data,
        asn=asn,
        first=START - hours * HOUR,
        last=START,
        count=7,
        ttl_min=60,
        ttl_max=60,
        true_ttl=False,
    )


def _detail(name: str = "flux.example.org", **more: Any) -> TrackedDetail:
    point = {"n_a": 20, "n_asn": 10, "tier": Tier.LIKELY, "state": State.LIKELY}
    values: dict[str, Any] = {
        "row": _tracked(name, tags=("<i>lab",), note="seen in <b>spam", path=("198.51.100.7", name)),
        "verdict": {
            "tier": "confirmed",
            "reasons": [{"code": "holz", "text": "over", "value": 211.8, "bound": 142.38}],
        },
        "origins": (
            Origin(why="list", source="drop", class_="phishing", by="", tlp=Tlp.CLEAR, first=START, last=START),
        ),
        "scores": (
            ScorePoint(at=START - HOUR, holz=2514, total=5, **point),
            ScorePoint(at=START, holz=21180, total=20, **point),
        ),
        "seen": (
            _seen("198.51.100.7", 64500),
            _seen("198.51.100.9", 64500, hours=0.5),
            _seen("203.0.113.5", 0),
            _seen("ns1.example.net", 0, rtype=dns.NS),
        ),
    }
    return TrackedDetail(**values | more)


def _step(found: str, via: str) -> PivotRow:
    return PivotRow(
        found=found, kind="domain", how="had_by", rtype=dns.A, asn=0, first=START, last=START, count=1, via=via
    )


class _Flux:
    """Some names, of which one is marked."""

    def __init__(self) -> None:
        self.away = False
        self.asked: list[Any] = []
        self.rows = [_tracked("flux.example.org"), _tracked("secret.example.org", tlp=Tlp.AMBER)]

    async def counts(self, *, max_tlp):
        self._look()
        return {State.CONFIRMED: sum(row.tlp <= max_tlp for row in self.rows)}

    async def list(self, *, state, tag, text, after, limit, max_tlp):
        self.asked.append((state, tag, text, after))
        return [row for row in self.rows if row.tlp <= max_tlp][:limit]

    async def get(self, name, *, max_tlp, at=None):
        self._look()
        self.asked.append(at)
        return _detail() if name == "flux.example.org" else None

    async def pivot(self, value, *, until, limit, max_tlp):
        steps = [_step("other.example.net", f"198.51.100.{n}") for n in range(3)]
        return Pivot(kind="domain", value=value, rows=(*steps, _step(value, "198.51.100.7")))

    def _look(self) -> None:
        if self.away:
            raise StoreAway("gone")


@pytest.fixture
async def console(world: World, tmp_path: Path):
    world.store.flux = _Flux()
    services = replace(world.services(), clock=SimpleNamespace(now=lambda: START))
    async with served(services, tmp_path) as api:
        yield api


async def _page(api: Served, path: str, status: int = 200) -> str:
    login = await api.ask("GET", f"/login?code={api.app.core.services.sessions.new_console_code()}", token=None)
    cookie = (header(login, "set-cookie") or "").partition(";")[0]
    answer = await api.ask("GET", path, token=None, headers={"Cookie": cookie})
    assert answer.status == status
    page = answer.content.decode()
    assert "style=" not in page and "<script>" not in page  # the policy allows none
    return page


async def test_confirmed_names_are_shown_first_and_a_choice_is_kept(console: Served, world: World) -> None:
    page = await _page(console, "/flux")
    assert 'href="/flux/flux.example.org"' in page and "211.80" in page
    assert "lies above the bound" in page and "holz<" not in page
    assert world.store.flux.asked == [((State.CONFIRMED,), (), None, "")]
    page = await _page(console, "/flux?state=likely&tag=lab&text=Flux&after=a.example")
    assert world.store.flux.asked[1] == ((State.LIKELY,), ("lab",), "flux", "a.example")
    assert 'value="lab"' in page and "<option selected>likely</option>" in page
    await _page(console, "/flux?tag=lab")
    assert world.store.flux.asked[2][0] == ()


async def test_more_names_than_a_page_lead_on(console: Served, world: World) -> None:
    world.store.flux.rows = [_tracked(f"n{n:03}.example.org") for n in range(201)]
    page = await _page(console, "/flux")
    assert page.count('scope="row"') == 200
    assert "after=n199.example.org" in page


async def test_a_name_is_drawn_and_what_strangers_wrote_is_escaped(console: Served) -> None:
    page = await _page(console, "/flux/FLUX.example.org")
    assert page.count('<svg class="chart"') == 4
    assert "&lt;i&gt;lab" in page and "<i>" not in page
    assert "seen in &lt;b&gt;spam" in page
    assert "211.8 against 142.38" in page
    assert "other.example.net shares 3 addresses" in page
    assert "ns1.example.net" in page and "AS64500" in page


async def test_a_name_as_of_a_day_is_as_of_its_end(console: Served, world: World) -> None:
    page = await _page(console, "/flux/flux.example.org?at=2026-11-21")
    assert world.store.flux.asked[-1] == START.replace(hour=0)
    assert 'value="2026-11-21"' in page and ">now</a>" in page
    await _page(console, "/flux/flux.example.org?at=tomorrow", 400)
    await _page(console, "/flux/none.example.org", 404)
    assert "no name that can be tracked" in await _page(console, "/flux/192.0.2.1", 404)


async def test_a_day_that_has_not_ended_is_as_of_now(console: Served, world: World) -> None:
    page = await _page(console, "/flux/flux.example.org?at=2026-11-22")
    assert world.store.flux.asked[-1] is None
    assert 'value="2026-11-22" max="2026-11-22"' in page
    await _page(console, "/flux/flux.example.org?at=2199-12-31")
    assert world.store.flux.asked[-1] is None


async def test_every_value_leads_on(console: Served) -> None:
    page = await _page(console, "/flux/flux.example.org")
    for value in ("198.51.100.7", "AS64500", "ns1.example.net", "flux.example.org", "other.example.net"):
        assert f'href="/lookup?value={value}"' in page  # none of the siblings is tracked


async def test_a_database_away_and_a_missing_resolver_are_said(console: Served, world: World) -> None:
    facts = {"state": "needs_resolver", "why": "no resolver is <named>"}
    world.health.tree["modules"].append({"module": "fastflux", "facts": facts, "children": []})
    assert "Nothing is probed: no resolver is &lt;named&gt;" in await _page(console, "/flux")
    world.store.flux.away = True
    assert "the database is away" in await _page(console, "/flux", 503)
    assert "the database is away" in await _page(console, "/flux/flux.example.org", 503)


def test_a_name_without_answers_has_no_drawings() -> None:
    found = drawn(_detail(scores=(), seen=()), Pivot(kind="domain", value="flux.example.org"), START)
    assert (found["score"], found["growth"], found["bars"], found["graph"]) == (None, None, None, None)
    assert found["asns"] == found["records"] == []


def test_addresses_are_counted_by_as() -> None:
    found = drawn(_detail(), Pivot(kind="domain", value="x"), START)
    assert found["asns"] == [(64500, 2), (0, 1)]
    assert [bar.label for bar in found["bars"].bars][-1] == "198.51.100.9"
    assert found["records"][0][0] == "NS"


def test_a_day_ends_and_a_moment_stands() -> None:
    assert moment_of("2026-11-21") == START.replace(hour=0)
    assert moment_of("2026-11-22T04:00:00Z") == START
    assert moment_of("soon") is None
