"""Answers have the shape they declare."""

from __future__ import annotations

from pathlib import Path

import httpcore
import msgspec
import pytest
from support.api import ALL_SCOPES, Served, World, check_shape, finding
from support.flux import tracked
from support.spam import agent, fill

from tipd.api.app import ROUTES
from tipd.api.openapi import openapi_path
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind

PATHS = {
    "{name}": "example_drop",
    "{value}": "198.51.100.7",
    "{file}": "all.txt",
    "{token_id}": "none",
    "{domain}": "flux.example.org",
    "{campaign}": "0000000000000001",
    "{sha256}": f"{1:064x}",
}


# What needs more than this world has is asked by the tests of its own file: every answer's shape is checked there too.
ELSEWHERE = frozenset({"entries", "forget", "rounds", "trends"})


def _asked_here(route) -> bool:
    return route.answer is not None and not route.body and route.name.partition(".")[0] not in ELSEWHERE


@pytest.mark.parametrize("room", sorted(ELSEWHERE))
def test_what_is_asked_elsewhere_has_its_test(room: str) -> None:
    assert (Path(__file__).parent / "routes" / f"test_{room}.py").is_file()
    assert any(route.name.startswith(f"{room}.") for route in ROUTES)


async def test_an_answer_of_another_shape_is_noticed() -> None:
    status = httpcore.Response(200, headers=[], content=b'{"version":1}')
    status.read()
    with pytest.raises(msgspec.ValidationError):
        check_shape("GET", "/api/v1/status", status)


@pytest.mark.parametrize("route", [*filter(_asked_here, ROUTES)], ids=lambda route: route.name)
async def test_answers_have_the_shape_they_declare(world: World, api: Served, route) -> None:
    world.findings.tell(finding(1), finding(2))
    world.sources.rows["example_drop"].set_aside = {"sha256": "ab" * 32, "why": "shrank", "entries": 4}
    world.tokens.add("tip_red", *ALL_SCOPES, max_tlp="red")
    world.flux.put(tracked("flux.example.org"))
    fill(world.spam)
    world.spam.hosts.append(agent("example_drop"))
    await world.allowed.add(Indicator(Kind.IPV4, "198.51.100.7"), "ours", "me")
    path = openapi_path(route)
    for part, text in PATHS.items():
        path = path.replace(part, text)
    answer = await api.ask(route.method, path, token="tip_red")
    assert answer.status == route.status, answer.content
    msgspec.json.decode(answer.content, type=route.answer)
