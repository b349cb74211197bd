"""Asks reach the process that runs the module, once."""

from __future__ import annotations

import trio
from support.stores import START, open_store


async def test_asks_are_told_and_taken_once_by_the_module_they_are_for(dsn: str) -> None:
    heard: list[str | None] = []
    async with open_store(dsn) as here, open_store(dsn) as there:
        there.asks.listen(heard.append)
        with trio.fail_after(60):
            while heard != [None]:
                await trio.sleep(0.01)
            for name in ("b", "a", "b"):
                await here.asks.ask("blacklist", name, START)
            while heard[-1] != "blacklist":
                await trio.sleep(0.01)
        assert await there.asks.take("black") == []
        assert await there.asks.take("spamtrap") == []
        assert await there.asks.take("blacklist") == ["a", "b"]
        assert await here.asks.take("blacklist") == []
        assert await here.schedule.load("module:blacklist") is None
