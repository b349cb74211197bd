"""The hub, with readers that only take notes, under a clock that jumps."""

from __future__ import annotations

import trio
from support.api import FakeFindings, World, finding
from support.api_hub import START, Noting, hub_of, kinds

from tipd.api.auth import Caller
from tipd.api.stream.hub import Hub
from tipd.api.stream.message import Message
from tipd.api.stream.replay import catch_up
from tipd.model.annotate import Annotations


async def bring(hub: Hub, findings: FakeFindings, reader: Noting) -> None:
    """Bring a reader up to date, as its replay does."""
    assert hub.enter(reader)

    async def send(message: Message) -> None:
        reader.deliver(message)
        await trio.lowlevel.checkpoint()

    await catch_up(hub, findings, Annotations(), reader, send)


async def test_readers_that_join_at_any_moment_miss_nothing(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    readers = [Noting() for _ in range(30)]
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)

        @nursery.start_soon
        async def tell() -> None:
            for seq in range(1, 3001):
                world.findings.tell(finding(seq))
                if seq % 7 == 0:
                    await trio.lowlevel.checkpoint()

        for reader in readers:
            nursery.start_soon(bring, hub, world.findings, reader)
            await trio.lowlevel.checkpoint()
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    for reader in readers:
        assert reader.seqs == list(range(1, 3001))


async def test_without_readers_the_log_is_not_read(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        world.findings.tell(*[finding(seq) for seq in range(1, 100)])
        await trio.sleep(10)
        assert (hub.position, world.findings.reads) == (99, 0)
        nursery.cancel_scope.cancel()


async def test_a_lost_wake_up_is_made_good(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    world.findings.on_commit.clear()
    reader = Noting()
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await bring(hub, world.findings, reader)
        world.findings.tell(finding(1))
        await trio.sleep(5)
        assert reader.seqs == [1]
        nursery.cancel_scope.cancel()


async def test_who_lags_stalls_or_is_dead_is_cut_and_who_lives_is_not(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    lagging, stalled, dead, lively = Noting(room=False), Noting(), Noting(), Noting()
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        for reader in (lagging, stalled, dead, lively):
            await bring(hub, world.findings, reader)
        world.findings.tell(finding(1))
        await trio.sleep(1)
        assert [one.closed for one in (lagging, stalled, dead, lively)] == [1013, None, None, None]
        stalled.waiting_since = trio.current_time()
        await trio.sleep(20)
        assert [one.closed for one in (stalled, dead, lively)] == [1013, None, None]
        for _ in range(20):
            lively.quiet = False
            await trio.sleep(5)
        assert (dead.closed, lively.closed, dead.pings) == (1013, None, 1)
        assert hub.counts["cut"] == 3
        nursery.cancel_scope.cancel()


async def test_a_reader_of_rare_kinds_hears_how_far_the_log_is(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    reader = Noting(choice=kinds("flux.node"))
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await bring(hub, world.findings, reader)
        world.findings.tell(finding(1), finding(2))
        await trio.sleep(31)
        assert reader.told == [{"type": "findings", "findings": [], "last": 2}]
        nursery.cancel_scope.cancel()


async def test_retention_passing_the_hub_is_a_gap_for_all(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    reader = Noting()
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await bring(hub, world.findings, reader)
        world.findings.log = [finding(seq) for seq in range(1, 21)]
        world.findings.prune(15)
        await trio.sleep(5)
        assert reader.told[0] == {"type": "gap", "since": 15}
        assert reader.seqs == [16, 17, 18, 19, 20]
        nursery.cancel_scope.cancel()


async def test_a_log_that_began_anew_ends_every_reader(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    world.findings.tell(*[finding(seq) for seq in range(1, 21)])
    reader = Noting()
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        await bring(hub, world.findings, reader)
        world.findings.log = [finding(1)]
        await trio.sleep(5)
        assert reader.closed == 1012
        nursery.cancel_scope.cancel()


async def test_a_token_that_expires_ends_its_streams(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    expiring = Noting(caller=Caller("x", "token", frozenset(), "t2", START.replace(second=10)))
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        hub._clock.now()
        await bring(hub, world.findings, expiring)
        await trio.sleep(40)
        assert expiring.closed == 1008
        nursery.cancel_scope.cancel()


async def test_closed_is_closed() -> None:
    hub = hub_of(World(), max_readers=1)
    first, second = Noting(), Noting()
    assert hub.enter(first)
    assert not hub.enter(second)
    hub.close()
    assert first.closed == 1012
    hub.leave(first)
    assert not hub.enter(second)


async def test_it_shows_how_full_it_is_for_its_slowest_reader() -> None:
    hub = hub_of(World())
    assert (hub.fill.kind, hub.fill.used, hub.fill.readers) == ("stream", 0, 0)
    for waiting in (10, 70, 30):
        reader = Noting()
        reader.waiting_bytes = waiting
        assert hub.enter(reader)
    assert (hub.fill.used, hub.fill.readers, hub.fill.cut) == (70, 3, 0)
    assert hub.fill.size > 0


async def test_a_token_that_another_process_revokes_ends_its_streams(autojump_clock: trio.testing.MockClock) -> None:
    world = World()
    hub = hub_of(world)
    (token,) = [token for secret, token in world.tokens.known.items() if secret == "tip_stream"]
    doomed = Noting(caller=Caller("test", "token", frozenset({"stream"}), token.id))
    other = Noting(caller=Caller("other", "token", frozenset({"stream"}), "another"))
    async with trio.open_nursery() as nursery:
        await nursery.start(hub.run)
        for reader in (doomed, other):
            hub.enter(reader)
        await trio.sleep(6)
        assert doomed.closed is None
        await world.tokens.revoke(token.id)
        await trio.sleep(6)
        assert (doomed.closed, other.closed) == (1008, None)
        nursery.cancel_scope.cancel()
