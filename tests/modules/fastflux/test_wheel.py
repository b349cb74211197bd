"""The timer wheel, against a plain table of due times as the model."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tipd.modules.fastflux.wheel import NEVER, Wheel

SLOTS = 12


def wheel_of(turn: int = 8, cursor: int = 0) -> tuple[Wheel, array]:
    due = array("I", [NEVER] * SLOTS)
    return Wheel(due, cursor, turn), due


def all_due(wheel: Wheel, now: int, most: int = 100) -> list[tuple[int, int]]:
    """Take until the cursor is beyond `now`."""
    found = []
    while wheel.cursor <= now:
        tick, slots = wheel.take(now, most)
        found += [(tick, slot) for slot in slots]
    return found


def test_a_slot_comes_once_at_its_tick() -> None:
    wheel, due = wheel_of()
    wheel.put(3, 5)
    assert all_due(wheel, 4) == []
    assert all_due(wheel, 5) == [(5, 3)]
    assert due[3] == NEVER
    assert all_due(wheel, 40) == []


def test_a_slot_of_a_later_turn_stays_where_it_is() -> None:
    wheel, _ = wheel_of(turn=8)
    wheel.put(1, 5 + 8 * 3)
    wheel.put(2, 5)
    assert all_due(wheel, 28) == [(5, 2)]
    assert all_due(wheel, 29) == [(29, 1)]
    assert wheel.places == 0


def test_a_moved_slot_comes_at_its_new_tick_only() -> None:
    wheel, _ = wheel_of()
    wheel.put(1, 3)
    wheel.put(1, 6)
    wheel.put(2, 6)
    wheel.put(2, 3)
    assert sorted(all_due(wheel, 20)) == [(3, 2), (6, 1)]
    assert wheel.places == 0


def test_a_cancelled_slot_does_not_come() -> None:
    wheel, _ = wheel_of()
    wheel.put(1, 3)
    wheel.cancel(1)
    assert all_due(wheel, 20) == []


def test_what_is_past_is_due_at_once() -> None:
    wheel, _ = wheel_of(cursor=100)
    wheel.put(1, 7)
    assert wheel.take(100, 10) == (100, [1])


def test_what_comes_while_its_tick_is_emptied_comes_with_it() -> None:
    wheel, _ = wheel_of()
    for slot in range(4):
        wheel.put(slot, 2)
    tick, first = wheel.take(2, 2)
    wheel.put(first[0], 2 + 8)  # the same bucket, a turn later
    wheel.put(9, 1)
    assert tick == 2
    assert sorted(slot for _, slot in all_due(wheel, 9)) == sorted({0, 1, 2, 3, 9} - set(first))
    assert all_due(wheel, 10) == [(10, first[0])]


def test_a_sleep_of_many_turns_loses_nothing() -> None:
    wheel, _ = wheel_of(turn=8)
    for slot, tick in enumerate((3, 11, 500, 100_000, 100_001)):
        wheel.put(slot, tick)
    assert all_due(wheel, 100_000) == [(3, 0), (11, 1), (500, 2), (100_000, 3)]
    assert all_due(wheel, 100_001) == [(100_001, 4)]


def test_a_call_is_bounded_also_where_nothing_is_due() -> None:
    due = array("I", [NEVER] * 50_000)
    wheel = Wheel(due, 0, 4)
    for slot in range(50_000):
        wheel.put(slot, 4 * 1000)  # all in the first bucket, a thousand turns later
    calls = 0
    while wheel.cursor <= 0:
        assert wheel.take(0, 100) == (wheel.cursor, [])
        calls += 1
    assert calls >= 50_000 // 4196
    assert wheel.places == 50_000


def test_it_says_until_when_nothing_is_due() -> None:
    wheel, _ = wheel_of(turn=128)
    assert wheel.next(100) == 100
    wheel.put(1, 5)
    assert wheel.next(100) == 5
    assert wheel.next(3) == 3
    wheel.put(2, 0)
    assert wheel.next(100) == 0
    wheel.take(0, 5)
    assert wheel.next(100) == 5


@pytest.mark.parametrize("turn", [0, 3, 100, -8])
def test_a_turn_is_a_power_of_two(turn: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Wheel(array("I"), 0, turn)


@given(st.lists(st.tuples(st.integers(0, SLOTS - 1), st.integers(0, 80)), max_size=40), st.integers(1, 5))
def test_in_order_of_ticks(puts: list[tuple[int, int]], most: int) -> None:
    wheel, _ = wheel_of(turn=16)
    for slot, tick in puts:
        wheel.put(slot, tick)
    expected = dict(puts)  # the last put counts
    found = all_due(wheel, 100, most)
    assert sorted(found) == sorted((tick, slot) for slot, tick in expected.items())
    assert [tick for tick, _ in found] == sorted(expected.values())


class AgainstATable(RuleBasedStateMachine):
    """Puts, moves, cancels, steps and leaps: what comes out is what a plain table of due times says."""

    @initialize(turn=st.sampled_from([1, 2, 8, 32]))
    def begin(self, turn: int) -> None:
        self.wheel, self.due = wheel_of(turn)
        self.model: dict[int, int] = {}
        self.now = 0

    @rule(slot=st.integers(0, SLOTS - 1), ahead=st.integers(-5, 100))
    def put(self, slot: int, ahead: int) -> None:
        tick = max(0, self.now + ahead)
        self.wheel.put(slot, tick)
        self.model[slot] = tick

    @rule(slot=st.integers(0, SLOTS - 1))
    def cancel(self, slot: int) -> None:
        self.wheel.cancel(slot)
        self.model.pop(slot, None)

    @rule(step=st.sampled_from([1, 1, 2, 5, 33, 1000]), most=st.integers(1, 4))
    def pass_time(self, step: int, most: int) -> None:
        self.now += step
        ahead = self.wheel.next(50)
        assert ahead == self.wheel.cursor or min(self.model.values(), default=10**9) >= ahead
        found = {slot for _, slot in all_due(self.wheel, self.now, most)}
        assert found == {slot for slot, tick in self.model.items() if tick <= self.now}
        for slot in found:
            del self.model[slot]

    @rule(most=st.integers(1, 3))
    def take_a_part(self, most: int) -> None:
        self.now += 1
        _, slots = self.wheel.take(self.now, most)
        assert len(slots) <= most
        for slot in slots:
            assert self.model.pop(slot) <= self.now

    @invariant()
    def nothing_is_lost(self) -> None:
        assert {slot: tick for slot, tick in enumerate(self.due) if tick != NEVER} == self.model


AgainstATable.TestCase.settings = settings(max_examples=40, stateful_step_count=30)
TestAgainstATable = AgainstATable.TestCase
