"""Answers have the shape they declare."""

from __future__ import annotations

import msgspec
import pytest
from support.api import ALL_SCOPES, Served, World, finding

from tipd.api.app import ROUTES
from tipd.api.openapi import openapi_path
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind

PATHS = {"{name}": "example_drop", "{value}": "198.51.100.7", "{file}": "all.txt", "{token_id}": "none"}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.answer is not None and not route.body], ids=lambda route: route.name
)
async def test_answers_have_the_shape_they_declare(world: World, api: Served, route) -> None:
    world.findings.tell(finding(1), finding(2))
    world.sources.rows["example_drop"].set_aside = {"sha256": "ab" * 32, "why": "shrank", "entries": 4}
    world.tokens.add("tip_red", *ALL_SCOPES, max_tlp="red")
    await world.allowed.add(Indicator(Kind.IPV4, "198.51.100.7"), "ours", "me")
    path = openapi_path(route)
    for part, text in PATHS.items():
        path = path.replace(part, text)
    answer = await api.ask(route.method, path, token="tip_red")
    assert answer.status == route.status, answer.content
    msgspec.json.decode(answer.content, type=route.answer)
