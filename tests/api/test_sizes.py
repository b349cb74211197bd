"""Sizes are asked for once a minute."""

from __future__ import annotations

import trio
from support.api import World

from tipd.api.sizes import Sizes


async def test_they_are_remembered_for_a_minute(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    asked: list[str] = []

    class Counting:
        async def tables(self) -> dict[str, int]:
            asked.append("tables")
            return {"finding": len(asked)}

        async def growth(self, _today: object) -> dict[str, float]:
            return {}

    world.store.sizes = Counting()
    sizes = Sizes(world.services())
    assert [await sizes.tables(), await sizes.tables(), await sizes.growth()] == [{"finding": 1}, {"finding": 1}, {}]
    await trio.sleep(61)
    assert await sizes.tables() == {"finding": 2}
