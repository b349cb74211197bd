"""The asyncio door: no connection leaks, deadlines hold, a database that is away is a state."""

from __future__ import annotations

import os
import random
import signal
from typing import Any

import asyncpg
import pytest
import trio
from support import pg

from tipd import log
from tipd.errors import StoreAway, TryAgain
from tipd.store.pool import Pool, copy_out

LOG = log.get("test")


async def one(connection: Any) -> int:
    return await connection.fetchval("SELECT 1")


async def pid(connection: Any) -> int:
    return await connection.fetchval("SELECT pg_backend_pid()")


async def sleep(connection: Any, seconds: float) -> None:
    await connection.execute(f"SELECT pg_sleep({seconds})")


async def connections(connection: Any) -> int:
    return await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


async def test_runs_one_function_with_a_connection(dsn: str) -> None:
    async def add(connection: Any, left: int, *, right: int) -> int:
        return await connection.fetchval("SELECT $1::int + $2::int", left, right)

    async with Pool.open(dsn, log=LOG) as pool:
        assert pool.available
        assert await pool.run(add, 2, right=3) == 5


async def test_errors_of_statements_pass_as_they_are(dsn: str) -> None:
    async def wrong(connection: Any) -> None:
        async with connection.transaction():
            await connection.execute("SELECT nothing FROM nowhere")

    async with Pool.open(dsn, log=LOG, size=1) as pool:
        with pytest.raises(asyncpg.UndefinedTableError):
            await pool.run(wrong)
        assert await pool.run(one) == 1


async def test_thirty_cancelled_callers_leave_a_pool_of_two_whole(dsn: str) -> None:
    rng = random.Random(5)
    async with Pool.open(dsn, log=LOG, size=2) as pool:
        for _ in range(30):
            with trio.move_on_after(rng.uniform(0.0, 0.02)):
                await pool.run(sleep, 5)
        with trio.fail_after(60):
            async with trio.open_nursery() as nursery:
                for _ in range(8):
                    nursery.start_soon(pool.run, one)
        assert await pool.run(connections) <= 3  # the other reader, the pulse, and one on its way out


async def test_cancelled_while_waiting_for_a_connection(dsn: str) -> None:
    async with Pool.open(dsn, log=LOG, size=1) as pool, trio.open_nursery() as nursery:
        nursery.start_soon(pool.run, sleep, 0.3)
        await trio.sleep(0.1)
        for _ in range(10):
            with trio.move_on_after(0.005) as scope:
                await pool.run(one)
            assert scope.cancelled_caught
        with trio.fail_after(60):
            assert await pool.run(one) == 1


async def test_a_deadline_that_passes_is_a_store_that_is_away(dsn: str) -> None:
    async with Pool.open(dsn, log=LOG, size=1) as pool:
        with pytest.raises(StoreAway, match=r"within 0\.1 s"):
            await pool.within(0.1, sleep, 30)
        assert await pool.run(one) == 1


async def test_an_open_transaction_is_undone_at_release(dsn: str) -> None:
    async def leave_open(connection: Any) -> None:
        await connection.execute("BEGIN; INSERT INTO meta VALUES ('left', '1')")

    async def count(connection: Any) -> int:
        return await connection.fetchval("SELECT count(*) FROM meta WHERE name = 'left'")

    async with Pool.open(dsn, log=LOG, size=1) as pool:
        await pool.run(leave_open)
        assert await pool.run(count) == 0


async def test_a_lock_that_is_not_to_be_had_means_try_again(dsn: str) -> None:
    async def lock(connection: Any, hold: float) -> None:
        async with connection.transaction():
            await connection.execute("SET LOCAL lock_timeout = '50ms'; LOCK TABLE meta")
            await connection.execute(f"SELECT pg_sleep({hold})")

    async with Pool.open(dsn, log=LOG) as pool, trio.open_nursery() as nursery:
        nursery.start_soon(pool.run, lock, 0.5)
        await trio.sleep(0.2)
        with pytest.raises(TryAgain):
            await pool.run(lock, 0)


async def test_a_connection_that_the_server_ended_is_replaced(dsn: str, pg_server: pg.Server) -> None:
    async with Pool.open(dsn, log=LOG, size=1) as pool:
        old = await pool.run(pid)
        async with trio.open_nursery() as nursery:

            async def cut_off() -> None:
                with pytest.raises(StoreAway):
                    await pool.run(sleep, 20)

            nursery.start_soon(cut_off)
            await trio.sleep(0.2)
            pg_server.psql(f"SELECT pg_terminate_backend({old})")
        await pool.wait_available()
        assert await pool.run(pid) != old


async def test_nobody_there_at_the_start() -> None:
    with pytest.raises(StoreAway, match="cannot connect"):
        async with Pool.open("postgresql://tipd@/x?host=/nonexistent", log=LOG):
            pass


async def test_the_body_s_own_error_comes_out_as_itself(dsn: str) -> None:
    with pytest.raises(ZeroDivisionError):
        async with Pool.open(dsn, log=LOG):
            raise ZeroDivisionError


async def test_listeners_hear_and_are_told_to_look_after_a_loss(dsn: str, pg_server: pg.Server) -> None:
    heard: list[str | None] = []

    async def said(text: str | None) -> None:
        with trio.fail_after(60):
            while text not in heard:
                await trio.sleep(0.01)
        heard.clear()

    async def notify(connection: Any, text: str) -> None:
        await connection.execute("SELECT pg_notify('tipd_test', $1)", text)

    async with Pool.open(dsn, log=LOG) as pool:
        pool.listen("tipd_test", heard.append)
        await said(None)
        await pool.run(notify, "a")
        await said("a")
        pg_server.psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'tipd'")
        await said(None)
        assert pool.available
        with trio.fail_after(60):  # a connection whose end was not noticed yet may still be met
            while True:
                try:
                    await pool.run(notify, "b")
                    break
                except StoreAway:
                    await trio.sleep(0.01)
        await said("b")


async def test_copy_out_streams_pieces_through_a_thread(dsn: str) -> None:
    pieces: list[bytes] = []

    async def dump(connection: Any) -> None:
        await copy_out(connection, "SELECT g::int8 FROM generate_series(1, $1::int) g", 200_000, into=pieces.append)

    async with Pool.open(dsn, log=LOG) as pool:
        await pool.run(dump)
    assert len(pieces) > 1
    assert sum(map(len, pieces)) == 19 + 14 * 200_000 + 2


async def test_cancelled_at_any_moment_of_a_copy_it_ends_soon(dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tipd.store.pool.UNWIND_WITHIN", 0.1)
    rng = random.Random(3)

    async def dump(connection: Any) -> None:
        async with connection.transaction():
            for number in range(4):
                await copy_out(connection, f"SELECT {number}", into=lambda _piece: None)

    async with Pool.open(dsn, log=LOG, size=2) as pool:
        with trio.fail_after(60):  # without an end it waits until the server ends its idle transaction: two minutes
            for _ in range(150):
                with trio.move_on_after(rng.uniform(0, 0.01)):
                    await pool.run(dump)
            assert await pool.run(one) == 1


async def test_a_server_that_hangs_holds_nobody_beyond_the_deadline() -> None:
    server = await trio.to_thread.run_sync(pg.make_server)
    stopped: list[int] = []

    async def in_a_transaction(connection: Any) -> None:
        async with connection.transaction():
            pid_of_it = await pid(connection)
            os.kill(pid_of_it, signal.SIGSTOP)
            stopped.append(pid_of_it)
            await one(connection)

    try:
        async with Pool.open(server.dsn("postgres"), log=LOG, size=1) as pool:
            with trio.fail_after(60), pytest.raises(StoreAway):
                await pool.within(0.5, in_a_transaction)
            with trio.fail_after(60):
                await pool.wait_available()
                assert await pool.run(one) == 1  # on another connection
    finally:
        for number in stopped:
            os.kill(number, signal.SIGCONT)
        await trio.to_thread.run_sync(pg.remove_server, server)


async def test_a_full_disk_of_ours_is_not_a_database_that_is_away(dsn: str) -> None:
    def full(_piece: bytes) -> None:
        raise OSError(28, "No space left on device")

    async def dump(connection: Any) -> None:
        await copy_out(connection, "SELECT g FROM generate_series(1, 200000) g", into=full)

    async with Pool.open(dsn, log=LOG, size=1) as pool:
        with pytest.raises(OSError, match="No space"):
            await pool.run(dump)
        assert await pool.run(one) == 1


async def test_a_server_that_stops_and_starts_again() -> None:
    server = await trio.to_thread.run_sync(pg.make_server)
    try:
        async with Pool.open(server.dsn("postgres"), log=LOG) as pool:
            await pool.run(one)
            await trio.to_thread.run_sync(server.stop, signal.SIGQUIT)
            with trio.fail_after(60):
                while pool.available:
                    await trio.sleep(0.01)
            with pytest.raises(StoreAway):
                await pool.run(one)
            assert pool.trouble
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(60):
                await pool.wait_available()
            assert await pool.run(one) == 1
    finally:
        await trio.to_thread.run_sync(pg.remove_server, server)
