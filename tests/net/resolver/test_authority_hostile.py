"""Hostile and broken zones against the walk: no address asked that must not be, no wrong answer, bounded work."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
import trio
from support.dns.resolving import FALSE, TRUE, addresses
from support.dns.responder import Act, Say, Script, Trickle
from support.dns.tree import EXAMPLE, EXAMPLE_AT, NET_AT, ORG, ORG_AT, OTHER_AT, ROOT_AT, questions, world
from support.dns.wire import AA, NXDOMAIN, QR, QUESTION, REFUSED, SERVFAIL, TC, Asked, a, cname, ns, opt, reply, soa
from support.dns.zones import Zone, authority
from trio.testing import MockClock

from tipd.model.dns import A, Answer, Outcome, Route, wire_name
from tipd.net.guard import Guard
from tipd.net.resolver.overtcp import AT_ONE
from tipd.net.resolver.resolver import Resolver
from tipd.net.resolver.servers import MOST_IN_FLIGHT
from tipd.net.resolver.upstream import Upstream
from tipd.net.resolver.walk import MOST_LOOKUPS, MOST_QUESTIONS

WWW = "www.example.org"
TWO = ["example.org NS ns1.example.org", "example.org NS ns2.example.org", f"ns1.example.org A {EXAMPLE_AT}"]


def org(*lines: str) -> Script:
    """Answer for org with these lines instead of the delegation of example.org."""
    kept = [line for line in ORG.lines if "example.org" not in line]
    return authority(Zone("org", [*kept, *lines]))


async def ask(resolver: Resolver, name: str, rtype: int = A) -> Answer:
    return await resolver.query(name, rtype, route=Route.AUTHORITY)


# --- addresses that must not be asked ---


async def test_glue_that_points_inside_is_not_asked(autojump_clock: MockClock) -> None:
    async with world(allow_networks=()) as (resolver, servers):
        answer = await ask(resolver, WWW)
        assert answer.outcome is Outcome.TIMEOUT and "may be asked" in answer.why
        assert [len(each.asked) for each in servers.values()] == [1, 0, 0, 0, 0]  # the root was named by the operator
        assert resolver.facts()["authority"]["addresses_refused"] == 1


@pytest.mark.parametrize(
    "inside", ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "100.64.0.1"]
)
async def test_the_good_server_beside_such_glue_is(autojump_clock: MockClock, inside: str) -> None:
    lines = [*TWO[:2], f"ns1.example.org A {inside}", f"ns2.example.org A {EXAMPLE_AT}"]
    allowed = tuple(f"{each}/32" for each in (ORG_AT, EXAMPLE_AT))
    async with world({ORG_AT: org(*lines)}, allow_networks=allowed) as (resolver, servers):
        for number in range(5):
            assert (await ask(resolver, f"h{number}.example.org")).outcome is Outcome.NXDOMAIN
        assert len(servers[ROOT_AT].asked) == 1


async def test_addresses_that_were_looked_up_are_vetted_too(autojump_clock: MockClock) -> None:
    net = authority(Zone("net", ["hosting.net NS ns.hosting.net", f"ns.hosting.net A {OTHER_AT}"]))
    allowed = tuple(f"{each}/32" for each in (ORG_AT, NET_AT))  # OTHER_AT is an inner address here
    async with world({NET_AT: net}, allow_networks=allowed) as (resolver, servers):
        assert (await ask(resolver, "www.glueless.org")).outcome is Outcome.TIMEOUT
        assert not servers[OTHER_AT].asked


# --- glue and records of others' zones ---


async def test_glue_of_another_zone_is_looked_up_instead(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:  # org says where ns.hosting.net is, which is not for org to say
        told = [ns("glueless.org", "ns.hosting.net")]
        return reply(asked, [], told, a("ns.hosting.net", EXAMPLE_AT), flags=QR)

    async with world({ORG_AT: script}) as (resolver, servers):
        assert addresses(await ask(resolver, "www.glueless.org")) == ["203.0.113.5"]
        assert not servers[EXAMPLE_AT].asked and servers[NET_AT].asked


async def test_records_of_other_zones_do_not_count(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        told = [cname(QUESTION, "www.hosting.net"), *a("www.hosting.net", FALSE)]
        return reply(asked, told, [], a("ns.hosting.net", EXAMPLE_AT), flags=QR | AA)

    async with world({EXAMPLE_AT: script}) as (resolver, _servers):
        answer = await ask(resolver, WWW)
        assert (addresses(answer), answer.cname) == (["198.51.100.7"], ("www.hosting.net",))


async def test_nxdomain_of_an_alias_elsewhere_is_not_its_word(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        return reply(asked, [cname(QUESTION, "www.hosting.net")], [soa("net")], rcode=NXDOMAIN, flags=QR | AA)

    async with world({EXAMPLE_AT: script}) as (resolver, _servers):
        assert addresses(await ask(resolver, WWW)) == ["198.51.100.7"]


# --- lame servers ---


LAME = {
    "refuses": lambda q: reply(q, rcode=REFUSED, flags=QR),
    "fails": lambda q: reply(q, rcode=SERVFAIL, flags=QR),
    "has no authority": lambda q: reply(q, a(QUESTION, FALSE), flags=QR),
    "has no authority for what is not there": lambda q: reply(q, [], [soa("example.org")], rcode=NXDOMAIN, flags=QR),
    "refers upwards": lambda q: reply(q, [], [ns("", "ns.evil.net")], a("ns.evil.net", FALSE), flags=QR),
    "refers to itself": lambda q: reply(
        q, [], [ns("example.org", "ns1.example.org")], a("ns1.example.org", FALSE), flags=QR
    ),
    "refers sideways": lambda q: reply(
        q, [], [ns("victim.org", "ns1.example.org")], a("ns1.example.org", FALSE), flags=QR
    ),
    "says nothing": lambda q: reply(q, flags=QR),
    "is silent": lambda q: None,
    "is broken": lambda q: reply(q, a(QUESTION, FALSE), flags=QR | AA)[:-3],
    "has 4,000 records": lambda q: reply(q, a(QUESTION, FALSE), flags=QR | AA, counts=(1, 4000, 0, 0)),
}


@pytest.mark.parametrize("how", LAME)
async def test_lame_servers_are_passed_over(autojump_clock: MockClock, how: str) -> None:
    both = org(*TWO, f"ns2.example.org A {OTHER_AT}")
    async with world({ORG_AT: both, EXAMPLE_AT: LAME[how], OTHER_AT: authority(EXAMPLE)}) as (resolver, servers):
        for _ in range(6):
            assert addresses(await ask(resolver, WWW)) == ["192.0.2.1", "192.0.2.2"]
        assert len(servers[ROOT_AT].asked) == 1


@pytest.mark.parametrize("how", LAME)
async def test_all_servers_lame_is_no_answer(autojump_clock: MockClock, how: str) -> None:
    async with world({EXAMPLE_AT: LAME[how]}) as (resolver, servers):
        answer = await ask(resolver, WWW)
        assert answer.outcome in {Outcome.SERVFAIL, Outcome.REFUSED, Outcome.TIMEOUT} and answer.why
        assert not answer.rdata and questions(list(servers.values())) < 10


async def test_a_lame_server_is_left_alone_for_a_while(autojump_clock: MockClock) -> None:
    both = org(*TWO, f"ns2.example.org A {OTHER_AT}")
    scripts = {ORG_AT: both, EXAMPLE_AT: LAME["refuses"], OTHER_AT: authority(EXAMPLE)}
    async with world(scripts) as (resolver, servers):
        for number in range(40):
            await ask(resolver, f"h{number}.example.org")
        assert len(servers[EXAMPLE_AT].asked) <= 1 and len(servers[OTHER_AT].asked) == 40


async def test_one_odd_name_does_not_make_a_server_lame(autojump_clock: MockClock) -> None:
    good = authority(EXAMPLE)

    def script(asked: Asked) -> Iterable[Act] | bytes | None:
        return LAME["has 4,000 records"](asked) if asked.name.startswith("odd") else good(asked)

    async with world({EXAMPLE_AT: script}) as (resolver, _servers):
        assert (await ask(resolver, "odd.example.org")).outcome is Outcome.SERVFAIL
        assert (await ask(resolver, WWW)).outcome is Outcome.NOERROR


# --- work without end ---


async def test_servers_that_need_each_other(autojump_clock: MockClock) -> None:
    circle = org("a.org NS ns.b.org", "b.org NS ns.c.org", "c.org NS ns.a.org")
    async with world({ORG_AT: circle}) as (resolver, servers):
        answer = await ask(resolver, "www.a.org")
        assert answer.outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT}
        assert questions(list(servers.values())) < 20


async def test_delegations_do_not_multiply(autojump_clock: MockClock) -> None:
    """NXNSAttack: a zone delegates to many names of a victim's, which do not exist."""
    many = org(*(f"example.org NS v{number}.hosting.net" for number in range(100)))
    async with world({ORG_AT: many}) as (resolver, servers):
        assert (await ask(resolver, WWW)).outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT}
        assert len(servers[OTHER_AT].asked) <= 2 * MOST_LOOKUPS


async def test_delegations_to_delegations_do_not_multiply(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:  # whatever is asked for: four servers in four new zones
        fresh = [ns(asked.name, f"ns{each}.x{len(servers[ORG_AT].asked)}{each}.org") for each in range(4)]
        return reply(asked, [], fresh, flags=QR)

    async with world({ORG_AT: script}) as (resolver, servers):
        answer = await ask(resolver, WWW)
        assert answer.outcome in {Outcome.SERVFAIL, Outcome.TIMEOUT}
        assert questions(list(servers.values())) <= MOST_QUESTIONS + 1


async def test_a_zone_that_goes_ever_deeper(autojump_clock: MockClock) -> None:
    name = ".".join(["x"] * 100 + ["example", "org"])

    def script(asked: Asked) -> bytes:
        deeper = ".".join(name.split(".")[-(2 + len(servers[EXAMPLE_AT].asked)) :])
        return reply(asked, [], [ns(deeper, f"ns.{deeper}")], a(f"ns.{deeper}", EXAMPLE_AT), flags=QR)

    async with world({EXAMPLE_AT: script}) as (resolver, servers):
        assert (await ask(resolver, name)).outcome is Outcome.SERVFAIL
        assert len(servers[EXAMPLE_AT].asked) <= MOST_QUESTIONS


async def test_aliases_that_run_in_a_circle_over_zones(autojump_clock: MockClock) -> None:
    here = authority(Zone("example.org", ["www.example.org CNAME www.hosting.net"]))
    there = authority(Zone("hosting.net", ["www.hosting.net CNAME www.example.org"]))
    async with world({EXAMPLE_AT: here, OTHER_AT: there}) as (resolver, servers):
        answer = await ask(resolver, WWW)
        assert answer.outcome is Outcome.SERVFAIL and "circle" in answer.why
        assert questions(list(servers.values())) < 12


async def test_a_chain_of_fifty_over_zones(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        number = int(asked.name[1:].split(".")[0])
        zone = "hosting.net" if asked.name.endswith("example.org") else "example.org"
        return reply(asked, [cname(QUESTION, f"c{number + 1}.{zone}")], flags=QR | AA)

    async with world({EXAMPLE_AT: script, OTHER_AT: script}) as (resolver, _servers):
        answer = await ask(resolver, "c0.example.org")
        assert answer.outcome is Outcome.SERVFAIL and "chain" in answer.why


# --- losses ---


@pytest.mark.parametrize(("share", "least"), [(5, 99), (50, 75)])
async def test_servers_that_drop_some(autojump_clock: MockClock, share: int, least: int) -> None:
    good = authority(EXAMPLE)
    names = [f"h{number}.example.org" for number in range(100)]

    def script(asked: Asked) -> Iterable[Act] | bytes | None:
        return None if (len(servers[EXAMPLE_AT].asked) * 37) % 100 < share else good(asked)

    async with world({EXAMPLE_AT: script}) as (resolver, servers):
        answers = await together(resolver, names)
        assert sum(each.outcome is Outcome.NXDOMAIN for each in answers) >= least
        assert {each.outcome for each in answers} <= {Outcome.NXDOMAIN, Outcome.TIMEOUT}


async def together(resolver: Resolver, names: list[str], apex: str = "example.org") -> list[Answer]:
    """Ask for all the names at once; each must be told of exactly once."""
    told: dict[int, Answer] = {}
    ended = trio.Event()

    def done(token: int, answer: Answer) -> None:
        assert token not in told
        told[token] = answer
        if len(told) == len(names):
            ended.set()

    for token, name in enumerate(names):
        resolver.submit(wire_name(name), A, token, done, route=Route.AUTHORITY, apex=apex)
    await ended.wait()
    return [told[token] for token in range(len(names))]


async def test_a_zone_whose_servers_are_all_deaf_costs_little(autojump_clock: MockClock) -> None:
    async with world({EXAMPLE_AT: lambda q: None}) as (resolver, servers):
        names = [f"h{number}.example.org" for number in range(300)]
        assert {each.outcome for each in await together(resolver, names)} == {Outcome.TIMEOUT}
        asked = len(servers[EXAMPLE_AT].asked)
        started = trio.current_time()
        assert {each.outcome for each in await together(resolver, names)} == {Outcome.TIMEOUT}
        assert len(servers[EXAMPLE_AT].asked) - asked < 30 and trio.current_time() - started < 11.0


async def test_one_of_many_goes_ahead_to_find_the_zone(autojump_clock: MockClock) -> None:
    async with world() as (resolver, servers):
        names = [f"h{number}.example.org" for number in range(500)]
        assert {each.outcome for each in await together(resolver, names)} == {Outcome.NXDOMAIN}
        assert [len(servers[each].asked) for each in (ROOT_AT, ORG_AT, EXAMPLE_AT)] == [1, 1, 500]


async def test_a_cut_referral_is_asked_for_over_tcp(autojump_clock: MockClock) -> None:
    good = authority(ORG)

    def script(asked: Asked) -> Iterable[Act] | bytes | None:
        return good(asked) if asked.tcp else reply(asked, flags=QR | TC)

    async with world({ORG_AT: script}) as (resolver, _servers):
        assert (await ask(resolver, WWW)).outcome is Outcome.NOERROR


async def test_what_is_known_of_a_zone_is_given_up_when_it_leads_nowhere(autojump_clock: MockClock) -> None:
    """Name servers that flux: the delegation changes long before its TTL has run out."""
    first = Zone("org", ["example.org 3600 NS ns1.example.org", f"ns1.example.org A {EXAMPLE_AT}"])
    then = Zone("org", ["example.org 3600 NS ns1.example.org", f"ns1.example.org A {OTHER_AT}"])
    zones = [first]
    scripts = {ORG_AT: lambda q: authority(zones[0])(q), OTHER_AT: authority(EXAMPLE)}
    async with world(scripts) as (resolver, servers):
        assert (await ask(resolver, WWW)).server == servers[EXAMPLE_AT].text
        servers[EXAMPLE_AT].script = LAME["refuses"]
        zones[0] = then
        await trio.sleep(120)
        assert (await ask(resolver, WWW)).server == servers[OTHER_AT].text


async def test_policy_of_the_zones_own_server(autojump_clock: MockClock) -> None:
    def script(asked: Asked) -> bytes:
        if asked.name.startswith("blocked"):
            return reply(asked, [], [], [opt(15)], rcode=REFUSED, flags=QR | AA)
        if asked.name.startswith("walled"):
            return reply(asked, a(QUESTION, "203.0.113.200"), flags=QR | AA)
        return reply(asked, a(QUESTION, TRUE), [], [soa("strange.net")], flags=QR | AA)

    async with world({EXAMPLE_AT: script}, walled_gardens=("203.0.113.200",)) as (resolver, _servers):
        assert (await ask(resolver, "blocked.example.org")).outcome is Outcome.POLICY
        assert (await ask(resolver, "walled.example.org")).outcome is Outcome.POLICY
        assert addresses(await ask(resolver, WWW)) == [TRUE]


async def test_all_are_told_when_the_resolver_stops(autojump_clock: MockClock) -> None:
    told: list[Answer] = []

    def done(_token: None, answer: Answer) -> None:
        told.append(answer)

    async with world({EXAMPLE_AT: lambda q: None}) as (resolver, _servers):
        for number in range(50):
            name = wire_name(f"h{number}.example.org")
            resolver.submit(
                name, A, None, lambda _token, answer: told.append(answer), route=Route.AUTHORITY, apex="example.org"
            )
        await trio.sleep(0.1)
    assert [each.outcome for each in told] == [Outcome.TIMEOUT] * 50


async def test_more_name_servers_than_sockets(autojump_clock: MockClock) -> None:
    async with world() as (resolver, _servers):
        resolver.engine._pool._most = 2
        assert addresses(await ask(resolver, "www.glueless.org")) == ["203.0.113.5"]
        assert addresses(await ask(resolver, "away.example.org")) == ["198.51.100.7"]


async def test_a_zone_that_trickles_over_tcp_holds_up_nobody(autojump_clock: MockClock) -> None:
    good = authority(EXAMPLE)

    def slow(asked: Asked) -> Iterable[Act] | bytes | None:
        return [Trickle(bytes(200), pause=1.0)] if asked.tcp else reply(asked, flags=QR | AA | TC)

    def large(asked: Asked) -> Iterable[Act] | bytes | None:
        return good(asked) if asked.tcp else reply(asked, flags=QR | AA | TC)

    async with world({OTHER_AT: slow, EXAMPLE_AT: large}) as (resolver, servers):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(together, resolver, [f"h{number}.hosting.net" for number in range(200)], "hosting.net")
            await trio.sleep(1.0)
            started = trio.current_time()
            assert (await ask(resolver, WWW)).outcome is Outcome.NOERROR
            assert trio.current_time() - started < 1.0
        assert servers[OTHER_AT].connections <= 4 * AT_ONE


async def test_more_names_than_a_server_is_asked_at_once(autojump_clock: MockClock) -> None:
    good = authority(EXAMPLE)
    under_way: list[int] = []

    def script(asked: Asked) -> Iterable[Act]:
        facts = resolver.authority._servers.get(EXAMPLE_AT)
        under_way.append(facts.upstream.in_flight if facts else 0)
        yield Say(good(asked), after=0.1)  # type: ignore[arg-type]

    async with world({EXAMPLE_AT: script}) as (resolver, _servers):
        answers = await together(resolver, [f"h{number}.example.org" for number in range(1500)])
        assert {each.outcome for each in answers} == {Outcome.NXDOMAIN}
        assert max(under_way) <= MOST_IN_FLIGHT and not resolver.engine._timers.parked


async def test_a_rate_is_kept(autojump_clock: MockClock) -> None:
    async with world(allow_networks=("127.0.0.1/32",), authority_rate=50) as (resolver, servers):
        server = resolver.authority._servers
        server._guard = Guard(("127.0.0.0/8",))
        server._upstream = lambda address, port: Upstream(address, port, rate=50.0)  # type: ignore[method-assign]
        started = trio.current_time()
        answers = await together(resolver, [f"h{number}.example.org" for number in range(200)])
        assert {each.outcome for each in answers} == {Outcome.NXDOMAIN}
        assert 3.5 < trio.current_time() - started < 6.0 and len(servers[EXAMPLE_AT].asked) == 200
