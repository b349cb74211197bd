"""The daemon's own resolver among the worlds, by both routes."""

from contextlib import asynccontextmanager

import pytest
import trio

from demo.worlds.script import FLUX_TTL, WORLDS, by_name
from demo.worlds.server import AUTHORITY, Worlds
from demo.worlds.space import GARDEN
from demo.worlds.zones import ROOT
from tipd.model.dns import AAAA, NS, A, Outcome, Route
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings


@asynccontextmanager
async def resolving(**options):
    served = Worlds(**options)
    async with trio.open_nursery() as nursery:
        await nursery.start(served.run)
        settings = NetSettings(
            resolvers=tuple(served.resolver_addresses()),
            root_servers=(ROOT,),
            authority_port=served.ports[AUTHORITY],
            walled_gardens=(GARDEN,),
            allow_networks=("127.0.0.0/8",),
        )
        resolver = Resolver(settings)
        await nursery.start(resolver.run)
        yield served, resolver
        nursery.cancel_scope.cancel()


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.title)
async def test_every_world_is_answered_by_resolvers(world):
    async with resolving() as (_, resolver):
        answer = await resolver.query(world.name, A)
    if world.blocked:
        assert answer.outcome is Outcome.POLICY
    else:
        assert (answer.outcome, answer.true_ttl) == (Outcome.NOERROR, False), answer
        assert answer.rdata


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.title)
async def test_every_world_is_found_from_the_root(world):
    async with resolving() as (served, resolver):
        answer = await resolver.query(world.name, A, route=Route.AUTHORITY)
        assert (answer.outcome, answer.true_ttl) == (Outcome.NOERROR, True), answer
        assert served.asked[0].server == ROOT
        assert not {asked.server for asked in served.asked} & served.resolvers.keys()


async def test_a_cname_is_followed_by_both_routes():
    for route in Route:
        async with resolving() as (_, resolver):
            answer = await resolver.query("www.alias-flux.example", A, route=route)
        assert answer.cname == ("go.relay-flux.test",)
        assert len(answer.rdata) == 40
        assert answer.ttl == FLUX_TTL


async def test_ninety_addresses_come_whole():
    async with resolving() as (_, resolver):
        answers = [await resolver.query("round-robin.example", A) for _ in range(2)]
    assert [len(answer.rdata) for answer in answers] == [360, 360]
    assert answers[0].rdata == answers[1].rdata


async def test_other_types():
    async with resolving() as (_, resolver):
        assert len((await resolver.query("single-flux.example", AAAA)).rdata) == 160
        assert (await resolver.query("for-sale.example", AAAA)).outcome is Outcome.NODATA
        assert (await resolver.query("quiet-apex.example", A)).outcome is Outcome.NODATA
        assert (await resolver.query("nobody.double-flux.example", A)).outcome is Outcome.NXDOMAIN
        servers = await resolver.query("double-flux.example", NS)
        assert len(servers.records) == 4
        assert set(servers.records) <= set(by_name("login.double-flux.example").zones[0].servers.names)


async def test_a_dying_name_dies_by_stages():
    clock = [0.0]
    async with resolving(clock=lambda: clock[0]) as (_, resolver):
        seen = []
        for now in (0.0, 16.0, 32.0):
            clock[0] = now
            seen.append((await resolver.query("dying.example", A)).outcome)
    assert seen == [Outcome.NOERROR, Outcome.SERVFAIL, Outcome.NXDOMAIN]
