"""What one answer does to a record, without anything around it."""

import random

import pytest
import trio
from support.probing import T0, has, known

from tipd.model.dns import Answer, Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.answered import SHIFT, TICKS, Answered
from tipd.modules.fastflux.pace import Delays, Limits
from tipd.modules.fastflux.records import UNTOLD, Label, Records
from tipd.modules.fastflux.wheel import NEVER, Wheel


class Bench:
    """One name that was asked for and has had an answer."""

    def __init__(self, answer: Answer, state: State = State.WATCHED) -> None:
        self.records = Records(T0)
        self.wheel = Wheel(self.records.due)
        self.answered = Answered(self.records, self.wheel, Delays(Limits(), random.Random(1)))
        self.slot = self.records.add(known(1, state=state), 0, Label())
        self.records.sets[self.slot], self.records.outcomes[self.slot] = answer.rdata, answer.outcome
        self.records.judge_at[self.slot] = 1000
        self.answered.ticks, self.answered.stamp, self.answered.wall = 500.0, 160, T0 + 10

    def done(self, answer: Answer, number: int = 7) -> None:
        self.records.asked[self.slot] = 7
        self.answered.done(self.slot << SHIFT | number, answer)

    @property
    def due_in(self) -> float:
        return (self.records.due[self.slot] - self.answered.ticks) / TICKS


def test_the_same_again_is_counted_and_no_more() -> None:
    bench = Bench(has("192.0.2.1"))
    for ttl in (60, 20, 90):
        bench.done(has("192.0.2.1", ttl=ttl))
    records, slot = bench.records, bench.slot
    assert records.samples[slot] == records.unsaved(slot) == 3
    assert (records.low[slot], records.high[slot], records.ttl[slot]) == (20, 90, 90)
    assert records.first[slot] == records.last[slot] == 160
    assert not bench.answered.changed
    assert bench.answered.unchanged == 3
    assert 91 <= bench.due_in <= 96
    assert records.asked[slot] == 0


@pytest.mark.parametrize(
    "answer",
    [has("192.0.2.2"), has("192.0.2.1", "192.0.2.2"), Answer(Outcome.NXDOMAIN, ttl=60), Answer(Outcome.NODATA)],
)
def test_what_changes_something_is_laid_aside_with_its_question_open(answer: Answer) -> None:
    bench = Bench(has("192.0.2.1"))
    bench.done(answer)
    assert list(bench.answered.changed) == [(bench.slot << SHIFT | 7, answer, T0 + 10)]
    assert bench.records.asked[bench.slot] == 7
    assert bench.records.due[bench.slot] == NEVER
    assert bench.records.samples[bench.slot] == 0


def test_so_is_the_same_when_a_judgement_is_due() -> None:
    bench = Bench(has("192.0.2.1"))
    bench.records.judge_at[bench.slot] = 2
    bench.done(has("192.0.2.1"))
    assert not bench.answered.changed
    bench.done(has("192.0.2.1"))
    assert len(bench.answered.changed) == 1


@pytest.mark.parametrize("outcome", [Outcome.SERVFAIL, Outcome.REFUSED, Outcome.POLICY, Outcome.TIMEOUT])
def test_trouble_says_nothing_of_the_name(outcome: Outcome) -> None:
    bench = Bench(has("192.0.2.1"))
    rests = []
    for _ in range(4):
        bench.done(Answer(outcome))
        rests.append(bench.due_in)
    records, slot = bench.records, bench.slot
    assert records.samples[slot] == 0
    assert records.sets[slot] == has("192.0.2.1").rdata
    assert records.bad[slot] == 4
    assert records.flags[slot] & UNTOLD
    assert rests[0] < 6
    assert rests[3] >= 20
    bench.done(has("192.0.2.1"))
    assert records.bad[slot] == 0


def test_an_answer_to_another_question_is_nobodys() -> None:
    bench = Bench(has("192.0.2.1"))
    bench.done(has("192.0.2.9"), number=6)
    assert bench.answered.stale == 1
    assert not bench.answered.changed
    assert bench.records.asked[bench.slot] == 7


def test_no_addresses_again_waits_longer_each_time() -> None:
    gone = Answer(Outcome.NXDOMAIN, ttl=0)
    bench = Bench(gone)
    rests = []
    for _ in range(300):
        bench.done(gone)
        rests.append(bench.due_in)
    assert rests[0] < 4
    assert rests[-1] >= 256
    dormant = Bench(gone, State.DORMANT)
    dormant.done(gone)
    assert dormant.due_in >= 6 * 3600
    dormant.done(Answer(Outcome.TIMEOUT))
    assert dormant.due_in >= 6 * 3600


async def test_a_nap_ends_when_something_is_due_sooner(autojump_clock):
    bench = Bench(has("192.0.2.1"))
    answered = bench.answered

    async def nap() -> float:
        begun = trio.current_time()
        await answered.nap(30.0)
        return trio.current_time() - begun

    assert await nap() == pytest.approx(30.0)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_later, 5.0, lambda: answered.put(bench.slot, 2.0))
        assert await nap() == pytest.approx(5.0, abs=0.1)  # nobody kept the time: two seconds had passed long ago
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_later, 1.0, lambda: answered.put(bench.slot, 12.0))
        nursery.start_soon(_later, 2.0, lambda: answered.put(bench.slot, 20.0))
        assert await nap() == pytest.approx(12.0, abs=0.1)
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(_later, 1.0, lambda: bench.done(has("192.0.2.77")))
        assert await nap() == pytest.approx(1.0)


async def test_who_sleeps_for_long_is_made_to_look_at_the_clock(autojump_clock):
    bench = Bench(has("192.0.2.1"))

    def look() -> None:
        bench.answered.ticks = 500.0 + trio.current_time() * TICKS

    bench.answered.look = look
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_later, 20.0, lambda: bench.done(has("192.0.2.1", ttl=60)))
        await bench.answered.nap(25.0)
    assert bench.records.due[bench.slot] >= 500 + (20 + 61) * TICKS


async def _later(seconds: float, act) -> None:
    await trio.sleep(seconds)
    act()
