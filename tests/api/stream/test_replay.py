"""Bringing one reader up to date."""

from __future__ import annotations

import pytest
import trio
from support.api import World, finding
from support.api_hub import Noting, hub_of, kinds

from tipd.api.stream.message import Message
from tipd.api.stream.replay import LogRestarted, catch_up
from tipd.model.annotate import Annotations


async def test_pages_and_kinds(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    world.findings.tell(*[finding(seq, "a.b" if seq % 2 else "c.d") for seq in range(1, 2501)])
    reader = Noting(choice=kinds("a.b"), position=10)
    hub.enter(reader)

    async def send(message: Message) -> None:
        reader.deliver(message)

    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await catch_up(hub, world.findings, Annotations(), reader, send)
        nursery.cancel_scope.cancel()
    assert reader.seqs == list(range(11, 2501, 2))
    assert reader.position == 2500
    assert [len(message["findings"]) for message in reader.told] == [500, 500, 245]


async def test_the_store_away_is_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    world.findings.tell(finding(1))
    reader = Noting()
    hub.enter(reader)

    async def send(message: Message) -> None:
        reader.deliver(message)

    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await trio.sleep(1)
        world.findings.away = True
        nursery.start_soon(catch_up, hub, world.findings, Annotations(), reader, send)
        await trio.sleep(30)
        assert reader.told == []
        world.findings.away = False
        await trio.sleep(5)
        assert reader.seqs == [1]
        nursery.cancel_scope.cancel()


async def test_a_cursor_that_is_suddenly_ahead_is_told(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    reader = Noting(position=5)
    hub.enter(reader)
    hub.position = 9  # the hub has not noticed yet

    async def send(message: Message) -> None:
        reader.deliver(message)

    with pytest.raises(LogRestarted):
        await catch_up(hub, world.findings, Annotations(), reader, send)
