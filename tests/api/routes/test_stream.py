"""The slow way into the stream; that it keeps the same rules, `stream/test_push.py` holds for both."""

from __future__ import annotations

import trio
from support.api import Served, World, finding
from support.sockets import slow_websocket, websocket


async def test_both_ways_tell_the_same_in_the_same_order(world: World, api: Served) -> None:
    world.findings.tell(*[finding(seq) for seq in range(1, 51)])
    slow, fast = await slow_websocket(api, "?since=10"), await websocket(api, "?since=10")
    with trio.fail_after(60):
        assert await slow.findings(40) == await fast.findings(40) == list(range(11, 51))


async def test_a_reader_that_leaves_gives_its_seat_back(world: World, api: Served) -> None:
    slow = await slow_websocket(api)
    with trio.fail_after(60):
        while api.app.core.hub.live < 1:
            await trio.sleep(0.01)
        await slow.stream.aclose()
        while api.app.core.hub.readers:
            await trio.sleep(0.01)
