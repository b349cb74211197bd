"""Spamtraps over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.api import Served, World, body_of, served
from support.spam import fill

PATH = "/api/v1/spamtraps"


async def test_what_the_traps_take_in(world: World, tmp_path: Path) -> None:
    fill(world.spam)
    table = SimpleNamespace(name=lambda asn: f"Example {asn}", of=lambda text: None)
    services = replace(world.services(), asns=SimpleNamespace(table=table))
    async with served(services, tmp_path) as api:
        told = body_of(await api.ask("GET", f"{PATH}?days=3", token="tip_read"))
    assert [(one["name"], one["kind"], one["mails"], one["traps"]) for one in told["spamtraps"]] == [
        ("mx1", "agent", 1234, 40)
    ]
    assert told["days"] == [
        {"day": "2026-11-20", "mails": 0},
        {"day": "2026-11-21", "mails": 100},
        {"day": "2026-11-22", "mails": 200},
    ]
    assert (told["classes"], told["defects"]) == ({"spam": 900, "bounce": 12}, {"bad_base64": 40})
    assert told["networks"] == [
        {"asn": 64500, "name": "Example 64500", "mails": 700, "addresses": 50},
        {"asn": None, "name": "", "mails": 200, "addresses": 20},
    ]


@pytest.mark.parametrize("query", ["days=0", "days=401", "days=many", "day=1"])
async def test_wrong_choices_are_refused(api: Served, query: str) -> None:
    assert (await api.ask("GET", f"{PATH}?{query}")).status == 400


async def test_a_database_away(world: World, api: Served) -> None:
    world.spam.away = True
    assert (await api.ask("GET", PATH)).status == 503
