"""One sink: groups, order, a receiver that is away for a day, slow, or gone; other processes; retention."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from support.api import START
from support.sinking import Bench, Receiver, Row
from trio.testing import MockClock

from tipd.clock import MovedClock
from tipd.model.watch import Watch, Watches
from tipd.watching.group import Gap, Group
from tipd.watching.sink import STRIDE, Sink
from tipd.watching.ways import TAKEN, Outcome

DAY = 86400.0
HOUR = 3600.0
DOWN = Outcome(why="the receiver answered 500")


@pytest.fixture
def bench() -> Bench:
    made = Bench(MovedClock(START))
    made.log.prune(0)
    return made


@asynccontextmanager
async def running(bench: Bench, sink: Sink) -> AsyncIterator[None]:
    """Run the sink from a log that has one finding it must not tell: it begins at the log's end."""
    async with trio.open_nursery() as nursery:
        end = bench.log.subscribe(lambda *_: sink.bell.ring())
        await nursery.start(sink.run)
        await trio.sleep(0.1)
        yield
        end()
        nursery.cancel_scope.cancel()


async def test_it_begins_at_the_end_and_gathers(autojump_clock: MockClock, bench: Bench) -> None:
    bench.tell(1, 2)
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, group="30s")):
        begun = trio.current_time()
        bench.tell(3)
        await trio.sleep(10)
        bench.tell(4, 5)
        await trio.sleep(100)
        assert [one.seq for one in receiver.taken[0].findings] == [3, 4, 5]
        assert 30 <= receiver.attempts[0][0] - begun <= 36
        bench.tell(6)
        await trio.sleep(100)
    assert receiver.seqs == [3, 4, 5, 6]
    assert [(group.since, group.last) for group in receiver.taken] == [(2, 5), (5, 6)]
    assert bench.rows.rows["hook"] == Row(6, None, None)


async def test_a_full_group_does_not_wait(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, group="1h", most=10)):
        bench.tell(*range(1, 36))
        await trio.sleep(60)
        assert [len(group.findings) for group in receiver.taken] == [10, 10, 10]
        await trio.sleep(3700)
    assert receiver.seqs == list(range(1, 36))


async def test_down_for_a_day_nothing_is_lost_and_all_of_it_comes_in_order(
    autojump_clock: MockClock, bench: Bench
) -> None:
    receiver = Receiver(judge=lambda _group: DOWN if trio.current_time() < DAY else TAKEN)
    async with running(bench, bench.sink(receiver, group="30s", most=100)):
        for seq in range(1, 1001):
            bench.tell(seq)
            await trio.sleep(100)
        await trio.sleep(3600)
    assert receiver.seqs == list(range(1, 1001))
    tried = [at for at, _ in receiver.attempts if at < DAY]
    assert 280 < len(tried) < 1500  # five minutes apart at most
    assert len({group.delivery for at, group in receiver.attempts if at < DAY}) == 1
    assert max(len(group.findings) for group in receiver.taken) == 100
    node = bench.health.node("sinks/hook")
    assert node.last_error == DOWN.why
    assert node.failures == 0


async def test_what_the_receiver_asks_for_is_kept(autojump_clock: MockClock, bench: Bench) -> None:
    answers = [Outcome(why="429", after=600.0), Outcome(why="503", after=3000.0), TAKEN]
    receiver = Receiver(judge=lambda _group: answers.pop(0))
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.tell(1)
        await trio.sleep(2 * HOUR)
    first, second, third = (at for at, _ in receiver.attempts)
    assert second - first >= 600
    assert third - second >= 3000


async def test_a_receiver_that_calls_it_too_large_gets_less_at_once(autojump_clock: MockClock, bench: Bench) -> None:
    def judge(group: Group) -> Outcome:
        return TAKEN if len(group.findings) <= 30 else Outcome(why="the receiver answered 413", too_large=True)

    receiver = Receiver(judge=judge)
    async with running(bench, bench.sink(receiver, group="0s", most=500)):
        bench.tell(*range(1, 701))
        await trio.sleep(60)  # without a pause: it is no fault of the receiver's
        assert receiver.seqs == list(range(1, 701))
        assert bench.health.node("sinks/hook").state == "running"
    assert len(receiver.attempts) < 2 * 700 / 15
    assert bench.rows.rows["hook"] == Row(700, None, None)


async def test_one_finding_that_is_too_large_is_repeated_and_not_lost(autojump_clock: MockClock, bench: Bench) -> None:
    begun = trio.current_time()

    def judge(group: Group) -> Outcome:
        large = trio.current_time() - begun < HOUR and any(one.seq == 2 for one in group.findings)
        return Outcome(why="413", too_large=True) if large else TAKEN

    receiver = Receiver(judge=judge)
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.tell(1, 2, 3)
        await trio.sleep(1800)
        assert receiver.seqs == [1]
        assert len(receiver.attempts) < 40
        assert bench.health.node("sinks/hook").state == "backoff"
        await trio.sleep(HOUR)
    assert receiver.seqs == [1, 2, 3]


async def test_what_is_marked_or_forgotten_while_it_is_repeated_does_not_leave(
    autojump_clock: MockClock, bench: Bench
) -> None:
    begun = trio.current_time()
    receiver = Receiver(judge=lambda _group: DOWN if trio.current_time() - begun < DAY else TAKEN)
    async with running(bench, bench.sink(receiver, group="0s", max_tlp="green")):
        bench.tell(1, 2, 3)
        await trio.sleep(HOUR)
        first = receiver.attempts[-1][1]
        assert [one.seq for one in first.findings] == [1, 2, 3]
        bench.log.log[0] = msgspec.structs.replace(bench.log.log[0], tlp="red")
        bench.log.log[1] = msgspec.structs.replace(bench.log.log[1], subject=None)
        await trio.sleep(DAY)
        (told,) = receiver.taken
        assert [(one.seq, one.subject is None) for one in told.findings] == [(2, True), (3, False)]
        assert told.delivery == first.delivery
        bench.tell(4)
        await trio.sleep(HOUR)
        assert receiver.seqs == [2, 3, 4]

        begun = trio.current_time()
        bench.tell(5)
        await trio.sleep(HOUR)
        bench.log.log[-1] = msgspec.structs.replace(bench.log.log[-1], tlp="red")
        await trio.sleep(DAY)
    assert receiver.seqs == [2, 3, 4]  # nothing is left of that message
    assert bench.rows.rows["hook"] == Row(5, None, None)
    assert bench.health.node("sinks/hook").state == "running"


async def test_gone_for_good_stops_it_until_it_is_resumed(autojump_clock: MockClock, bench: Bench) -> None:
    gone = [Outcome(gone=True, why="410")]
    receiver = Receiver(judge=lambda _group: gone.pop() if gone else TAKEN)
    sink = bench.sink(receiver, group="0s")
    async with running(bench, sink):
        bench.tell(1)
        await trio.sleep(HOUR)
        bench.tell(2)
        await trio.sleep(HOUR)
        assert len(receiver.attempts) == 1
        assert bench.health.node("sinks/hook").state == "stopped"
        (told,) = bench.rows.told
        assert (told.kind, told.data) == ("sink.stopped", {"sink": "hook", "why": "410"})
        assert await bench.rows.resume("hook")
        sink.again.ring()
        await trio.sleep(60)
    assert receiver.seqs == [1, 2]
    assert receiver.attempts[0][1].delivery == receiver.attempts[1][1].delivery


async def test_a_slow_receiver_gets_one_message_at_a_time(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver(took=25.0)
    async with running(bench, bench.sink(receiver, group="1s", most=50)):
        for seq in range(1, 301):
            bench.tell(seq)
            await trio.sleep(1)
        await trio.sleep(1000)
    begun = [at for at, _ in receiver.attempts]
    assert all(later - earlier > 24.9 for earlier, later in itertools.pairwise(begun))
    assert receiver.seqs == list(range(1, 301))


async def test_only_what_it_is_for(autojump_clock: MockClock, bench: Bench) -> None:
    bench.annotations.watches = Watches([Watch(name="ours", networks=["198.51.100.0/24"])])
    receiver = Receiver()
    async with running(
        bench, bench.sink(receiver, group="0s", watch=["ours"], kinds=["indicator.listed"], max_tlp="green")
    ):
        bench.tell(1)
        bench.tell(2, tlp="amber")
        bench.tell(3, initial=True)
        bench.tell(4, kind="indicator.delisted")
        bench.tell(5, subject=None)
        bench.tell(6, tlp="green")
        await trio.sleep(60)
    assert receiver.seqs == [1, 6]
    assert [one.watches for one in receiver.taken[0].findings] == [["ours"], ["ours"]]


async def test_that_a_source_was_loaded_is_told_and_not_what_it_loaded(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.tell(*range(1, 3001), initial=True)
        bench.tell(3001, kind="source.loaded", subject=None, initial=True)
        await trio.sleep(60)
    assert receiver.seqs == [3001]


async def test_the_cursor_follows_where_there_is_nothing_to_tell(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, kinds=["flux.node"])):
        bench.tell(*range(1, STRIDE + 2))
        await trio.sleep(60)
        assert bench.rows.rows["hook"].seq == STRIDE + 1
    assert receiver.attempts == []


async def test_what_retention_took_is_told_with_the_next_message(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver(judge=lambda _group: DOWN if trio.current_time() < HOUR else TAKEN)
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.tell(1)
        await trio.sleep(60)
        bench.tell(*range(2, 100))
        await trio.sleep(600)
        bench.log.prune(50)
        await trio.sleep(2 * HOUR)
    assert receiver.seqs == [*range(51, 100)]  # the first is read anew for each attempt, and not there any more
    assert [group.gap for group in receiver.taken] == [Gap(0, 51)]


async def test_a_log_that_began_anew_is_gone_on_with_at_its_end(autojump_clock: MockClock, bench: Bench) -> None:
    bench.tell(*range(1, 50))
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.log.log = []
        bench.tell(1, 2)
        await trio.sleep(60)
        bench.tell(3)
        await trio.sleep(60)
    assert receiver.seqs == [3]


async def test_two_processes_tell_it_once(autojump_clock: MockClock, bench: Bench) -> None:
    one, other = Receiver(), Receiver()
    first, second = bench.sink(one, group="0s"), bench.sink(other, group="0s")
    async with trio.open_nursery() as nursery:
        scope = trio.CancelScope()

        async def doomed() -> None:
            with scope:
                await first.run()

        nursery.start_soon(doomed)
        await trio.sleep(1)
        nursery.start_soon(second.run)
        bench.tell(1)
        await trio.sleep(60)
        assert (one.seqs, other.seqs) == ([1], [])
        scope.cancel()
        await trio.sleep(1)
        bench.tell(2)
        await trio.sleep(60)
        assert (one.seqs, other.seqs) == ([1], [2])
        nursery.cancel_scope.cancel()


async def test_one_that_lost_its_lease_moves_no_cursor(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver(took=5.0)
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.tell(1)
        await trio.sleep(2)
        bench.rows.rows["hook"].holder = uuid4()
        await trio.sleep(100)
    assert bench.rows.rows["hook"].seq == 0
    assert len(receiver.attempts) == 1


async def test_the_store_away_is_waited_for(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver()
    async with running(bench, bench.sink(receiver, group="0s")):
        bench.rows.away = bench.log.away = True
        await trio.sleep(HOUR)
        bench.rows.away = bench.log.away = False
        bench.tell(1)
        await trio.sleep(60)
    assert receiver.seqs == [1]


async def test_a_message_that_was_begun_is_repeated_as_it_was(autojump_clock: MockClock, bench: Bench) -> None:
    receiver = Receiver(judge=lambda _group: DOWN)
    bench.rows.rows["hook"] = Row(0)
    bench.tell(1, 2)
    async with running(bench, bench.sink(receiver, group="0s")):
        await trio.sleep(1)
    bench.tell(3, 4)
    again = Receiver()
    async with running(bench, bench.sink(again, group="0s")):
        await trio.sleep(60)
    assert again.taken[0].delivery == receiver.attempts[0][1].delivery
    assert msgspec.json.decode(again.taken[0].body()) == msgspec.json.decode(receiver.attempts[0][1].body())
    assert again.seqs == [1, 2, 3, 4]


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["tell", "fail", "crash", "away", "wait"]), st.integers(1, 40)), max_size=25),
    st.integers(1, 20),
)
def test_whatever_happens_everything_is_told_in_order_and_repetitions_are_the_same(steps, most) -> None:
    bodies: dict[str, list[int]] = {}
    seqs: list[int] = []

    async def main() -> None:
        bench = Bench(MovedClock(START))
        bench.rows.rows["hook"] = Row(0)
        failing = False

        def judge(group) -> Outcome:
            told = [one.seq for one in group.findings]
            assert bodies.setdefault(group.delivery, told) == told
            if failing:
                return DOWN
            seqs.extend(told if not seqs or told[0] > seqs[-1] else [])
            return TAKEN

        receiver, last = Receiver(judge=judge, took=0.5), 0
        pending: list[Callable[[], None]] = []
        async with trio.open_nursery() as nursery:

            def start() -> None:
                scope, sink = trio.CancelScope(), bench.sink(receiver, group="2s", most=most)

                async def run() -> None:
                    with scope:
                        await sink.run()

                pending.append(scope.cancel)
                nursery.start_soon(run)

            start()
            for step, count in steps:
                if step == "tell":
                    bench.tell(*range(last + 1, last + count + 1))
                    last += count
                elif step == "fail":
                    failing = not failing
                elif step == "away":
                    bench.rows.away = bench.log.away = not bench.log.away
                elif step == "crash":
                    pending.pop()()
                    await trio.sleep(0.1)
                    bench.rows.rows["hook"].holder = None  # its lease ran out
                    start()
                await trio.sleep(count)
            failing = bench.rows.away = bench.log.away = False
            await trio.sleep(1000)
            nursery.cancel_scope.cancel()
        assert seqs == list(range(1, last + 1))

    trio.run(main, clock=MockClock(autojump_threshold=0))
