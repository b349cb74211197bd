"""The promise with several processes on one database, and with a server that dies: nothing lost, doubled or skipped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import trio
from support import pg
from support.stores import note, numbers, open_store, whole_log

from tipd.store.store import Store

TESTS = Path(__file__).resolve().parents[1]
WRITERS = 4
EACH = 8000


async def run_teller(dsn: str, writer: int, count: int, acknowledged: set[int]) -> None:
    """Run a writer process to its end and gather what it says was acknowledged."""
    path = os.pathsep.join((str(TESTS.parent), str(TESTS)))
    command = [sys.executable, "-m", "support.teller", dsn, str(writer), str(count), str(writer)]
    done = await trio.run_process(
        command, capture_stdout=True, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": path}
    )
    acknowledged.update(map(int, done.stdout.split()))


async def follow(store: Store, read: list[int], stop: trio.Event) -> None:
    """Follow the log as any client does: since the last seq read, as fast as it goes."""
    last = 0
    while True:
        ending = stop.is_set()
        found = await store.findings.read(last, limit=10_000)
        if found:
            last = found[-1].seq
            read += numbers(found)
        elif ending:
            return


async def test_four_writers_and_a_reader_that_follows_never_skips(dsn: str) -> None:
    acknowledged: set[int] = set()
    read: list[int] = []
    stop = trio.Event()
    async with open_store(dsn) as store, trio.open_nursery() as readers:
        readers.start_soon(follow, store, read, stop)
        async with trio.open_nursery() as writers:
            for writer in range(WRITERS):
                writers.start_soon(run_teller, dsn, writer, EACH, acknowledged)
        stop.set()
    assert acknowledged == set(range(WRITERS * EACH))
    assert sorted(read) == list(range(WRITERS * EACH))


async def kill_a_backend(store: Store) -> None:
    """kill -9 the process that serves the writer, as the kernel does without memory: all of PostgreSQL recovers."""
    pid = await store.writer.write(lambda connection: connection.fetchval("SELECT pg_backend_pid()"))
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("blow", ["backend", "server", "terminated"])
async def test_nothing_acknowledged_is_lost_and_nothing_is_doubled(blow: str) -> None:
    server = await trio.to_thread.run_sync(pg.make_server)
    acknowledged: list[int] = []
    busy = True

    async def tell(store: Store, start: int) -> None:
        number = start
        while busy:
            await store.writer.tell([note(number)])
            acknowledged.append(number)
            number += 10

    try:
        dsn = server.dsn(await trio.to_thread.run_sync(server.create_migrated))
        async with open_store(dsn) as store, trio.open_nursery() as nursery:
            for start in range(10):
                nursery.start_soon(tell, store, start)
            for _ in range(3):
                await trio.sleep(0.3)
                if blow == "backend":
                    await kill_a_backend(store)
                elif blow == "server":
                    await trio.to_thread.run_sync(server.stop, signal.SIGQUIT)
                    await trio.to_thread.run_sync(server.start)
                else:
                    every = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tipd'"
                    await trio.to_thread.run_sync(server.psql, every)
                told = len(acknowledged)
                with trio.fail_after(60):
                    while len(acknowledged) < told + 20:
                        await trio.sleep(0.01)
            busy = False
        async with open_store(dsn) as store:
            stored = numbers(await whole_log(store))
        assert len(stored) == len(set(stored))
        assert set(acknowledged) <= set(stored)
    finally:
        await trio.to_thread.run_sync(pg.remove_server, server)


async def test_the_lock_of_a_killed_process_is_freed(dsn: str) -> None:
    code = (
        "import sys, trio\nfrom support.stores import open_store\nfrom tipd import log\nlog.setup()\n"
        "async def main():\n"
        "    async with open_store(sys.argv[1]) as store:\n"
        "        print('holds', flush=True)\n"
        "        await store.writer.write(lambda c: c.execute('SELECT pg_sleep(600)'))\n"
        "trio.run(main)\n"
    )
    path = os.pathsep.join((str(TESTS.parent), str(TESTS)))
    async with open_store(dsn) as store:
        process = await trio.lowlevel.open_process(
            [sys.executable, "-c", code, dsn],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        assert process.stdout is not None
        async with process.stdout:
            said = b""
            while b"holds" not in said:
                said += await process.stdout.receive_some()
            await trio.sleep(0.2)
            with trio.move_on_after(0.3) as held:
                await store.writer.tell([note(0)])
            assert held.cancelled_caught
            process.kill()
            await process.wait()
        with trio.fail_after(60):
            await store.writer.tell([note(1)])
