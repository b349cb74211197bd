"""The service as the scheduler sees it."""

import random
from types import SimpleNamespace

import pytest
import trio
from support.schedule import START
from support.silence import SILENT
from support.tracking_fakes import Resolver, Store, known

from tipd.clock import MovedClock
from tipd.errors import ConfigError
from tipd.model.dns import Answer, Outcome
from tipd.modules.fastflux.module import FluxModule
from tipd.modules.fastflux.settings import FluxSettings
from tipd.nursery.contract import Always, Cause, Context, Service
from tipd.nursery.health import Tree
from tipd.store.sources import MARKS_CHANNEL


class Submits(Resolver):
    """Answers what is submitted at once, with nothing."""

    def submit(self, name, rtype, token, done, **_options):
        self.asked.append((name, rtype))
        done(token, Answer(Outcome.NODATA, ttl=60))


def context(**more):
    clock = MovedClock(START)
    return Context(
        log=SILENT, clock=clock, rng=random.Random(1), fetcher=None, workers=None,
        health=Tree(clock).node("fastflux"), **{"store": Store(), **more},
    )  # fmt: skip


def module(**settings):
    return FluxModule(FluxSettings(**{"networks_every": "1000d"} | settings))


@pytest.fixture
def started():
    async def start(nursery, built, ctx):
        await nursery.start(built.run, ctx, Cause(Always(), ctx.clock.now()))

    return start


def test_it_is_a_service_that_runs_always():
    assert isinstance(module(), Service)
    assert module().triggers == (Always(),)


async def test_without_a_named_resolver_it_waits_and_says_why(autojump_clock, started):
    for resolver in (None, SimpleNamespace(configured=False)):
        ctx, built = context(resolver=resolver), module()
        async with trio.open_nursery() as nursery:
            await started(nursery, built, ctx)
            await trio.testing.wait_all_tasks_blocked()
            assert ctx.health.state == "waiting"
            assert ctx.health.facts["state"] == "needs_resolver"
            assert "[net] resolvers" in ctx.health.facts["why"]
            built.look()
            built.pause("the disk is short of room")
            built.resume()
            assert ctx.health.state == "waiting"
            nursery.cancel_scope.cancel()


async def test_it_probes_what_the_store_has(started):
    ctx, built = context(resolver=Submits()), module()
    ctx.store.flux.pages = [[known("a.example.org", id=1)]]
    async with trio.open_nursery() as nursery:
        await started(nursery, built, ctx)
        with trio.fail_after(30):
            while (b"\1a\7example\3org\0", 1) not in ctx.resolver.asked or ctx.health.facts["state"] != "probing":
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_lost_lease_begins_another_stretch_with_what_the_store_has_then(started, monkeypatch):
    monkeypatch.setattr("tipd.modules.fastflux.lease_keeping.RENEW_EVERY", 0.01)
    ctx, built = context(resolver=Submits()), module()
    ctx.store.flux.pages = [[known("a.example.org", id=1)]]
    async with trio.open_nursery() as nursery:
        await started(nursery, built, ctx)
        with trio.fail_after(30):
            while not ctx.resolver.asked:
                await trio.sleep(0.01)
            ctx.store.flux.lease.holder = "another"
            ctx.store.flux.pages = [[known("b.example.org", id=2), known("c.example.org", id=3)]]
            while ctx.health.facts.get("state") != "elsewhere":
                await trio.sleep(0.01)
            ctx.store.flux.lease.holder = None
            while ctx.health.facts.get("state") != "probing" or ctx.health.facts["tracker"]["names"] != 2:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_knowledge_is_read_at_the_start_and_again_on_request(started, tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text("[[cdn\n")
    ctx, built = context(resolver=Submits()), module(knowledge_dirs=(str(tmp_path),))
    with pytest.raises(ConfigError):
        await built.run(ctx, Cause(Always(), ctx.clock.now()))
    file.write_text('[[cdn]]\nname = ["cdn.example"]\nreason = "r"\nsource = "s"\n')
    async with trio.open_nursery() as nursery:
        await started(nursery, built, ctx)
        with trio.fail_after(30):
            while ctx.health.facts.get("state") != "probing":
                await trio.sleep(0.01)
            assert built._knowledge.of_name("x.cdn.example") is not None
            for text, there in (("[[cdn\n", True), ("", False)):
                file.write_text(text)
                built.look()
                await trio.sleep(0.2)
                assert (built._knowledge.of_name("x.cdn.example") is not None) is there
        nursery.cancel_scope.cancel()


async def test_a_pause_holds_for_the_stretch_that_runs_and_for_the_next(started):
    ctx, built = context(resolver=Submits()), module()
    built.pause("the disk is short of room")
    ctx.store.flux.pages = [[known("a.example.org", id=1)]]
    async with trio.open_nursery() as nursery:
        await started(nursery, built, ctx)
        with trio.fail_after(30):
            while ctx.health.state != "paused":
                await trio.sleep(0.01)
        assert ctx.resolver.asked == []
        built.resume()
        with trio.fail_after(30):
            while not ctx.resolver.asked:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_a_source_that_is_shown_to_others_has_the_names_marked_anew(started, monkeypatch):
    monkeypatch.setattr("tipd.modules.fastflux.chores.SOON", 0.0)
    ctx, built = context(resolver=Submits()), module()
    async with trio.open_nursery() as nursery:
        await started(nursery, built, ctx)
        with trio.fail_after(30):
            while ctx.store.flux.remarked < 1:
                await trio.sleep(0.01)
            ctx.store.heard[MARKS_CHANNEL](None)
            while ctx.store.flux.remarked < 2:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
