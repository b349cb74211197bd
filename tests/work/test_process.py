"""One worker process as its parent sees it."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import msgspec
import pytest
import trio

from tipd import log
from tipd.errors import WorkerFailed
from tipd.work.pool import WorkerPool
from tipd.work.process import Process
from tipd.work.wire import Job


@pytest.fixture(autouse=True)
def _find_our_jobs(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def job(name, argument=None):
    return Job(f"support.jobs:{name}", msgspec.msgpack.encode(argument), 64 * 2**20)


async def test_it_answers_and_counts_its_jobs():
    process = Process()
    answer = await process.call(job("double", 4))
    assert (msgspec.msgpack.decode(answer.result), process.jobs) == (8, 1)
    assert process.rss > 2**20
    await process.kill()


async def test_killing_twice_does_no_harm_and_it_is_reaped():
    process = Process()
    assert process.alive()
    await process.kill()
    await process.kill()
    assert not process.alive()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_a_call_to_a_dead_process_says_so():
    process = Process()
    await process.kill()
    with pytest.raises(WorkerFailed) as caught:
        await process.call(job("double", 1))
    assert caught.value.reason == "died"


async def test_killing_works_while_everything_is_being_cancelled():
    process = Process()
    with trio.CancelScope() as scope:
        scope.cancel()
        await process.kill()
    assert not process.alive()


def test_workers_die_with_a_parent_that_is_killed():
    script = textwrap.dedent(
        """
        import trio
        from tipd import log
        from tipd.work.pool import WorkerPool
        async def main():
            pool = WorkerPool(1, log.get("test"))
            print(await pool.call("support.jobs:pid", None, int), flush=True)
            await pool.call("support.jobs:spin", None, int)
        trio.run(main)
        """
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    worker = int(parent.stdout.readline())
    descriptor = os.pidfd_open(worker)
    parent.kill()
    parent.communicate()

    async def ended():
        with trio.fail_after(60):
            await trio.lowlevel.wait_readable(descriptor)

    trio.run(ended)
    os.close(descriptor)
    state = Path(f"/proc/{worker}/stat")
    assert not state.exists() or state.read_text().split(")")[-1].split()[0] == "Z"


def test_the_environment_of_a_worker_has_no_secrets(monkeypatch):
    monkeypatch.setenv("TIPD_TEST_SECRET", "s3cret")

    async def ask():
        pool = WorkerPool(1, log.get("test"))
        try:
            return await pool.call("support.jobs:environment", None, list[str])
        finally:
            await pool.close()

    monkeypatch.setenv("LD_LIBRARY_PATH", "/nonexistent")
    seen = trio.run(ask)
    assert "TIPD_TEST_SECRET" not in seen
    assert "LD_LIBRARY_PATH" in seen  # without it some interpreters do not even start
