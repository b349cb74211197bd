"""Forgetting over HTTP."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
from support.api import World, body_of, served

from tipd.store.forgetting import TooMany


class FakeForgetter:
    """Notes what is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.many = False

    async def forget(self, subject: Any, **how: Any) -> Any:
        await trio.lowlevel.checkpoint()
        if self.many:
            raise TooMany("too many")
        self.asked.append((subject.value, how))
        return self.job("j")

    def job(self, number: str) -> Any:
        counts = dict.fromkeys(("values", "closed", "sightings", "findings", "mentions", "bodies"), 0)
        known = SimpleNamespace(id="j", key="00ff", state="running", why=None, blocked=False, **counts)
        return known if number == "j" else None


@pytest.fixture
async def forgetting(world: World, tmp_path: Path):
    """Give a served API that forgets."""
    forgetter = FakeForgetter()
    world.tokens.add("tip_all", "read", "admin", max_tlp="red")
    async with served(replace(world.services(), forgetter=forgetter), tmp_path) as api:
        yield SimpleNamespace(api=api, forgetter=forgetter, world=world)


async def test_it_is_begun_and_followed(forgetting: Any) -> None:
    body = {"value": "HXXP://Example[.]org/a", "reason": "asked", "block": True}
    answer = await forgetting.api.ask("POST", "/api/v1/forget", body=body)
    assert (answer.status, body_of(answer)["key"]) == (202, "00ff")
    ((value, how),) = forgetting.forgetter.asked
    assert value == "http://example.org/a"
    assert (how["reason"], how["block"], how["below"]) == ("asked", True, False)
    assert how["by"]
    assert body_of(await forgetting.api.ask("GET", "/api/v1/forget/j"))["state"] == "running"
    assert (await forgetting.api.ask("GET", "/api/v1/forget/k")).status == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"value": "no such thing", "reason": "x"}, 400),
        ({"value": "192.0.2.1"}, 400),
        ({"value": "http://example.org/", "reason": "x", "below": True}, 400),
        ({"value": "example.org", "reason": "x", "below": True}, 202),
        ({"value": "192.0.2.1", "reason": "x", "below": True}, 202),
        ({"value": "10.0.0.1", "reason": "a private one"}, 202),
    ],
)
async def test_what_can_be_forgotten(forgetting: Any, body: dict[str, Any], status: int) -> None:
    assert (await forgetting.api.ask("POST", "/api/v1/forget", body=body)).status == status


async def test_only_an_admin_forgets(forgetting: Any) -> None:
    body = {"value": "192.0.2.1", "reason": "x"}
    forgetting.world.tokens.add("tip_write", "read", "write")
    assert (await forgetting.api.ask("POST", "/api/v1/forget", body=body, token="tip_write")).status == 403
    assert (await forgetting.api.ask("GET", "/api/v1/forget/j", token="tip_write")).status == 403


async def test_only_who_sees_red_forgets_since_counts_betray_what_is_listed(forgetting: Any) -> None:
    forgetting.world.tokens.add("tip_green", "read", "admin")
    forgetting.world.tokens.add("tip_strict", "read", "admin", max_tlp="amber+strict")
    for token in ("tip_green", "tip_strict"):
        body = {"value": "192.0.2.1", "reason": "x"}
        assert (await forgetting.api.ask("POST", "/api/v1/forget", body=body, token=token)).status == 403
        assert (await forgetting.api.ask("GET", "/api/v1/forget/j", token=token)).status == 403
    assert forgetting.forgetter.asked == []


async def test_too_many_is_409(forgetting: Any) -> None:
    forgetting.forgetter.many = True
    body = {"value": "example.org", "reason": "x", "below": True}
    assert (await forgetting.api.ask("POST", "/api/v1/forget", body=body)).status == 409
