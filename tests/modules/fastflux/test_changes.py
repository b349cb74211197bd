"""Answers that change something, one after the other, without a loop around them."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.probing import T0, FakeAsns, has, known

from tipd.model.dns import AAAA, Answer, Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.answered import TICKS, Answered
from tipd.modules.fastflux.changes import MARK_EVERY, Changes
from tipd.modules.fastflux.judging import Judge
from tipd.modules.fastflux.kept import Shelf
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.pace import Delays, Limits
from tipd.modules.fastflux.pending import Pending
from tipd.modules.fastflux.records import Label, Records
from tipd.modules.fastflux.saving import Saving
from tipd.modules.fastflux.settings import FluxSettings
from tipd.modules.fastflux.wheel import Wheel


class Bench:
    """One name; `bring` lets an answer come, some seconds after the one before."""

    def __init__(self, state: State = State.CANDIDATE, let_go_after: int = 200) -> None:
        self.records = Records(T0)
        self.pending = Pending()
        self.shelf = Shelf()
        self.gone: list[int] = []
        wheel = Wheel(self.records.due)
        self.answered = Answered(self.records, wheel, Delays(Limits(), random.Random(1)))
        judge = Judge(Knowledge(), FluxSettings(let_go_after=let_go_after))
        saving = Saving(self.records, self.pending, FakeAsns, lambda slot: T0 + self.records.due[slot] / TICKS)
        self.changes = Changes(
            self.records, self.shelf, self.answered, saving=saving, judge=judge, let_go=self.gone.append
        )
        self.slot = self.records.add(known(1, state=state), 0, Label())
        self.at = T0

    def bring(self, answer: Answer, after: float = 100.0) -> None:
        self.at += after
        self.answered.wall, self.answered.ticks = self.at, (self.at - T0) * TICKS
        self.answered.stamp = self.records.stamp(self.at)
        self.changes.take_in(self.slot, answer, self.at)

    @property
    def state(self) -> State:
        return self.records.state(self.slot)


def other(nth: int, size: int = 20) -> Answer:
    return has(*(f"198.51.{nth % 256}.{number * 10}" for number in range(size)))


def test_the_first_answer_of_a_candidate_is_stored_and_not_judged() -> None:
    bench = Bench()
    bench.bring(has("192.0.2.1"))
    batch = bench.pending.drain()
    assert (len(batch.observations), len(batch.runs), len(batch.rolls)) == (1, 1, 1)
    assert not batch.marks
    assert bench.records.judge_at[bench.slot] == 2
    assert bench.slot not in bench.shelf


def test_the_first_answer_of_a_watched_name_costs_no_roll() -> None:
    bench = Bench(State.WATCHED)
    bench.bring(has("192.0.2.1"))
    assert not bench.pending.drain().rolls
    assert bench.records.judge_at[bench.slot] == 201


def test_repeats_are_stored_as_a_part_when_the_set_changes() -> None:
    bench = Bench()
    for _ in range(5):
        bench.bring(has("192.0.2.1"))
    bench.bring(has("192.0.2.2"))
    rows = [(row.data[-1], row.count) for row in bench.pending.drain().observations]
    # The first at once, the second when it made the candidate a watched name, then what had gathered.
    assert rows == [(1, 1), (1, 1), (1, 3), (2, 1)]
    history = bench.shelf.warm(bench.slot).history
    assert (history.looks, len(history.spread), history.stable) == (6, 2, 0)


def test_a_name_that_changes_has_all_it_brought_in_its_history() -> None:
    bench = Bench(State.WATCHED)
    for nth in range(30):
        bench.bring(other(nth // 3))
    history = bench.shelf.take(bench.slot).history
    bench.changes.feed(bench.slot, bench.shelf.take(bench.slot))
    assert history.looks == 30
    assert len(history.spread) == 10 * 20


def test_marks_of_one_state_are_rare_and_scores_are_not() -> None:
    bench = Bench(State.CONFIRMED)
    for nth in range(20):
        bench.bring(other(nth), after=MARK_EVERY / 4 + 46)
    bench.pending.drain()
    begun = bench.at
    marked = 0
    for nth in range(20, 60):
        bench.bring(other(nth % 20), after=5.0)  # nothing new
        marked += len(bench.pending.drain().marks)
    assert marked <= (bench.at - begun) / MARK_EVERY + 2


def test_a_name_that_fluxes_quickly_is_marked_each_minute_and_scored_each_time() -> None:
    bench = Bench(State.CONFIRMED)
    for nth in range(20):
        bench.bring(other(nth, 1 + nth % 7), after=MARK_EVERY)
    bench.pending.drain()
    marks, scores = [], 0
    for nth in range(20, 150):
        bench.bring(other(nth, 1 + nth % 7), after=2.0)
        batch = bench.pending.drain()
        marks += batch.marks
        scores += len(batch.scores)
    assert 3 <= len(marks) <= 5
    assert scores == 130
    bench.changes.again(bench.slot, bench.at)  # a stop
    (mark,) = bench.pending.drain().marks
    assert mark.samples == bench.records.samples[bench.slot]


def test_a_longer_ttl_is_stored_with_the_change_that_brings_it() -> None:
    bench = Bench(State.CONFIRMED)
    bench.bring(has("192.0.2.1", ttl=5))
    for nth in range(2, 9):
        bench.bring(has(f"192.0.2.{nth}", ttl=5), after=6.0)
    bench.pending.drain()
    bench.bring(has("192.0.2.9", ttl=5), after=1.0)
    assert not bench.pending.drain().marks
    bench.bring(has("192.0.2.10", ttl=55), after=1.0)
    (mark,) = bench.pending.drain().marks
    assert mark.ttl == 55


def test_ipv6_is_evidence_where_it_changes() -> None:
    bench = Bench(State.CONFIRMED)
    bench.bring(other(1))
    bench.pending.drain()
    six = Answer(Outcome.NOERROR, rdata=bytes.fromhex("20010db8" + "0" * 23 + "1"), ttl=60)
    for _ in range(3):
        bench.changes.take_in_six(bench.slot, six, bench.at)
    bench.changes.take_in_six(bench.slot, Answer(Outcome.SERVFAIL), bench.at)
    bench.changes.take_in_six(bench.slot, Answer(Outcome.NODATA), bench.at)
    (row,) = bench.pending.drain().observations
    assert (row.rtype, row.data) == (AAAA, six.rdata)
    assert len(bench.shelf.take(bench.slot).history.spread6) == 1


def test_what_is_fresh_is_marked_when_somebody_asks() -> None:
    bench = Bench(State.CONFIRMED)
    for nth in range(8):
        bench.bring(other(nth % 2), after=70)
    bench.bring(other(0), after=70)
    bench.pending.drain()
    kept = bench.shelf.warm(bench.slot)
    kept.fresh = True
    bench.changes.again(bench.slot, bench.at)
    assert len(bench.pending.drain().marks) == 1
    bench.changes.again(bench.slot, bench.at)
    assert not bench.pending.drain().marks


def test_private_addresses_count_for_nothing() -> None:
    bench = Bench()
    knowledge = Knowledge.load()
    bench.changes.judge.knowledge = knowledge
    for nth in range(4):
        bench.bring(has(*(f"10.{nth}.{number}.1" for number in range(60))))
    assert bench.state is State.CANDIDATE
    assert len(bench.shelf.take(bench.slot).history.spread) == 0
    assert len(bench.pending.drain().observations) == 240  # evidence all the same


_ANSWERS = st.one_of(
    st.builds(other, st.integers(0, 5), st.integers(1, 21)),
    st.sampled_from([Answer(Outcome.NXDOMAIN, ttl=30), Answer(Outcome.NODATA, ttl=5)]),
    st.builds(lambda nth, ttl: has(f"192.0.2.{nth}", ttl=ttl), st.integers(0, 3), st.sampled_from([0, 60, 2**31 - 1])),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(_ANSWERS, st.sampled_from([2.0, 70.0, 4000.0, 90_000.0])), max_size=40), st.sampled_from(State)
)
def test_whatever_comes_every_answer_is_stored_once_and_the_name_is_due_or_gone(steps, state) -> None:
    if state is State.DROPPED:
        return
    bench = Bench(state, let_go_after=6)
    counted = expected = 0
    for answer, after in steps:
        bench.bring(answer, after)
        expected += len(answer.rdata) // 4
        if bench.gone:
            break
        assert bench.records.due[bench.slot] >= bench.answered.ticks + TICKS
    bench.changes._saving.save(bench.slot)
    batch = bench.pending.drain()
    counted = sum(row.count for row in batch.observations)
    assert counted == expected
    assert len(bench.gone) <= 1
    assert all(mark.due > 0 or mark.state is State.DROPPED or mark is not batch.marks[-1] for mark in batch.marks)
