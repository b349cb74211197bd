"""Name servers of what is watched closely: asked for seldom, few at a time, and told to the tracker."""

import random
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import trio
from support.silence import SILENT
from support.tracking_fakes import Resolver, Tracker, packed, subject

from tipd.clock import MovedClock
from tipd.model.dns import AAAA, NS, A, Answer, Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.nameservers import AT_ONCE, MOST_SERVERS, Nameservers
from tipd.modules.fastflux.settings import FluxSettings

START = datetime(2026, 11, 22, 4, tzinfo=UTC)
AT = "192.0.2.53:53"


class Table:
    """Knows 192.0.2.0/24 as AS 64500."""

    def __len__(self):
        return 1

    def of_packed(self, addresses):
        return tuple(64500 if addresses[n : n + 3] == b"\xc0\x00\x02" else 0 for n in range(0, len(addresses), 4))

    def many6(self, addresses):
        return [64501] * len(addresses)


def ns(*names, ttl=60):
    return Answer(Outcome.NOERROR, records=tuple(sorted(names)), ttl=ttl, server=AT)


def a(*addresses, ttl=60):
    return Answer(Outcome.NOERROR, rdata=packed(*addresses), ttl=ttl, server=AT, true_ttl=True)


@pytest.fixture
def make():
    seen = []

    def build(resolver, tracker, *, asns=True, **settings):
        settings = FluxSettings(**{"nameservers_every": "10m", "queries_per_second": 1_000_000} | settings)
        table = SimpleNamespace(table=Table()) if asns else None
        built = Nameservers(
            resolver, tracker, table, settings, clock=MovedClock(START), log=SILENT, seen=seen.extend
        )  # fmt: skip
        built.seen = seen
        return built

    return build


async def test_servers_and_their_addresses_become_observations_and_evidence(autojump_clock, make):
    resolver = Resolver({
        ("example.org", NS): ns("ns1.example.net", "ns2.example.org"),
        ("ns1.example.net", A): a("192.0.2.1", "198.51.100.1"),
        ("ns2.example.org", A): a("192.0.2.2"),
        ("ns2.example.org", AAAA): Answer(Outcome.NOERROR, rdata=bytes(15) + b"\1", ttl=5, server=AT),
    })  # fmt: skip
    tracker = Tracker(subject("www.example.org", id=7), subject("cdn.example.org", id=8, state=State.LIKELY))
    watch = make(resolver, tracker)
    await watch.look()
    addresses = packed("192.0.2.1", "192.0.2.2", "198.51.100.1")
    names = ("ns1.example.net", "ns2.example.org")
    assert tracker.servers == [(7, names, addresses, (64500, 64500, 0)), (8, names, addresses, (64500, 64500, 0))]
    rows = {(one.name, one.rtype, one.data): one for one in watch.seen}
    assert {data for name, rtype, data in rows if rtype == NS} == {b"ns1.example.net", b"ns2.example.org"}
    one = rows["ns1.example.net", A, packed("192.0.2.1")]
    assert (one.asn, one.count, one.ttl_min, one.true_ttl, one.upstream) == (64500, 1, 60, True, AT)
    assert rows["ns2.example.org", AAAA, bytes(15) + b"\1"].asn == 64501
    assert len(rows) == 6


async def test_each_domain_is_asked_once_in_a_while_whatever_number_of_names_it_has(autojump_clock, make):
    resolver = Resolver({NS: ns("ns.example.net"), A: a("192.0.2.1")})
    tracker = Tracker(*[subject(f"n{n}.example.org", id=n) for n in range(50)])
    watch = make(resolver, tracker)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(watch.run)
        await trio.sleep(599)
        assert resolver.asked.count(("example.org", NS)) == 1
        await trio.sleep(20)
        assert resolver.asked.count(("example.org", NS)) == 2
        nursery.cancel_scope.cancel()


async def test_a_server_of_many_zones_is_asked_about_once(autojump_clock, make):
    resolver = Resolver({NS: ns("ns.example.net"), A: a("192.0.2.1", ttl=3600)})
    tracker = Tracker(*[subject(f"zone{n}.example", id=n) for n in range(200)])
    await make(resolver, tracker).look()
    assert sum(1 for _, rtype in resolver.asked if rtype == NS) == 200
    assert sum(1 for _, rtype in resolver.asked if rtype == A) <= AT_ONCE
    assert len(tracker.servers) == 200


async def test_those_that_flux_come_first_then_candidates_and_nobody_else(autojump_clock, make):
    resolver = Resolver()
    tracker = Tracker(
        subject("a.example", id=1, state=State.CANDIDATE),
        subject("b.example", id=2, state=State.WATCHED),
        subject("c.example", id=3, state=State.CONFIRMED),
        subject("d.example", id=4, state=State.DORMANT),
    )
    await make(resolver, tracker).look()
    assert [name for name, _ in resolver.asked] == ["c.example", "a.example"]


async def test_few_are_asked_at_a_time_and_at_a_twentieth_of_the_rate(autojump_clock, make):
    resolver = Resolver()
    resolver.takes = 5.0
    tracker = Tracker(*[subject(f"zone{n}.example", id=n) for n in range(40)])
    await make(resolver, tracker).look()
    assert resolver.most_under_way <= AT_ONCE
    begun = trio.current_time()
    resolver.takes = 0.0
    await make(resolver, tracker, queries_per_second=40).look()
    assert trio.current_time() - begun >= (40 - AT_ONCE) / 2


async def test_what_says_nothing_is_no_evidence(autojump_clock, make):
    for outcome in (Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.POLICY, Outcome.NODATA, Outcome.NXDOMAIN):
        tracker = Tracker(subject("a.example"))
        watch = make(Resolver({NS: Answer(outcome)}), tracker)
        await watch.look()
        assert (tracker.servers, watch.seen) == ([], [])


async def test_a_zone_with_a_thousand_servers_costs_a_few_questions(autojump_clock, make):
    resolver = Resolver({NS: ns(*[f"ns{n}.example.net" for n in range(1000)]), A: a("192.0.2.1")})
    watch = make(resolver, Tracker(subject("a.example")))
    await watch.look()
    assert len(resolver.asked) == 1 + 2 * MOST_SERVERS
    assert sum(1 for one in watch.seen if one.rtype == NS) == MOST_SERVERS


async def test_one_domain_that_fails_harms_no_other(autojump_clock, make):
    def odd(name):
        raise RuntimeError(name)

    resolver = Resolver({("a.example", NS): odd, NS: ns("ns.example.net"), A: a("192.0.2.1")})
    tracker = Tracker(subject("a.example", id=1), subject("b.example", id=2))
    await make(resolver, tracker).look()
    assert [row[0] for row in tracker.servers] == [2]


async def test_without_a_table_addresses_have_no_as(autojump_clock, make):
    tracker = Tracker(subject("a.example"))
    watch = make(Resolver({NS: ns("ns.example.net"), A: a("192.0.2.1")}), tracker, asns=False)
    await watch.look()
    assert tracker.servers == [(1, ("ns.example.net",), packed("192.0.2.1"), ())]
    assert {one.asn for one in watch.seen} == {0}


async def test_it_asks_nothing_while_it_may_not(autojump_clock, make):
    resolver = Resolver()
    with trio.move_on_after(3600):
        await make(resolver, Tracker(subject("a.example"))).run(lambda: False)
    assert resolver.asked == []
    allowed = random.Random(1)
    await make(resolver, Tracker(*[subject(f"z{n}.example") for n in range(50)])).look(lambda: allowed.random() < 0.9)
    assert len(resolver.asked) < 50, "it stops where the lease ends"
