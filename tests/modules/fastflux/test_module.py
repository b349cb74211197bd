"""The service as the scheduler sees it."""

import random
from types import SimpleNamespace

import trio
from support.silence import SILENT

from tipd.clock import SystemClock
from tipd.modules.fastflux.module import FluxModule
from tipd.modules.fastflux.settings import FluxSettings
from tipd.nursery.contract import Always, Cause, Context, Service
from tipd.nursery.health import Tree


def context(**more):
    clock = SystemClock()
    return Context(
        log=SILENT, clock=clock, rng=random.Random(1), store=None, fetcher=None, workers=None,
        health=Tree(clock).node("fastflux"), **more,
    )  # fmt: skip


def test_it_is_a_service_that_runs_always():
    module = FluxModule(FluxSettings())
    assert isinstance(module, Service)
    assert module.triggers == (Always(),)


async def test_without_a_named_resolver_it_waits_and_says_why(autojump_clock):
    for resolver in (None, SimpleNamespace(configured=False)):
        ctx = context(resolver=resolver)
        async with trio.open_nursery() as nursery:
            module = FluxModule(FluxSettings())
            await nursery.start(module.run, ctx, Cause(Always(), ctx.clock.now()))
            await trio.testing.wait_all_tasks_blocked()
            assert ctx.health.state == "waiting"
            assert ctx.health.facts["state"] == "needs_resolver"
            assert "[net] resolvers" in ctx.health.facts["why"]
            module.look()
            module.pause("the disk is short of room")
            module.resume()
            assert ctx.health.state == "waiting"
            nursery.cancel_scope.cancel()
