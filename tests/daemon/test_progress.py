"""The writer's liveness."""

from types import SimpleNamespace

import pytest
import trio

from tipd.daemon.progress import Progress


@pytest.fixture
def writer():
    return SimpleNamespace(batches=0, waiting=0)


async def test_an_idle_writer_is_alive(writer, autojump_clock):
    progress = Progress(writer, 60)
    await trio.sleep(1000)
    assert progress.alive(available=True)
    await trio.sleep(1000)
    assert progress.alive(available=True)


async def test_writes_that_wait_without_a_batch_mean_it_is_stuck(writer, autojump_clock):
    progress = Progress(writer, 60)
    writer.waiting = 3
    assert progress.alive(available=True)
    await trio.sleep(59)
    assert progress.alive(available=True)
    await trio.sleep(2)
    assert not progress.alive(available=True)
    writer.batches += 1
    assert progress.alive(available=True)


async def test_a_database_that_is_away_is_no_fault_of_the_writer(writer, autojump_clock):
    progress = Progress(writer, 60)
    writer.waiting = 3
    progress.alive(available=False)
    await trio.sleep(1000)
    assert progress.alive(available=False)
    await trio.sleep(30)
    assert progress.alive(available=True)
