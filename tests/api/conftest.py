"""A fake world and a server for it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.api import Served, World, served
from support.sockets import close_all


@pytest.fixture(autouse=True)
def clients() -> Iterator[None]:
    """Close what a test left open."""
    yield
    close_all()


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def api(world: World, tmp_path: Path) -> AsyncIterator[Served]:
    async with served(world.services(), tmp_path) as running:
        yield running
