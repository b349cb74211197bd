"""The service on a real database: names come from the log, findings reach it, and one process probes."""

import random
from contextlib import asynccontextmanager

import pytest
import trio
from support.probing import FakeAsns, FakeResolver, has
from support.silence import SILENT
from support.stores import open_store, whole_log

from tipd.clock import SystemClock
from tipd.model.dns import NS, Answer, Outcome
from tipd.model.finding import INDICATOR_LISTED, NewFinding
from tipd.model.flux import CANDIDATE, CONFIRMED, DROPPED, NETWORK, NewName, State
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.module import FluxModule
from tipd.modules.fastflux.settings import FluxSettings
from tipd.nursery.contract import Always, Cause, Context
from tipd.nursery.health import Tree
from tipd.store.sources import Declared

TTL = 1
WITHIN = 60.0


class Resolver(FakeResolver):
    """Answers single questions too: each zone has one name server."""

    async def query(self, name, rtype, **_options):
        await trio.lowlevel.checkpoint()
        if rtype == NS:
            return Answer(Outcome.NOERROR, records=("ns1.example.net",), ttl=60, server="192.0.2.53:53")
        return Answer(Outcome.NODATA, ttl=60)

    def facts(self):
        return {}


class Asns(FakeAsns):
    def status(self):
        return {"state": "ready"}


def fluxing(name: str, nth: int) -> Answer:
    """Names that begin with `flux` share a pool that moves on with each look-up; others stay where they are."""
    if not name.startswith("flux"):
        return has("203.0.113.7", ttl=TTL)
    return has(*(f"198.51.{(nth + number) % 200}.{number * 12}" for number in range(20)), ttl=TTL)


@asynccontextmanager
async def tracking(store, **settings):
    """Give a service that runs on the store: its module, its resolver, its node."""
    clock = SystemClock()
    resolver = Resolver(fluxing, latency=0.001)
    node = Tree(clock).node("fastflux")
    ctx = Context(
        log=SILENT, clock=clock, rng=random.Random(1), store=store, fetcher=None, workers=None, health=node,
        resolver=resolver, asns=Asns(),
    )  # fmt: skip
    module = FluxModule(FluxSettings(**{"networks_every": "1s", "nameservers_every": "1s"} | settings))
    async with trio.open_nursery() as nursery:
        await nursery.start(resolver.run)
        scope = trio.CancelScope()

        async def run(*, task_status):
            with scope:
                await module.run(ctx, Cause(Always(), clock.now()), task_status=task_status)
            nursery.cancel_scope.cancel()

        await nursery.start(run)
        yield module, resolver, node, scope
        scope.cancel()


async def until(condition):
    """Wait for what an asynchronous function gives to be true; return it."""
    with trio.fail_after(WITHIN):
        while not (found := await condition()):
            await trio.sleep(0.05)
        return found


@pytest.fixture
async def store(dsn):
    async with open_store(dsn, SystemClock()) as opened:
        yield opened


async def told(store, kind):
    return [finding for finding in await whole_log(store) if finding.kind == kind]


async def test_a_listed_name_is_watched_confirmed_and_told_of_with_its_mark(store):
    await store.sources.declare("blacklist", {"list": Declared(class_="phishing", tlp=Tlp.AMBER)})
    async with tracking(store) as (_, resolver, node, _):
        await until(lambda: _is(node, "probing"))
        listed = [
            NewFinding(
                kind=INDICATOR_LISTED, module="blacklist", source="list",
                subject=Indicator(Kind.URL, f"http://{name}/x"),
            )
            for name in ("flux-a.example.org", "flux-b.example.net", "steady.example.com")
        ]  # fmt: skip
        await store.writer.tell(listed)
        confirmed = await until(lambda: _at_least(store, CONFIRMED, 2))
        assert {finding.subject.value for finding in confirmed} == {"flux-a.example.org", "flux-b.example.net"}
        assert {finding.tlp for finding in confirmed} == {"amber"}
        assert {finding.data["source"] for finding in await told(store, CANDIDATE)} == {"list"}
        detail = await store.flux.get("flux-a.example.org", max_tlp=Tlp.AMBER)
        assert (detail.row.state, detail.row.reason != "") == (State.CONFIRMED, True)
        assert detail.row.holz > 14238
        assert await store.flux.get("flux-a.example.org", max_tlp=Tlp.GREEN) is None
        (network,) = await until(lambda: _at_least(store, NETWORK, 1))
        assert network.data["names"] == ["flux-a.example.org", "flux-b.example.net"]
        assert network.tlp == "amber"
        seen = await until(lambda: store.flux.pdns("example.org", max_tlp=Tlp.RED))
        assert {row.data for row in seen} == {"ns1.example.net"}
        steady = await store.flux.get("steady.example.com", max_tlp=Tlp.RED)
        assert steady.row.state in (State.CANDIDATE, State.WATCHED)
        assert node.facts["tracker"]["faults"] == 0
        assert resolver.times("steady.example.com")


async def test_what_people_say_reaches_the_tracker(store):
    async with tracking(store) as (_, resolver, node, _):
        await until(lambda: _is(node, "probing"))
        mine = NewName(name="flux-a.example.org", why="person", by="me", tags=("hunt",))
        await store.flux.add([mine, NewName(name="flux-witness.example.net", why="person", by="me")])
        confirmed = {one.subject.value: one for one in await until(lambda: _at_least(store, CONFIRMED, 2))}
        assert confirmed["flux-a.example.org"].data["tags"] == ["hunt"]
        assert confirmed["flux-a.example.org"].tlp == "green"
        await store.flux.drop("flux-a.example.org", "it is ours", "me")
        (gone,) = await told(store, DROPPED)
        assert gone.data["reason"] == "it is ours"
        await until(lambda: _watched(node, 1))
        asked = len(resolver.times("flux-a.example.org"))
        # As long as the other is asked for again and again, what was under way is flushed, and this one stays alone.
        until_then = len(resolver.times("flux-witness.example.net")) + 4
        await until(lambda: _asked(resolver, "flux-witness.example.net", until_then))
        assert len(resolver.times("flux-a.example.org")) == asked
        assert (await store.flux.get("flux-a.example.org", max_tlp=Tlp.RED)).row.state is State.DROPPED
        await store.flux.add([NewName(name="flux-a.example.org", why="person", by="me")])
        await until(lambda: _asked(resolver, "flux-a.example.org", asked + 1))


async def test_of_two_processes_one_probes_and_the_other_goes_on_from_it(store, dsn):
    await store.flux.add([NewName(name=f"flux-{n}.example.org", why="person", by="me") for n in range(20)])
    async with open_store(dsn, SystemClock()) as other:
        async with tracking(store) as (_, first, node, _):
            await until(lambda: _more(first, 40))
            async with tracking(other) as (_, second, waiting, _):
                await until(lambda: _is(waiting, "elsewhere"))
                asked = len(first.questions)
                await until(lambda: _more(first, asked + 40))  # two rounds of all of them
                assert second.questions == []
                assert node.facts["state"] == "probing"
        async with tracking(other) as (_, second, _, _):
            await until(lambda: _more(second, 40))
    last = {name: at for at, name, kind, _ in first.questions if kind == 1}
    early = [name for at, name, kind, _ in second.questions if kind == 1 and at < last.get(name, 0) + TTL]
    assert early == []
    assert {name for _, name, kind, _ in second.questions if kind == 1} == last.keys()


async def test_a_stop_leaves_nothing_to_do_for_the_next(store):
    await store.flux.add([NewName(name="flux-a.example.org", why="person", by="me")])
    async with tracking(store) as (_, resolver, _, scope):
        await until(lambda: _more(resolver, 4))
        scope.cancel()
    samples = (await store.flux.get("flux-a.example.org", max_tlp=Tlp.RED)).row.samples
    assert samples == len(resolver.times("flux-a.example.org"))
    async with tracking(store) as (_, again, node, _):
        await until(lambda: _is(node, "probing"))
        with trio.fail_after(5):
            while not again.questions:
                await trio.sleep(0.01)


async def _is(node, word):
    await trio.lowlevel.checkpoint()
    return node.facts.get("state") == word


async def _watched(node, count):
    await trio.lowlevel.checkpoint()
    return node.facts["tracker"]["names"] == count


async def _asked(resolver, name, times):
    await trio.lowlevel.checkpoint()
    return len(resolver.times(name)) >= times


async def _more(resolver, than):
    await trio.lowlevel.checkpoint()
    return len(resolver.questions) > than


async def _at_least(store, kind, number):
    found = await told(store, kind)
    return found if len(found) >= number else None
