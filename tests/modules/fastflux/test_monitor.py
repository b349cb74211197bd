"""The tracker as a whole: names in, questions out, answers booked, all in the test's own clock."""

import random
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import pairwise
from math import inf

import pytest
import trio
from support.probing import START, T0, FakeAsns, FakeResolver, has, known
from support.silence import SILENT

from tipd.clock import MovedClock
from tipd.model import flux
from tipd.model.dns import AAAA, Answer, Outcome, Route
from tipd.model.flux import State, Tier
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.judging import Judge
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.monitor import Monitor
from tipd.modules.fastflux.scores.rescore import rescore
from tipd.modules.fastflux.settings import FluxSettings


@asynccontextmanager
async def monitoring(script, *, latency=0.01, window=1000, allowed=inf, asns=None, **settings):
    resolver = FakeResolver(script, latency, window)
    monitor = Monitor(
        resolver,
        asns or FakeAsns(),
        Knowledge(),
        FluxSettings(**settings),
        clock=MovedClock(START),
        rng=random.Random(1),
        log=SILENT,
    )
    monitor.allowed_until = allowed
    async with trio.open_nursery() as nursery:
        await nursery.start(resolver.run)
        nursery.start_soon(monitor.run)
        yield monitor, resolver
        assert monitor.facts()["faults"] == 0
        nursery.cancel_scope.cancel()


def fluxing(_name: str, nth: int) -> Answer:
    """Twenty new addresses a look-up, in many networks."""
    return has(*(f"198.51.{nth % 250}.{number * 12}" for number in range(20)), ttl=30)


def steady(_name: str, _nth: int) -> Answer:
    return has("192.0.2.1", "192.0.2.2", ttl=60)


def marks(batch, number: int = 1):
    return [mark for mark in batch.marks if mark.id == number]


def kinds(batch) -> list[str]:
    return [finding.kind for finding in batch.findings]


async def test_a_name_is_asked_again_when_its_ttl_has_run_out(autojump_clock):
    async with monitoring(steady) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(1000)
    times = resolver.times("host1.example.org")
    assert len(times) >= 14
    gaps = [later - first for first, later in pairwise(times)]
    assert min(gaps) >= 61  # a cache may hold it for nearly a second longer
    assert max(gaps) <= 65.1


async def test_a_steady_name_is_judged_once_and_only_counted_then(autojump_clock):
    async with monitoring(steady) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(10)
        first = monitor.drain()
        assert [(row.count, row.data) for row in first.observations] == [(1, b"\xc0\0\2\1"), (1, b"\xc0\0\2\2")]
        assert [(run.count, run.asns) for run in first.runs] == [(1, (65012, 65012))]
        assert [roll.samples for roll in first.rolls] == [1]
        await trio.sleep(70)
        (mark,) = marks(second := monitor.drain())
        assert (mark.state, mark.reason, mark.tier, mark.holz) == (State.WATCHED, "judged", Tier.BENIGN, 2118)
        assert mark.due > mark.last_sample + 60
        assert [(score.n_a, score.n_asn, score.total) for score in second.scores] == [(2, 1, 2)]
        await trio.sleep(1000)
        assert len(monitor.drain()) == 0
        assert monitor.facts()["kept"] == {"warm": 0, "cold": 0, "unreadable": 0}
        monitor.roll(10_000)
        third = monitor.drain()
        (roll,) = third.rolls
        assert roll.samples == 1 + 1 + third.observations[0].count
        assert not third.runs  # of a name that is only watched no runs are kept
        monitor.roll(10_000)
        assert len(monitor.drain()) == 0


async def test_a_fluxing_name_is_likely_after_one_window_and_confirmed_after_two(autojump_clock):
    async with monitoring(fluxing) as (monitor, resolver):
        monitor.take([known(1, tags=("storm",), tlp=Tlp.AMBER)])
        await trio.sleep(40)
        batch = monitor.drain()
        assert marks(batch)[0].state is State.LIKELY
        (likely,) = batch.findings
        assert likely.kind == flux.LIKELY
        assert (likely.tlp, likely.subject.value) == (Tlp.AMBER, "host1.example.org")
        assert likely.data["holz"]["n_a"] == 40
        assert likely.data["holz"]["score"] > 142.38
        assert likely.data["tags"] == ["storm"]
        assert len(likely.data["addresses"]) == 20
        await trio.sleep(32)
        batch = monitor.drain()
        assert kinds(batch) == [flux.NODES, flux.CONFIRMED]
        assert marks(batch)[0].state is State.CONFIRMED
        assert marks(batch)[0].memo
        nodes = batch.findings[0].data
        assert (len(nodes["added"]), len(nodes["removed"]), nodes["distinct"]) == (20, 20, 60)
        assert {"address", "asn"} == nodes["added"][0].keys()
        assert batch.runs[-1].count == 1
        await trio.sleep(320)
        batch = monitor.drain()
        assert set(kinds(batch)) == {flux.NODES}
        assert batch.scores[-1].total > 200
    assert resolver.times("host1.example.org", AAAA)


async def test_without_an_as_table_there_is_no_holz_score(autojump_clock):
    class Empty:
        table = ()

    async with monitoring(fluxing, asns=Empty()) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(100)
        batch = monitor.drain()
        assert {mark.holz for mark in batch.marks} == {None}
        assert all(run.asns == () for run in batch.runs)


async def test_trouble_changes_no_state_and_is_asked_less_and_less(autojump_clock):
    def script(_name, nth):
        return steady("", 0) if nth < 3 else Answer([Outcome.SERVFAIL, Outcome.TIMEOUT, Outcome.POLICY][nth % 3])

    async with monitoring(script) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(150)
        monitor.drain()
        await trio.sleep(20_000)
        assert monitor.facts()["states"] == {"watched": 1}
        batch = monitor.drain()
        assert not batch.marks
        assert not batch.findings
        monitor.roll(10_000)
        assert monitor.drain().rolls[0].samples == 3
    times = resolver.times("host1.example.org")
    assert 20 < len(times) < 60


async def test_a_dead_name_is_let_go(autojump_clock):
    def script(_name, _nth):
        return Answer(Outcome.NXDOMAIN, ttl=300)

    async with monitoring(script, dormant_after="2h") as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(7200 * 1.2)
        batch = monitor.drain()
        assert marks(batch)[-1].state is State.DROPPED
        assert marks(batch)[-1].reason == "nxdomain"
        assert marks(batch)[-1].due == 0.0
        assert kinds(batch) == [flux.DROPPED]
        assert monitor.facts()["names"] == monitor.facts()["apexes"] == 0
        asked = len(resolver.questions)
        await trio.sleep(1000)
        assert len(resolver.questions) == asked < 30


async def test_a_confirmed_name_without_addresses_is_dormant_and_comes_back(autojump_clock):
    def script(_name, nth):
        return fluxing("", nth) if nth < 4 or script.back else Answer(Outcome.NXDOMAIN, ttl=300)

    script.back = False
    async with monitoring(script, dormant_after="2h") as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(200)
        assert monitor.facts()["states"] == {"confirmed": 1}
        await trio.sleep(7200 * 1.3)
        assert monitor.facts()["states"] == {"dormant": 1}
        assert kinds(monitor.drain())[-1] == flux.DORMANT
        script.back = True
        await trio.sleep(7 * 3600)
        assert monitor.facts()["states"] == {"confirmed": 1}
        told = kinds(monitor.drain())
        assert [kind for kind in told if kind != flux.NODES] == [flux.REVIVED, flux.CONFIRMED]


async def test_a_stable_name_is_let_go(autojump_clock):
    async with monitoring(steady, let_go_after=20) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(64 * 30)
        assert marks(monitor.drain())[-1].reason == "stable"
        assert len(resolver.times("host1.example.org")) == 21


async def test_a_name_that_changed_once_lies_cold_and_is_let_go_as_well(autojump_clock):
    def script(_name, nth):
        return has("192.0.2.1") if nth < 3 else has("192.0.2.9")

    async with monitoring(script, let_go_after=60) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(64 * 8)
        assert monitor.facts()["kept"]["warm"] == 1
        await trio.sleep(64 * 30)
        assert monitor.facts()["kept"] == {"warm": 0, "cold": 1, "unreadable": 0}
        assert marks(monitor.drain())[-1].memo
        await trio.sleep(64 * 40)
        assert monitor.facts()["names"] == 0
        assert marks(monitor.drain())[-1].reason == "stable"
        assert len(resolver.times("host1.example.org")) == 3 + 61


async def test_nothing_is_asked_without_the_lease(autojump_clock):
    async with monitoring(steady, allowed=0.0) as (monitor, resolver):
        monitor.take([known(number, apex=f"{number}.example") for number in range(1, 50)])
        await trio.sleep(100)
        assert monitor.facts()["held"] == "lease"
        assert resolver.questions == []
        monitor.allowed_until = trio.current_time() + 15
        await trio.sleep(100)
        assert len(resolver.questions) == 49
        assert max(at for at, *_ in resolver.questions) < monitor.allowed_until
        monitor.allowed_until = inf
        await trio.sleep(1)
        assert len(resolver.questions) == 98


async def test_nothing_is_asked_that_could_not_be_stored(autojump_clock):
    async with monitoring(fluxing) as (monitor, resolver):
        monitor.pending._most = 300
        monitor.take([known(number) for number in range(1, 40)])
        await trio.sleep(500)
        assert monitor.facts()["held"] == "store"
        asked = len(resolver.questions)
        assert asked < 200
        monitor.drain()
        await trio.sleep(1)
        assert len(resolver.questions) > asked


async def test_a_resolver_without_room_is_waited_for(autojump_clock):
    async with monitoring(steady, latency=5.0, window=3) as (monitor, resolver):
        monitor.take([known(number) for number in range(1, 31)])
        await trio.sleep(52)
        assert len({name for _, name, *_ in resolver.questions}) == 30
        assert max(at for at, *_ in resolver.questions) > 40


async def test_the_rate_holds_for_all_together(autojump_clock):
    async with monitoring(lambda *_: has("192.0.2.1", ttl=1), queries_per_second=20) as (monitor, resolver):
        monitor.take([known(number, apex=f"{number}.example") for number in range(1, 200)])
        begun = trio.current_time()
        await trio.sleep(100)
        assert 1900 <= len(resolver.questions) <= 20 * (trio.current_time() - begun) + 3
        assert len({name for _, name, *_ in resolver.questions}) == 199  # each has its turn


async def test_the_rate_holds_for_a_registrable_domain(autojump_clock):
    def script(_name, _nth):
        return has("192.0.2.1", ttl=1)

    async with monitoring(script, per_apex_per_second=2.0) as (monitor, resolver):
        monitor.take([known(number) for number in range(1, 30)])
        monitor.take([known(100, "www.example.net", apex="example.net")])
        await trio.sleep(120)
    of_one = [at for at, name, *_ in resolver.questions if name.endswith("example.org")]
    assert 225 <= len(of_one) <= 245
    assert {name for _, name, *_ in resolver.questions} >= {f"host{number}.example.org" for number in range(1, 30)}
    assert len(resolver.times("www.example.net")) > 50


async def test_a_domain_does_not_inherit_the_queue_of_one_that_is_gone(autojump_clock):
    many = [known(number, f"h{number}.crowd.example", apex="crowd.example") for number in range(1, 501)]
    async with monitoring(steady, ttl_floor="1s", per_apex_per_second=1.0) as (monitor, resolver):
        monitor.take(many)
        await trio.sleep(10)  # the last one's turn is in eight minutes
        monitor.drop([each.id for each in many])
        monitor.take([known(number, f"h{number}.new.example", apex="new.example") for number in range(601, 606)])
        asked = trio.current_time()
        await trio.sleep(20)
    assert [resolver.times(f"h{number}.new.example")[0] - asked < 6 for number in range(601, 606)] == [True] * 5


async def test_names_beyond_the_limits_are_refused_and_said_so(autojump_clock):
    async with monitoring(steady, max_domains=5, max_names_per_apex=3) as (monitor, _):
        monitor.take([known(number) for number in range(1, 6)])
        monitor.take([known(number, apex=f"{number}.example") for number in range(10, 20)])
        monitor.take([known(30, "a..b")])
        facts = monitor.facts()
        assert facts["names"] == 5
        assert facts["refused"] == {"max_names_per_apex": 2, "max_domains": 9}
        refused = {mark.id: mark for mark in monitor.drain().marks}
        assert {number: mark.reason for number, mark in refused.items() if number < 10} == dict.fromkeys(
            (4, 5), "max_names_per_apex"
        )
        assert all(mark.state is State.DROPPED and mark.due == 0.0 for mark in refused.values())
        monitor.drop([1])
        monitor.take([known(30, "a..b")])
        assert monitor.facts()["refused"]["malformed"] == 1
        monitor.take([known(4)])
        assert monitor.facts()["names"] == 5


async def test_a_dropped_name_is_asked_for_no_more_and_its_late_answer_is_nobodys(autojump_clock):
    async with monitoring(steady, latency=3.0) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(1)
        monitor.drop([1, 77])
        monitor.take([known(2)])  # takes over the slot
        await trio.sleep(30)
        assert monitor.facts()["stale"] == 1
        assert len(resolver.times("host1.example.org")) == 1
        assert {row.name for row in monitor.drain().observations} == {"host2.example.org"}


async def test_a_name_taken_twice_gains_tags_and_is_not_asked_twice(autojump_clock):
    async with monitoring(fluxing) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(5)
        monitor.take([known(1, tags=("new",), tlp=Tlp.RED, revision=9)])
        await trio.sleep(35)
        (likely,) = monitor.pending.findings
        assert (likely.data["tags"], likely.tlp) == (["new"], Tlp.RED)
        assert marks(monitor.drain())[0].revision == 9
        assert len(resolver.times("host1.example.org")) == 2
        monitor.take([known(1, state=State.DROPPED)])
        assert monitor.facts()["names"] == 0


async def test_a_dormant_name_that_somebody_brings_back_is_asked_at_once(autojump_clock):
    async with monitoring(steady) as (monitor, resolver):
        monitor.take([known(1, state=State.DORMANT, due=T0 + 10_000)])
        await trio.sleep(10)
        assert not resolver.questions
        monitor.take([known(1)])
        await trio.sleep(1)
        assert len(resolver.questions) == 1


def _brought_back(mark, **more):
    return known(1, memo=mark.memo, samples=mark.samples, ttl=mark.ttl, **more)


async def test_what_was_let_go_as_stable_and_comes_back_is_watched_as_long_again(autojump_clock):
    def script(_name, nth):
        return has("192.0.2.9" if nth == 0 else "192.0.2.1", ttl=60)

    async with monitoring(script, let_go_after=30) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(3000)
        mark = marks(monitor.drain())[-1]
        assert (mark.state, mark.reason, len(resolver.questions)) == (State.DROPPED, "stable", 32)
        assert mark.memo
        monitor.take([_brought_back(mark)])
        await trio.sleep(3000)
        assert (monitor.count, len(resolver.times("host1.example.org"))) == (0, 62)


async def test_a_dormant_name_that_new_evidence_brings_back_is_not_let_go_for_it(autojump_clock):
    def script(name, nth):
        return fluxing(name, nth) if nth < 10 else Answer(Outcome.NXDOMAIN, ttl=60)

    async with monitoring(script) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(2 * 86400)
        mark = marks(monitor.drain())[-1]
        assert mark.state is State.DORMANT
        monitor.take([_brought_back(mark)])
        await trio.sleep(86000)
        assert monitor.count == 1
        await trio.sleep(86400)
        assert monitor.count == 0  # a day without addresses, as for any candidate
        monitor.take([_brought_back(mark)])  # after a restart
        await trio.sleep(86000)
        assert monitor.count == 1


async def test_what_raised_a_watched_name_is_kept_and_comes_out_as_it_was_judged(autojump_clock):
    """No look-up sets are kept of watched names, but for both that raise one: else its first window is lost."""

    def script(name, nth):
        return has("192.0.2.1", ttl=60) if nth < 20 else fluxing(name, nth)

    class Judging:
        sift = staticmethod(Knowledge().sift)

        def judge(self, state, history, at):
            return Judge(Knowledge(), FluxSettings()).judge("host1.example.org", state, history, at)

    async with monitoring(script) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(21.5 * 62)
        monitor.roll(10)
        batch = monitor.drain()
    assert marks(batch)[-1].state is State.CONFIRMED
    runs = sorted((run for run in batch.runs if run.first > T0 + 200), key=lambda run: run.first)
    assert [len(run.addresses) // 4 for run in runs] == [1] + [20] * (len(runs) - 1)
    above = [one for one in batch.scores if one.state in (State.LIKELY, State.CONFIRMED)]
    again = [one for one in rescore(1, runs, Judging()).scores if one.n_a]
    assert len(above) > 2
    assert [(one.holz, one.n_a, one.tier, one.state) for one in again] == [
        (one.holz, one.n_a, one.tier, one.state) for one in above
    ]
    assert [one.at for one in again] == pytest.approx([one.at for one in above], abs=0.1)


async def test_stored_due_times_hold_and_who_was_asked_by_another_waits_for_its_ttl(autojump_clock):
    async with monitoring(steady) as (monitor, resolver):
        taken = [
            known(1, due=T0 + 100, samples=5, ttl=10),
            known(2, due=T0 - 50, samples=5, ttl=300),
            known(3, due=T0 - 50, samples=5, ttl=20),
            known(4),
        ]
        monitor.take(taken, T0 + 12)
        await trio.sleep(2000)
    first = {number: resolver.times(f"host{number}.example.org")[0] for number in range(1, 5)}
    begun = autojump_clock.current_time() - 2000
    assert {number: round(at - begun) for number, at in first.items()} == {1: 100, 2: 312, 3: 32, 4: 72}


@pytest.mark.parametrize(
    "stored",
    [{"ttl": 2**31 - 1}, {"due": T0 + 365 * 86400}, {"due": T0 + 30 * 365 * 86400, "ttl": 60}],
    ids=["a TTL of 68 years", "due in a year", "due in thirty years"],
)
@pytest.mark.parametrize("former", [0.0, T0 - 10])
async def test_what_is_stored_keeps_no_name_from_being_asked_for(autojump_clock, stored, former):
    """A hostile zone's TTL, or a clock that stood ahead: neither ends the tracking, of that name or of all."""
    async with monitoring(steady) as (monitor, resolver):
        monitor.take([known(1, **{"samples": 3, "due": T0 - 5} | stored), known(2)], not_before=former)
        await trio.sleep(7 * 3600)
    assert resolver.times("host1.example.org")
    assert resolver.times("host2.example.org")


@pytest.mark.parametrize("step", [-10.0, -3600.0, -400 * 86400.0, 86400.0, 3650 * 86400.0])
@pytest.mark.parametrize("script", [fluxing, steady])
async def test_the_clock_may_be_set_while_it_runs(autojump_clock, monkeypatch, script, step):
    def stepped(clock):
        set_by = step if trio.current_time() >= began + 200 else 0.0
        return START + timedelta(seconds=trio.current_time() - began + set_by)

    began = trio.current_time()
    monkeypatch.setattr(MovedClock, "now", stepped)
    async with monitoring(script) as (monitor, resolver):
        monitor.take([known(number) for number in range(1, 4)])
        await trio.sleep(201)
        set_at = trio.current_time()
        monitor.take([known(9)])
        await trio.sleep(600)
        monitor.roll(100)
        batch = monitor.drain()
    assert resolver.times("host9.example.org")[0] < set_at + 5  # not as late as the clock was set back
    assert len([at for at in resolver.times("host1.example.org") if at > set_at]) > 5
    assert all(row.first <= row.last for row in (*batch.observations, *batch.runs))


async def test_what_is_overdue_comes_at_half_the_rate(autojump_clock):
    async with monitoring(steady, queries_per_second=100) as (monitor, resolver):
        monitor.take([known(number, apex=f"{number}.example") for number in range(1, 501)])
        await trio.sleep(5)
        assert 240 <= len(resolver.questions) <= 252
        await trio.sleep(5.2)
        assert len(resolver.questions) == 500


async def test_a_history_goes_on_after_a_restart(autojump_clock):
    async with monitoring(fluxing) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(75)
        (mark,) = marks(monitor.drain())
    assert mark.state is State.CONFIRMED
    stored = known(1, state=mark.state, memo=mark.memo, samples=mark.samples, ttl=mark.ttl)
    async with monitoring(lambda _, nth: fluxing("", nth + 3)) as (monitor, _):
        monitor.take([stored])
        await trio.sleep(75)
        batch = monitor.drain()
        assert set(kinds(batch)) == {flux.NODES}
        assert batch.scores[-1].total >= 80
        assert monitor.facts()["states"] == {"confirmed": 1}


async def test_a_memo_that_cannot_be_read_is_counted_and_the_name_begins_anew(autojump_clock):
    async with monitoring(fluxing) as (monitor, _):
        monitor.take([known(1, state=State.CONFIRMED, memo=b"\xffrubbish", samples=9)])
        await trio.sleep(100)
        assert monitor.facts()["kept"] == {"warm": 1, "cold": 0, "unreadable": 1}
        assert monitor.facts()["states"] == {"confirmed": 1}


async def test_names_with_an_authority_tag_go_straight_to_their_zone(autojump_clock):
    async with monitoring(steady, authority_tags=("direct",)) as (monitor, resolver):
        monitor.take([known(1, tags=("direct",)), known(2)])
        await trio.sleep(10)
        routes = {name: route for _, name, _, route in resolver.questions}
        assert routes == {"host1.example.org": Route.AUTHORITY, "host2.example.org": Route.RESOLVERS}
        assert {row.upstream for row in monitor.drain().observations} == {"authority", "192.0.2.53:53"}


async def test_tags_that_are_told_to_nobody_choose_all_the_same(autojump_clock):
    async with monitoring(steady, authority_tags=("direct",)) as (monitor, resolver):
        monitor.take([known(1, hidden=("direct",)), known(2)])
        await trio.sleep(10)
        routes = {name: route for _, name, _, route in resolver.questions}
        assert routes == {"host1.example.org": Route.AUTHORITY, "host2.example.org": Route.RESOLVERS}
        found = list(monitor.subjects(frozenset(State), tags=frozenset({"direct"})))
        assert [(one.name, one.tags) for one in found] == [("host1.example.org", ())]


async def test_what_others_know_is_judged_at_the_next_answer(autojump_clock):
    def script(_name, nth):
        return has(f"192.0.2.{nth}")

    async with monitoring(script) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(200)
        monitor.learn(1, shared=3, shared_names=7, siblings={"spam": 2})
        monitor.learn_servers(1, T0, ["ns1.example.org"], b"\xc0\0\2\1", (65012,))
        monitor.learn(55, shared=3)
        monitor.drain()
        await trio.sleep(130)
        verdict = marks(monitor.drain())[-1].verdict
        assert b'"shared_names":7' in verdict
        assert b'"spam":2' in verdict
        (subject,) = monitor.subjects(frozenset({State.WATCHED}))
        assert (subject.id, subject.name, subject.apex) == (1, "host1.example.org", "example.org")
        assert list(monitor.subjects(frozenset({State.CONFIRMED}))) == []
        assert list(monitor.distinct(1)) == [0xC0000200 + number for number in range(6)]
        assert list(monitor.distinct(55)) == []
        assert monitor.count == 1


async def test_names_are_given_out_by_state_and_tag_from_any_place_on(autojump_clock):
    async with monitoring(lambda _name, _nth: has("192.0.2.1")) as (monitor, _):
        monitor.take([known(number, tags=("mine",) if number % 2 else ()) for number in range(1, 6)])
        every, mine = frozenset({State.CANDIDATE}), frozenset({"mine"})
        assert [one.id for one in monitor.subjects(every)] == [1, 2, 3, 4, 5]
        assert [one.id for one in monitor.subjects(every, tags=mine)] == [1, 3, 5]
        assert [one.id for one in monitor.subjects(every, start=7)] == [3, 4, 5, 1, 2]
        going = monitor.subjects(every)
        assert next(going).id == 1
        monitor.drop([2, 3])
        assert [one.id for one in going] == [4, 5]


async def test_a_cname_end_and_other_zones_negative_answers(autojump_clock):
    def script(_name, nth):
        return has("192.0.2.1", cname=("a.cdn.example", "b.cdn.example")) if nth < 2 else has("192.0.2.1")

    async with monitoring(script) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(10)
        rows = monitor.drain().observations
        assert [(row.rtype, row.data) for row in rows] == [(1, b"\xc0\0\2\1"), (5, b"b.cdn.example")]


async def test_the_addresses_given_out_are_a_copy_that_a_thread_may_read(autojump_clock):
    async with monitoring(fluxing) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(100)
        given = monitor.distinct(1)
        before = list(given)
        with memoryview(given):  # as numpy holds it: what it holds cannot grow
            await trio.sleep(100)
        assert list(given) == before
        assert len(monitor.distinct(1)) > len(before)  # and no answer failed


async def test_questions_that_never_end_are_found(autojump_clock):
    async with monitoring(lambda _, nth: steady("", 0) if nth else None) as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(100)
        assert monitor.facts()["states"] == {"candidate": 1}
        await trio.sleep(100)
        assert monitor.facts()["lost"] == 1
        assert len(resolver.times("host1.example.org")) >= 2
        assert monitor.drain().observations


async def test_one_answer_that_cannot_be_taken_in_stops_nothing(autojump_clock, monkeypatch):
    async with monitoring(steady) as (monitor, resolver):
        take_in = monitor._changes.take_in

        def failing(slot, answer, at):
            if len(resolver.times("host1.example.org")) < 2 and monitor._records.ids[slot] == 1:
                raise RuntimeError("no")
            take_in(slot, answer, at)

        monkeypatch.setattr(monitor._changes, "take_in", failing)
        monitor.take([known(1), known(2)])
        await trio.sleep(30)
        assert monitor.facts()["faults"] == 1
        assert {row.name for row in monitor.drain().observations} == {"host1.example.org", "host2.example.org"}
        monitor._asking.faults = 0


@pytest.mark.parametrize("ttl", [0, 2**31 - 1])
async def test_absurd_ttls_have_a_floor_and_a_ceiling(autojump_clock, ttl):
    async with monitoring(lambda *_: has("192.0.2.1", ttl=ttl), ttl_ceiling="1h") as (monitor, resolver):
        monitor.take([known(1)])
        await trio.sleep(7300)
        times = resolver.times("host1.example.org")
        gaps = [later - first for first, later in pairwise(times)]
        assert min(gaps) >= (3600 if ttl else 1)
        assert max(gaps) <= (3611 if ttl else 1.1)


async def test_what_the_store_was_told_to_forget_is_forgotten_here_as_well(autojump_clock):
    def once_then_others(_name: str, nth: int) -> Answer:
        return has("198.51.100.66", ttl=30) if nth == 0 else has(f"192.0.2.{nth}", ttl=30)

    gone = bytes((198, 51, 100, 66))
    async with monitoring(once_then_others) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(200)
        kept = monitor._shelf.warm(0)
        assert kept is not None
        assert int.from_bytes(gone) in kept.history.spread.numbers
        monitor.take([known(1, samples=5, revision=9)])
        assert 0 not in monitor._shelf
        await trio.sleep(300)
        kept = monitor._shelf.warm(0)
        assert kept is not None
        assert int.from_bytes(gone) not in kept.history.spread.numbers
        assert len(kept.history.spread) > 2


async def test_addresses_seen_before_there_was_an_as_table_are_placed_when_it_comes(autojump_clock):
    class Late:
        table = None

    asns = Late()
    async with monitoring(fluxing, asns=asns) as (monitor, _):
        monitor.take([known(1)])
        await trio.sleep(100)
        assert monitor._shelf.warm(0).history.features(T0).asns is None
        before = len(monitor._shelf.warm(0).history.spread)
        asns.table = FakeAsns.table
        await trio.sleep(40)
        features = monitor._shelf.warm(0).history.features(T0)
        assert features.asns > 0
        assert features.unplaced == 0
        assert features.distinct > before
