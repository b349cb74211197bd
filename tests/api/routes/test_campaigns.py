"""Campaigns over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.api import Served, World, body_of
from support.spam import NASTY, campaign, detail, fill

PATH = "/api/v1/campaigns"
ONE = f"{PATH}/0000000000000001"


@pytest.fixture(autouse=True)
def _filled(world: World) -> None:
    fill(world.spam)


async def test_campaigns_are_listed_as_far_as_the_mark_allows(world: World, api: Served) -> None:
    told = body_of(await api.ask("GET", PATH, token="tip_read"))
    (row,) = told["campaigns"]
    assert row == {
        "campaign": "0000000000000001",
        "first_seen": "2026-11-20T04:00:00Z",
        "last_seen": "2026-11-22T04:00:00Z",
        "mails": 1200,
        "traps": 40,
        "subject": "Your parcel waits",
        "kept": {"urls": 2, "hosts": 1, "attachments": 1, "relays": 300},
        "sources": ["mx1"],
        "tlp": "green",
    }
    assert told["next"] is None
    world.tokens.add("tip_red", "read", max_tlp="red")
    all_of_them = body_of(await api.ask("GET", PATH, token="tip_red"))["campaigns"]
    assert [one["campaign"] for one in all_of_them] == ["0000000000000001", "fffffffffffffff9"]


async def test_a_choice_reaches_the_store(world: World, api: Served) -> None:
    await api.ask("GET", f"{PATH}?since=2026-11-20T00:00:00%2B01:00&order=traps&text=%20parcel&limit=7&after=0")
    asked = world.spam.asked[-1]
    assert asked == {
        "since": datetime(2026, 11, 19, 23, tzinfo=UTC),
        "until": None,
        "order": "traps",
        "text": "parcel",
        "after": "0",
    }


async def test_pages_lead_on(world: World, api: Served) -> None:
    world.spam.rows = [detail(campaign(key)) for key in range(5)]
    names, after = [], ""
    while after is not None:
        page = body_of(await api.ask("GET", f"{PATH}?limit=2&after={after}"))
        names += [int(one["campaign"], 16) for one in page["campaigns"]]
        after = page["next"]
    assert names == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    "query",
    ["order=odd", "limit=0", "limit=1001", "after=never", "since=2026-11-22T00:00:00", "until=x", f"text={'x' * 256}"],
)
async def test_wrong_choices_are_refused(api: Served, query: str) -> None:
    assert (await api.ask("GET", f"{PATH}?{query}")).status == 400


async def test_one_campaign(world: World, api: Served) -> None:
    told = body_of(await api.ask("GET", ONE, token="tip_read"))
    assert (told["mails"], told["urls_cut"], told["merged"]) == (1200, 17, ["fffffffffffffffe"])
    assert told["days"][-1] == {"day": "2026-11-22", "mails": 800}
    assert told["urls"][0]["shape"] == "http://*.parcels.example.org/{t}"
    assert told["attachments"][0] == {
        "sha256": "ab" * 32,
        "name": NASTY,
        "type": "application/zip",
        "bytes": 4711,
        "count": 12,
    }
    assert [(one["address"], one["asn"]) for one in told["relays"]] == [("198.51.100.7", 64500), ("203.0.113.5", None)]
    assert told["recipients"][0]["hmac"] == "0011223344556677"


async def test_a_merged_name_leads_to_the_campaign(api: Served) -> None:
    told = body_of(await api.ask("GET", f"{PATH}/FFFFFFFFFFFFFFFE"))
    assert told["campaign"] == "0000000000000001"


@pytest.mark.parametrize("name", ["00000000000000ff", "fffffffffffffff9", "1", "%00", "x" * 300, "-000000000000001"])
async def test_what_is_not_there_or_above_the_mark_is_404(api: Served, name: str) -> None:
    assert (await api.ask("GET", f"{PATH}/{name}", token="tip_read")).status == 404


async def test_a_database_away(world: World, api: Served) -> None:
    world.spam.away = True
    assert (await api.ask("GET", PATH)).status == 503
    assert (await api.ask("GET", ONE)).status == 503
