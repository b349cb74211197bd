"""Mails over HTTP."""

from __future__ import annotations

import pytest
from support.api import Served, World, body_of
from support.spam import NASTY, fill

PATH = "/api/v1/mails"


@pytest.fixture(autouse=True)
def _filled(world: World) -> None:
    fill(world.spam)


async def test_mails_of_an_address_in_pages(world: World, api: Served) -> None:
    page = body_of(await api.ask("GET", f"{PATH}?value=198.51.100[.]7&limit=2", token="tip_read"))
    assert world.spam.asked[-1]["value"] == "198.51.100.7"
    assert [one["sha256"][-1] for one in page["mails"]] == ["1", "2"]
    assert page["mails"][0] == {
        "sha256": f"{1:064x}",
        "at": "2026-11-22T03:00:00Z",
        "class": "spam",
        "size": 2048,
        "source": "mx1",
        "tlp": "green",
        "relay": "198.51.100.7",
        "trap": "0011223344556677",
        "campaign": "0000000000000001",
        "subject": NASTY,
        "defects": ["bad_base64"],
    }
    numbers, after = [], page["next"]
    while after is not None:
        page = body_of(await api.ask("GET", f"{PATH}?value=198.51.100.7&limit=2&after={after}", token="tip_read"))
        numbers += [one["sha256"][-1] for one in page["mails"]]
        after = page["next"]
    assert numbers == ["3", "4", "5"]


async def test_a_choice_reaches_the_store(world: World, api: Served) -> None:
    await api.ask("GET", f"{PATH}?campaign=FFFFFFFFFFFFFFF9&source=mx1&until=2026-11-22T04:00:00Z")
    asked = world.spam.asked[-1]
    assert (asked["campaign"], asked["source"], asked["value"], asked["until"].hour) == (-7, "mx1", None, 4)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("value=AS64500", "not by a asn"),
        ("value=%20x%20y", "no value"),
        ("campaign=7", "16 hex digits"),
        ("after=7", "64 hex digits"),
        ("since=2026-11-22T00:00:00", "offset"),
        ("limit=0", "limit"),
    ],
)
async def test_wrong_choices_are_refused(api: Served, query: str, said: str) -> None:
    answer = await api.ask("GET", f"{PATH}?{query}")
    assert answer.status == 400
    assert said in body_of(answer)["detail"]


async def test_one_mail_as_each_source_tells_of_it(world: World, api: Served) -> None:
    told = body_of(await api.ask("GET", f"{PATH}/{1:064X}", token="tip_read"))
    assert told["sha256"] == f"{1:064x}"
    assert [one["record"] for one in told["mails"]] == [{"from": "bank@example.org"}]


@pytest.mark.parametrize("name", [f"{9:064x}", f"{77:064x}", "1", "x" * 64, "..", "%00"])
async def test_what_is_not_there_or_above_the_mark_is_404(api: Served, name: str) -> None:
    assert (await api.ask("GET", f"{PATH}/{name}", token="tip_read")).status == 404


async def test_a_database_away(world: World, api: Served) -> None:
    world.spam.away = True
    assert (await api.ask("GET", PATH)).status == 503
