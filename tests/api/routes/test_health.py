"""Liveness and readiness: who asks needs no token."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from support.api import Served, World, body_of, served


async def test_alive_and_ready_without_a_token(api: Served) -> None:
    assert body_of(await api.ask("GET", "/healthz", token=None)) == {"alive": True}
    assert body_of(await api.ask("GET", "/readyz", token=None)) == {"ready": True, "notes": []}


async def test_every_reason_is_named(world: World, tmp_path: Path) -> None:
    services = replace(world.services(), notes=lambda: ["collecting is paused"])
    world.available = False
    world.index.ready = False
    async with served(services, tmp_path) as api:
        answer = await api.ask("GET", "/readyz", token=None)
        assert answer.status == 503
        body = body_of(answer)
        assert body["reasons"] == ["the database is away"]
        assert body["notes"] == ["collecting is paused", "the look-up index is loading"]
        assert body["ready"] is False
