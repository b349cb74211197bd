import random
from datetime import timedelta

import pytest
from support.schedule import START, Job, World, hours
from support.silence import SILENT
from trio.testing import MockClock

from tipd.errors import StoreAway
from tipd.nursery.agenda import Agenda
from tipd.nursery.contract import After, At, Due, Every, RoundReport
from tipd.nursery.ground import Ground
from tipd.nursery.patience import Patience
from tipd.nursery.policy import Policy


def make(world: World, *triggers: Every | At | After) -> Agenda:
    rng = random.Random(1)
    ground = Ground(
        ctx_for=lambda _: pytest.fail("no round runs here"),
        schedule=world.schedule,
        findings=world.findings,
        clock=world.clock,
        rng=rng,
        health=world.tree,
        log=SILENT,
        policy=Policy(base=10, cap=100, limit=2, rest=900),
        on_round=lambda _: None,
        on_failed=lambda _, __: None,
        poll=30.0,
    )
    return Agenda(Job("m", triggers), ground, Patience(world.tree.node("m"), SILENT, rng))


async def test_a_new_one_is_stored_at_once(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    assert world.schedule.rows == {"module:m": Due("module:m", START, None, 0)}
    assert agenda.next_run == START
    assert agenda.seconds(START - hours(1)) == 3600


async def test_without_a_timed_trigger_nothing_is_stored_and_nothing_due(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, After("x"))
    await agenda.load()
    assert (world.schedule.rows, agenda.next_run, agenda.seconds(START)) == ({}, None, float("inf"))
    assert await agenda.due(START) is None
    await agenda.completed(timed=False, started=START, report=RoundReport(next_due=START + hours(2)))
    cause = await agenda.due(START + hours(2))
    assert cause is not None
    assert (cause.trigger, cause.due) == (After("x"), START + hours(2))


async def test_a_round_by_another_process_is_not_run_again(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    await world.schedule.save("module:m", due=START + hours(1), last_run=START, failures=0)
    assert await agenda.due(START) is None
    assert agenda.next_run == START + hours(1)


async def test_failures_hold_it_and_success_lets_go(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    assert [await agenda.failed(ValueError()) for _ in range(4)] == [False, False, True, False]
    assert agenda.held(START)
    assert agenda.next_run == START + timedelta(seconds=900)
    assert world.schedule.rows["retry:m"].due == START + timedelta(seconds=900)
    assert world.schedule.rows["module:m"] == Due("module:m", START, None, 4)
    await agenda.completed(timed=True, started=START, report=None)
    assert not agenda.held(START)
    assert world.schedule.rows["module:m"] == Due("module:m", START + hours(1), START, 0)


async def test_a_store_that_is_away_is_stored_nowhere(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    saves = world.schedule.saves
    assert not await agenda.failed(StoreAway("gone"))
    assert agenda.record.failures == 0
    assert world.schedule.saves == saves


async def test_a_stored_time_far_in_the_future_of_a_wrong_clock_is_mended_for_good(autojump_clock: MockClock) -> None:
    world = World()
    future = START + timedelta(days=3650)
    world.schedule.rows["module:m"] = Due("module:m", future + hours(1), future, 0)
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    assert agenda.next_run == START + hours(1)
    assert world.schedule.rows["module:m"].due == START + hours(1)


async def test_dropping_a_round_moves_the_due_time_and_counts(autojump_clock: MockClock) -> None:
    world = World()
    agenda = make(world, Every(hours(1)))
    await agenda.load()
    await agenda.dropped(timed=True, started=START)
    assert world.schedule.rows["module:m"] == Due("module:m", START + hours(1), None, 0)
    assert agenda.record.failures == 1
    assert not agenda.held(START)
