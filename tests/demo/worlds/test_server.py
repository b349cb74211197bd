"""The sockets, asked by dnspython: UDP, TCP, both roles, silence, and the log of questions."""

from contextlib import asynccontextmanager

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import pytest
import trio

from demo.worlds import zones
from demo.worlds.script import FLUX_TTL
from demo.worlds.server import AUTHORITY, Worlds
from tipd.model.dns import A


@asynccontextmanager
async def worlds(**options):
    served = Worlds(**options)
    async with trio.open_nursery() as nursery:
        await nursery.start(served.run)
        yield served
        nursery.cancel_scope.cancel()


async def ask(served, name, rtype="A", *, server="eu", at="127.0.0.1", tcp=False, timeout=5.0, **options):
    query = dns.message.make_query(name, rtype, **{"use_edns": 0, "payload": 1232} | options)
    do = dns.asyncquery.tcp if tcp else dns.asyncquery.udp
    return await do(query, at, timeout=timeout, port=served.ports[server])


def addresses(answer):
    return {rdata.address for rrset in answer.answer for rdata in rrset if rrset.rdtype == A}


async def test_a_resolver_answers_from_its_cache_and_says_that_it_recurses():
    clock = [100.0]
    async with worlds(clock=lambda: clock[0]) as served:
        first = await ask(served, "Single-Flux.example")
        assert first.flags & dns.flags.RA
        assert not first.flags & dns.flags.AA
        assert first.answer[0].ttl == FLUX_TTL
        clock[0] += 1.5
        second = await ask(served, "single-flux.example")
        assert (addresses(second), second.answer[0].ttl) == (addresses(first), 1)
        clock[0] += 1.0
        assert addresses(await ask(served, "single-flux.example")) != addresses(first)
    assert [(asked.at, asked.server, asked.name, asked.rtype, asked.ttl) for asked in served.asked] == [
        (0.0, "eu", "single-flux.example", A, 2), (1.5, "eu", "single-flux.example", A, 1),
        (2.5, "eu", "single-flux.example", A, 2),
    ]  # fmt: skip


async def test_what_is_too_long_for_a_packet_comes_over_tcp():
    async with worlds() as served:
        cut = await ask(served, "round-robin.example")
        assert cut.flags & dns.flags.TC
        whole = await ask(served, "round-robin.example", tcp=True)
        assert len(addresses(whole)) == 90
        assert [asked.tcp for asked in served.asked] == [False, True]


async def test_the_tree_is_walked_from_the_root():
    async with worlds() as served:
        where, name = zones.ROOT, "login.double-flux.example"
        for _ in range(2):
            referred = await ask(served, name, server=AUTHORITY, at=where)
            assert not referred.flags & dns.flags.AA
            where = referred.additional[0][0].address
        answered = await ask(served, name, server=AUTHORITY, at=where)
        assert answered.flags & dns.flags.AA
        assert not answered.flags & dns.flags.RA
        assert len(addresses(answered)) == 10
        over_tcp = await ask(served, name, server=AUTHORITY, at=where, tcp=True)
        assert over_tcp.flags & dns.flags.AA
        assert [asked.server for asked in served.asked] == [zones.ROOT, zones.TLDS, where, where]


async def test_a_blocked_name_is_said_to_be_blocked():
    async with worlds() as served:
        blocked = await ask(served, "blocked.example")
        assert blocked.rcode() == dns.rcode.NXDOMAIN
        assert [int(option.code) for option in blocked.extended_errors()] == [15]
        led = await ask(served, "walled.example")
        assert addresses(led) == {"198.51.100.254"}


async def test_a_resolver_of_ones_own_blocks_more():
    async with worlds(resolvers={"strict": {"single-flux.example": "ede"}, "eu": {}}) as served:
        assert (await ask(served, "single-flux.example", server="strict")).rcode() == dns.rcode.NXDOMAIN
        assert addresses(await ask(served, "single-flux.example"))
        assert len(served.resolver_addresses()) == 2


async def test_who_is_silent_says_nothing_and_is_back_when_told():
    async with worlds() as served:
        served.moods["eu"] = "silent"
        with pytest.raises(dns.exception.Timeout):
            await ask(served, "geo.example", timeout=0.1)
        assert addresses(await ask(served, "geo.example", server="us"))
        served.moods.clear()
        assert addresses(await ask(served, "geo.example"))
        assert len(served.asked) == 3


@pytest.mark.parametrize(("mood", "rcode"), [("broken", dns.rcode.SERVFAIL), ("refusing", dns.rcode.REFUSED)])
async def test_who_does_not_work_says_so(mood, rcode):
    async with worlds() as served:
        served.moods["eu"] = mood
        answer = await ask(served, "geo.example")
        assert (answer.rcode(), answer.answer) == (rcode, [])


async def test_rubbish_is_no_question_and_harms_nobody():
    async with worlds() as served:
        with trio.socket.socket(trio.socket.AF_INET, trio.socket.SOCK_DGRAM) as own:
            for packet in (b"", b"rubbish", b"\xff" * 600):
                await own.sendto(packet, ("127.0.0.1", served.ports["eu"]))
        stream = await trio.open_tcp_stream("127.0.0.1", served.ports["eu"])
        async with stream:
            await stream.send_all(b"\x00\x05rubbish")
        assert addresses(await ask(served, "geo.example"))
        assert len(served.asked) == 1


async def test_two_servers_of_one_seed_say_the_same_and_others_differ():
    seen = []
    for seed in ("a", "a", "b"):
        async with worlds(seed=seed, clock=lambda: 0.0) as served:
            seen.append(addresses(await ask(served, "single-flux.example")))
    assert seen[0] == seen[1] != seen[2]


async def test_the_world_begins_with_the_first_question():
    clock = [0.0]
    async with worlds(clock=lambda: clock[0]) as served:
        clock[0] = 500.0
        assert addresses(await ask(served, "dying.example"))
        clock[0] += 16
        assert (await ask(served, "dying.example", server="us")).rcode() == dns.rcode.SERVFAIL
        clock[0] += 16
        assert (await ask(served, "dying.example")).rcode() == dns.rcode.NXDOMAIN
