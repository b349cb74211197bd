"""The loop by itself: what holds it back, and how it ends what nobody will end."""

import random
from itertools import pairwise
from math import inf

import pytest
import trio
from support.probing import START, FakeAsns, FakeResolver, has, known
from support.silence import SILENT

from tipd.clock import MovedClock
from tipd.model.dns import AAAA, Answer, Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.asking import AT_ONCE, LOST_AFTER, MOST_CHANGES, SIX_EVERY
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.monitor import Monitor
from tipd.modules.fastflux.settings import FluxSettings


def monitor_of(resolver: FakeResolver, **settings: object) -> Monitor:
    monitor = Monitor(
        resolver,
        FakeAsns(),
        Knowledge(),
        FluxSettings(**({"per_apex_per_second": 1e6, "queries_per_second": 1_000_000} | settings)),
        clock=MovedClock(START),
        rng=random.Random(1),
        log=SILENT,
    )
    monitor.allowed_until = inf
    return monitor


async def started(nursery: trio.Nursery, resolver: FakeResolver, monitor: Monitor) -> None:
    await nursery.start(resolver.run)
    nursery.start_soon(monitor.run)


async def test_others_have_their_turn_while_very_many_are_due(autojump_clock):
    resolver = FakeResolver(lambda *_: has("192.0.2.1"), window=100_000)
    monitor = monitor_of(resolver, max_names_per_apex=100_000)
    steps: list[int] = []
    async with trio.open_nursery() as nursery:
        await started(nursery, resolver, monitor)
        monitor.take([known(number, due=START.timestamp() + 1) for number in range(1, 5_001)])
        await trio.sleep(0.999)
        while len(resolver.questions) < 5_000:
            steps.append(len(resolver.questions))
            await trio.lowlevel.checkpoint()
            if trio.current_time() < 1.1 and not steps[-1]:
                await trio.sleep(0.001)
        nursery.cancel_scope.cancel()
    assert max(later - first for first, later in pairwise(steps)) <= 2 * AT_ONCE


@pytest.mark.parametrize(("state", "asked"), [(State.CONFIRMED, 2), (State.WATCHED, 0)])
async def test_ipv6_is_asked_for_once_in_a_while_where_it_may_be_flux(autojump_clock, state, asked):
    def script(_name: str, nth: int) -> Answer:
        return has(*(f"198.51.{nth}.{number * 12}" for number in range(20)))

    resolver = FakeResolver(script if state is State.CONFIRMED else lambda *_: has("192.0.2.1"))
    monitor = monitor_of(resolver)
    async with trio.open_nursery() as nursery:
        await started(nursery, resolver, monitor)
        monitor.take([known(1, state=state)])
        await trio.sleep(64 * SIX_EVERY * 2)
        nursery.cancel_scope.cancel()
    assert len(resolver.times("host1.example.org", AAAA)) == asked


async def test_too_many_changes_waiting_hold_the_questions_back(autojump_clock):
    resolver = FakeResolver(lambda *_: has("192.0.2.1"))
    monitor = monitor_of(resolver)
    async with trio.open_nursery() as nursery:
        await nursery.start(resolver.run)
        asking = monitor._asking
        monitor._answered.changed.extend([(9, has("192.0.2.1"), 0.0)] * MOST_CHANGES)
        assert asking.held == "changes"
        monitor.take([known(1)])
        nursery.start_soon(monitor.run)
        await trio.sleep(1)
        assert asking.held == ""
        assert resolver.questions
        nursery.cancel_scope.cancel()


async def test_a_resolver_that_is_started_anew_loses_no_name(autojump_clock):
    resolver = FakeResolver(lambda _, nth: has("192.0.2.1") if nth else None)
    monitor = monitor_of(resolver)
    async with trio.open_nursery() as nursery:
        await started(nursery, resolver, monitor)
        monitor.take([known(number) for number in range(1, 21)])
        await trio.sleep(LOST_AFTER * 2 + 20)
        assert monitor.facts()["lost"] == 20
        assert monitor.facts()["outcomes"]["noerror"] >= 20
        nursery.cancel_scope.cancel()


async def test_an_answer_about_ipv6_that_comes_late_is_nobodys(autojump_clock):
    resolver = FakeResolver(lambda *_: has("192.0.2.1"))
    monitor = monitor_of(resolver)
    async with trio.open_nursery() as nursery:
        await started(nursery, resolver, monitor)
        monitor.take([known(1)])
        await trio.sleep(5)
        monitor.drain()
        slot = monitor._records.slot_of(1)
        monitor.drop([1])
        six = Answer(Outcome.NOERROR, rdata=bytes(16), ttl=60)
        monitor._asking._six((slot, 1), six)
        monitor.take([known(2)])
        monitor._asking._six((slot, 1), six)
        assert not monitor.drain().observations
        nursery.cancel_scope.cancel()


async def test_what_is_asked_late_is_told(autojump_clock):
    resolver = FakeResolver(lambda *_: has("192.0.2.1"), latency=10.0, window=1)
    monitor = monitor_of(resolver)
    async with trio.open_nursery() as nursery:
        await started(nursery, resolver, monitor)
        monitor.take([known(number) for number in range(1, 7)])
        await trio.sleep(55)
        late = monitor.facts()["late"]
        assert late["worst_s"] == pytest.approx(50, abs=1)
        assert late["p99_s"] == 60.0
        assert monitor.facts()["held"] == "resolver"
        nursery.cancel_scope.cancel()
