"""The worker pool with real processes."""

import os
import signal
from pathlib import Path

import pytest
import trio

from tipd import log
from tipd.errors import WorkerFailed
from tipd.work import pool as pool_room
from tipd.work.pool import WorkerPool

SELF = "support.jobs"


@pytest.fixture(autouse=True)
def _find_our_jobs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


@pytest.fixture
async def workers():
    pool = WorkerPool(2, log.get("test"))
    yield pool
    await pool.close()


async def test_a_result_comes_back_typed(workers):
    assert await workers.call(f"{SELF}:double", 21, int) == 42


async def test_a_process_is_used_again(workers):
    first = await workers.call(f"{SELF}:pid", None, int)
    assert await workers.call(f"{SELF}:pid", None, int) == first != os.getpid()


async def test_an_exception_is_named_with_its_place(workers):
    with pytest.raises(WorkerFailed, match="ZeroDivisionError") as caught:
        await workers.call(f"{SELF}:divide", 0, int)
    assert caught.value.reason == "raised"


async def test_memory_over_the_limit_is_said_and_the_pool_goes_on(workers):
    with pytest.raises(WorkerFailed) as caught:
        await workers.call(f"{SELF}:grow", 400 * 2**20, int, memory=64 * 2**20)
    assert caught.value.reason == "memory"
    assert await workers.call(f"{SELF}:double", 2, int) == 4


async def test_the_deadline_kills(workers):
    with pytest.raises(WorkerFailed) as caught:
        await workers.call(f"{SELF}:spin", None, int, deadline=0.8)
    assert caught.value.reason == "deadline"
    assert workers.facts()["busy"] == 0


async def test_cancelling_kills_the_process(workers):
    pid = await workers.call(f"{SELF}:pid", None, int)
    with trio.move_on_after(0.2):
        await workers.call(f"{SELF}:spin", None, int)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_killed_worker_is_a_failure_and_is_replaced(workers):
    pid = await workers.call(f"{SELF}:pid", None, int)
    with pytest.raises(WorkerFailed) as caught:
        await workers.call(f"{SELF}:kill_self", None, int)
    assert caught.value.reason == "died"
    assert await workers.call(f"{SELF}:pid", None, int) != pid


async def test_an_idle_worker_that_died_is_replaced(workers):
    pid = await workers.call(f"{SELF}:pid", None, int)
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # noqa: ASYNC222 - it is dying: at once
    assert await workers.call(f"{SELF}:pid", None, int) != pid


async def test_idle_workers_are_ended(workers, monkeypatch):
    monkeypatch.setattr(pool_room, "IDLE_SECONDS", 0.01)
    await workers.call(f"{SELF}:pid", None, int)
    async with trio.open_nursery() as nursery:
        await nursery.start(workers.run)
        with trio.fail_after(60):
            while workers.facts()["idle"]:
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()


async def test_calls_above_the_size_wait(workers):
    done = []

    async def one(number):
        done.append(await workers.call(f"{SELF}:double", number, int))

    async with trio.open_nursery() as nursery:
        for number in range(6):
            nursery.start_soon(one, number)
    assert sorted(done) == [0, 2, 4, 6, 8, 10]


async def test_a_closed_pool_says_so():
    pool = WorkerPool(1, log.get("test"))
    await pool.close()
    with pytest.raises(WorkerFailed, match="closed"):
        await pool.call(f"{SELF}:double", 1, int)


async def test_a_cancelled_pool_ends_every_process():
    pool = WorkerPool(3, log.get("test"))
    pids = []

    async def note():
        pids.append(await pool.call(f"{SELF}:pid", None, int))

    async with trio.open_nursery() as nursery:
        await nursery.start(pool.run)
        async with trio.open_nursery() as callers:
            for _ in range(3):
                callers.start_soon(note)
        nursery.cancel_scope.cancel()
    assert pids
    for pid in set(pids):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
