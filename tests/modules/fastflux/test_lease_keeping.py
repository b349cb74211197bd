"""The lease: one process probes, and only while it is sure to be the one."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
import trio
from support.schedule import START
from support.silence import SILENT
from support.tracking_fakes import Lease

from tipd.clock import MovedClock
from tipd.modules.fastflux.lease_keeping import RENEW_EVERY, SPARE, VALID, LeaseKeeping


@pytest.fixture
def world():
    return SimpleNamespace(lease=Lease(), moved=[])


def keeping(world):
    return LeaseKeeping(world.lease, MovedClock(START), SILENT, world.moved.append)


async def test_it_is_taken_at_once_where_nobody_holds_it(world, autojump_clock):
    ours = keeping(world)
    assert await ours.acquire() == 0.0
    assert world.lease.holder == ours.holder
    assert ours.until == trio.current_time() + VALID.total_seconds() - SPARE
    assert world.moved == [ours.until]


async def test_what_another_holds_is_waited_for_and_it_is_told_when_that_ended(world, autojump_clock):
    first, second = keeping(world), keeping(world)
    await first.acquire()
    seen = []
    with trio.fail_after(60):
        former = await second.acquire(lambda: seen.append(trio.current_time()))
    assert seen
    assert former == (START + VALID).timestamp(), "nobody renewed it"
    assert trio.current_time() >= first.until + SPARE, "the two never overlap"


async def test_it_is_taken_over_as_soon_as_it_ends(world, autojump_clock):
    clock = MovedClock(START)
    first, second = (LeaseKeeping(world.lease, clock, SILENT, world.moved.append) for _ in range(2))
    await first.acquire()
    await trio.sleep(3)  # not in step with the one that ended
    begun = trio.current_time()
    await second.acquire()
    assert trio.current_time() - begun == pytest.approx(VALID.total_seconds() - 3, abs=0.3)


async def test_it_is_held_as_long_as_it_is_renewed(world, autojump_clock):
    ours, other = keeping(world), keeping(world)
    await ours.acquire()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.keep)
        with trio.move_on_after(100) as scope:
            await other.acquire()
        assert scope.cancelled_caught
        assert ours.until > trio.current_time()
        await ours.give_back()
        assert (ours.until, world.lease.holder) == (0.0, None)
        with trio.fail_after(RENEW_EVERY):
            await other.acquire()
        await trio.sleep(2 * RENEW_EVERY)  # `keep` sees that it is another's, and ends
        assert not nursery.child_tasks


async def test_while_the_store_is_away_it_runs_out(world, autojump_clock):
    ours = keeping(world)
    await ours.acquire()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(ours.keep)
        await trio.sleep(2 * RENEW_EVERY + 1)
        world.lease.away = True
        until = ours.until
        await trio.sleep(60)
        assert ours.until == until < trio.current_time()
        world.lease.away = False
        await trio.sleep(RENEW_EVERY)
        assert ours.until > trio.current_time(), "nobody else took it"
        nursery.cancel_scope.cancel()


async def test_an_answer_that_came_late_does_not_make_it_longer(world, autojump_clock):
    world.lease.slow = 10.0
    ours = keeping(world)
    await ours.acquire()
    assert ours.until == trio.current_time() - 10 + VALID.total_seconds() - SPARE


async def test_it_is_lost_to_who_took_it_while_we_slept(world, autojump_clock):
    ours, other = keeping(world), keeping(world)
    await ours.acquire()
    await trio.sleep(VALID.total_seconds())
    await other.acquire()
    with trio.fail_after(2 * RENEW_EVERY):
        await ours.keep()
    assert ours.until == 0.0
    assert world.lease.holder == other.holder


async def test_giving_back_to_a_store_that_is_away_is_no_fault(world, autojump_clock):
    ours = keeping(world)
    await ours.acquire()
    world.lease.away = True
    await ours.give_back()
    assert ours.until == 0.0


def test_there_is_time_for_two_renewals_before_it_ends():
    assert timedelta(seconds=2 * RENEW_EVERY + SPARE) < VALID
