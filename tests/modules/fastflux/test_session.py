"""One stretch of tracking: the lease, what runs while it is held, and how it ends."""

import random
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
import trio
from support.schedule import START
from support.silence import SILENT
from support.tracking_fakes import Resolver, Store, Tracker, known, subject

from tipd.clock import MovedClock
from tipd.model.flux import Batch, Roll
from tipd.modules.fastflux.intake import Intake
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.lease_keeping import RENEW_EVERY, VALID
from tipd.modules.fastflux.session import Ground, Session
from tipd.modules.fastflux.settings import FluxSettings
from tipd.nursery.contract import Context
from tipd.nursery.health import Tree

LONG = {"networks_every": "1000d"}  # its thread does not go with a clock that jumps


class World:
    """A store that outlives sessions, and what a session is made of."""

    def __init__(self):
        self.store = Store()
        self.store.flux.pages = [[known("a.example", id=1)]]
        self.clock = MovedClock(START)
        self.tracker = Tracker(subject("a.example"))
        self.node = Tree(self.clock).node("fastflux")

    def session(self, **settings):
        settings = FluxSettings(**LONG | settings)
        ctx = Context(
            log=SILENT, clock=self.clock, rng=random.Random(1), store=self.store, fetcher=None, workers=None,
            health=self.node, resolver=Resolver(),
        )  # fmt: skip
        intake = Intake(self.store, settings, SILENT, self.node)
        return Session(Ground(ctx, self.store, settings, Knowledge(), self.tracker, intake))


@pytest.fixture
def world():
    return World()


async def test_it_takes_the_lease_loads_and_probes(world, autojump_clock):
    session = world.session()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)
        await trio.sleep(3)
        assert world.tracker.allowed_until == session.lease.until > trio.current_time()
        assert (world.tracker.ran, len(world.tracker.taken)) == (1, 1)
        assert (world.node.state, world.node.facts["state"]) == ("running", "probing")
        assert world.node.facts["tracker"] == {"names": 1}
        assert world.node.facts["dns"] == {"resolvers": []}
        assert world.node.facts["asn_table"] == "none"
        await trio.sleep(100)
        assert session.lease.until > trio.current_time()
        nursery.cancel_scope.cancel()


async def test_what_lists_brought_in_classes_chosen_no_longer_goes_first(world, autojump_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session(candidates=("phishing",)).run)
        await trio.sleep(3)
        nursery.cancel_scope.cancel()
    assert world.store.flux.chosen == [("phishing",)]


async def test_a_stop_stores_what_gathered_and_gives_the_lease_back(world, autojump_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session().run)
        await trio.sleep(3.5)
        rolls = (Roll(id=1, due=1.0, ttl=1, samples=1, last_sample=1.0),)
        world.tracker.gathered = [Batch(rolls=rolls)]
        nursery.cancel_scope.cancel()
    assert [batch.rolls for batch in world.store.flux.saved] == [rolls]
    assert world.tracker.rolled[-1] > 1000
    assert world.tracker.allowed_until == 0.0
    assert world.store.flux.lease.holder is None
    assert world.store.flux.lease.until <= world.clock.now()
    assert world.store.subscribers == []


async def test_a_stop_does_not_wait_for_a_store_that_is_away_or_hangs(world, autojump_clock, monkeypatch):
    for available in (False, True):
        world.store.available = True
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.session().run)
            await trio.sleep(20)
            world.store.available = available
            world.store.flux.away = world.store.flux.lease.away = True
            world.tracker.gathered = [Batch(rolls=(Roll(id=1, due=1.0, ttl=1, samples=1, last_sample=1.0),))]
            begun = trio.current_time()
            nursery.cancel_scope.cancel()
        assert trio.current_time() - begun <= 3
        world.store.flux.away = world.store.flux.lease.away = False
        world.store.flux.lease.holder = None


async def test_what_another_took_is_left_alone(world, autojump_clock):
    session = world.session()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)
        await trio.sleep(3)
        other = uuid4()
        world.store.flux.lease.holder = other
        world.tracker.gathered = [Batch(rolls=(Roll(id=1, due=1.0, ttl=1, samples=1, last_sample=1.0),))] * 100
        saved = None
        with trio.fail_after(2 * RENEW_EVERY):
            while nursery.child_tasks:
                saved = len(world.store.flux.saved)
                await trio.sleep(0.1)
    assert world.tracker.allowed_until == 0.0
    assert world.store.flux.lease.holder == other
    assert len(world.store.flux.saved) <= saved + 1, "marks of ours must not stand over the other's"


async def test_it_waits_while_another_probes_and_says_so(world, autojump_clock):
    world.store.flux.lease.holder = uuid4()
    world.store.flux.lease.until = START + timedelta(hours=1)
    world.clock.now()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session().run)
        await trio.sleep(60)
        assert (world.node.state, world.node.facts["state"]) == ("waiting", "elsewhere")
        assert "another process" in world.node.facts["why"]
        assert world.tracker.taken == []
        nursery.cancel_scope.cancel()


async def test_the_former_holders_end_reaches_the_tracker(world, autojump_clock):
    world.clock.now()
    world.store.flux.lease.until = START - timedelta(seconds=20)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session().run)
        await trio.sleep(1)
        assert world.tracker.taken[0][1] == (START - timedelta(seconds=20)).timestamp()
        nursery.cancel_scope.cancel()


async def test_a_pause_stops_probing_and_intake_and_is_shown(world, autojump_clock):
    session = world.session()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(session.run)
        await trio.sleep(3)
        session.pause("the disk is short of room")
        assert (world.tracker.allowed_until, session.may()) == (0.0, False)
        await trio.sleep(30)
        assert world.tracker.allowed_until == 0.0, "a renewal does not end it"
        assert (world.node.state, world.node.facts["why"]) == ("paused", "the disk is short of room")
        session.pause("")
        await trio.sleep(3)
        assert world.tracker.allowed_until > trio.current_time()
        assert (world.node.state, "why" in world.node.facts) == ("running", False)
        nursery.cancel_scope.cancel()


async def test_while_the_store_is_away_it_says_so_and_goes_on_by_itself(world, autojump_clock):
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session().run)
        await trio.sleep(3)
        world.store.flux.lease.away = world.store.flux.away = True
        await trio.sleep(VALID.total_seconds() + 3)
        assert (world.node.state, world.node.facts["state"]) == ("waiting", "store_away")
        world.store.flux.lease.away = world.store.flux.away = False
        await trio.sleep(5)
        assert (world.node.state, world.node.facts["state"]) == ("running", "probing")
        nursery.cancel_scope.cancel()


async def test_a_part_that_crashes_harms_no_other_and_comes_again(world, autojump_clock, monkeypatch):
    crashes = []

    async def thin(*_):
        await trio.lowlevel.checkpoint()
        crashes.append(trio.current_time())
        raise RuntimeError("stumbled")

    monkeypatch.setattr(world.store.flux, "thin", thin)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.session().run)
        await trio.sleep(600)
        assert 3 <= len(crashes) < 100
        assert world.node.state == "running"
        nursery.cancel_scope.cancel()


async def test_a_crash_of_the_tracker_itself_ends_the_stretch_and_the_lease(world, autojump_clock):
    async def run():
        await trio.sleep(5)
        raise RuntimeError("stumbled")

    world.tracker.run = run
    with pytest.raises(ExceptionGroup), trio.fail_after(20):
        await world.session().run()
    assert world.store.flux.lease.holder is None


async def test_knowledge_reaches_whoever_judges(world):
    session = world.session()
    knowledge = SimpleNamespace()
    session.know(knowledge)
    assert world.tracker.knowledge is knowledge
