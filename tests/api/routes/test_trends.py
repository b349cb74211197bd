"""`/api/v1/trends`."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import trio
from support.api import START, Served, World, body_of, served

from tipd.model.tlp import Tlp
from tipd.store.trends.trends import Trend, asn_of

TODAY = START.date()


class _Trends:
    """Ten a day of one source, of which the last whole day has fifty; a second is above green."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, date, date, Tlp, dict[str, list[str]]]] = []

    async def read(self, by, of, since, until, *, max_tlp, only):
        self.asked.append((by, of, since, until, max_tlp, only))
        for text in only["asn"]:
            asn_of(text)
        name = "AS64500" if of == "asn" else "ipsum"
        days = [since + timedelta(days=n) for n in range((until - since).days)]
        rows = [Trend(day, name, 50 if day == TODAY - timedelta(days=1) else 10, 1, 0) for day in days]
        return rows + ([Trend(days[0], "secret", 5, 0, 3)] if max_tlp > Tlp.GREEN else [])

    first: date | None = None

    async def begun(self) -> date | None:
        return self.first

    async def behind(self) -> int:
        return 4

    async def count(self, asns) -> int:
        self.counted = len(asns().name(64500)) > 0
        return 0


@pytest.fixture
def trends() -> _Trends:
    return _Trends()


@pytest.fixture
async def told(world: World, tmp_path: Path, trends: _Trends):
    world.store.trends = trends
    settled = trio.Event()
    settled.set()
    asns = SimpleNamespace(settled=settled, table=SimpleNamespace(name=lambda asn: f"name of {asn}"), status=dict)
    clock = SimpleNamespace(now=lambda: START)
    async with served(replace(world.services(), asns=asns, clock=clock), tmp_path) as api:
        yield api


async def test_a_tipd_that_was_set_up_yesterday_sees_no_wave(told: Served, trends: _Trends) -> None:
    trends.first = TODAY - timedelta(days=1)
    answer = body_of(await told.ask("GET", "/api/v1/trends"))
    assert (answer["rising"], answer["rows"][0]["last"], answer["rows"][0]["score"]) == ([], 50, 0.0)
    trends.first = TODAY - timedelta(days=4)
    assert body_of(await told.ask("GET", "/api/v1/trends"))["rising"] == ["ipsum"]


async def test_a_source_that_is_new_is_no_wave(told: Served, trends: _Trends, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_args, **_more):
        new = [Trend(TODAY - timedelta(days=2), "new", 0, 0, 900), Trend(TODAY - timedelta(days=1), "new", 70, 0, 0)]
        return [*new, Trend(TODAY - timedelta(days=1), "old", 70, 0, 0)]

    monkeypatch.setattr(trends, "read", read)
    assert body_of(await told.ask("GET", "/api/v1/trends"))["rising"] == ["old"]
    assert body_of(await told.ask("GET", "/api/v1/trends?of=kind"))["rising"] == ["new", "old"]


async def test_what_rises_is_named(told: Served, trends: _Trends) -> None:
    answer = body_of(await told.ask("GET", "/api/v1/trends"))
    assert (answer["by"], answer["of"], answer["behind"]) == ("day", "source", 4)
    assert answer["rising"] == ["ipsum"]
    assert answer["falling"] == []
    assert [period["complete"] for period in answer["periods"]] == [True] * 14 + [False]
    row = answer["rows"][0]
    assert (row["last"], row["before"], row["change"], row["listed"][-2:]) == (50, 10.0, 4.0, [50, 10])


async def test_what_was_just_told_is_counted_first(told: Served, trends: _Trends) -> None:
    await told.ask("GET", "/api/v1/trends")
    assert trends.counted, "by the table that holds now"


async def test_an_as_has_its_name(told: Served) -> None:
    answer = body_of(await told.ask("GET", "/api/v1/trends?of=asn&asn=AS64500,64501"))
    assert (answer["rows"][0]["name"], answer["rows"][0]["label"]) == ("AS64500", "name of 64500")


async def test_filters_and_the_caller_s_mark_go_to_the_store(told: Served, trends: _Trends) -> None:
    await told.ask("GET", "/api/v1/trends?class=phishing&kind=url&source=ipsum&since=2026-11-01&until=2026-11-08")
    by, of, since, until, mark, only = trends.asked[-1]
    assert (by, of, since, until, mark) == ("day", "source", date(2026, 11, 1), date(2026, 11, 8), Tlp.GREEN)
    assert only == {"source": ["ipsum"], "kind": ["url"], "class": ["phishing"], "asn": []}
    answer = body_of(await told.ask("GET", "/api/v1/trends", token=None, control=True))
    assert (trends.asked[-1][4], {row["name"] for row in answer["rows"]}) == (Tlp.RED, {"ipsum", "secret"})


@pytest.mark.parametrize(
    "query",
    [
        "since=2026-11-08&until=2026-11-08",
        "since=1990-01-01",
        "since=soon",
        "by=year",
        "asn=x",
        "until=0001-01-01",
        "since=9999-12-01&until=9999-12-31&by=month",
    ],
)
async def test_what_makes_no_sense_is_said(told: Served, query: str) -> None:
    assert (await told.ask("GET", f"/api/v1/trends?{query}")).status == 400
