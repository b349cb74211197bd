"""The single writer: order, batching, bad writes, lost commits, a store that is away, the end."""

from __future__ import annotations

import random
import signal
from typing import Any

import asyncpg
import pytest
import trio
from support import pg
from support.gate import open_gate
from support.stores import names, note, numbers, open_store, whole_log

from tipd.errors import CommitUnknown, StoreAway
from tipd.model.finding import NewFinding
from tipd.store.store import Store


async def put(connection: Any, name: str) -> str:
    await connection.execute("INSERT INTO meta (name, value) VALUES ($1, 'true')", name)
    return name


async def sleep(connection: Any, seconds: float) -> None:
    await connection.execute(f"SELECT pg_sleep({seconds})")


async def test_findings_get_ascending_numbers_in_the_order_told(store: Store) -> None:
    seqs = await store.writer.tell([note(number) for number in range(100)])
    assert seqs == sorted(set(seqs))
    assert numbers(await whole_log(store)) == list(range(100))
    assert [finding.seq for finding in await whole_log(store)] == seqs


async def test_telling_nothing_is_nothing(store: Store) -> None:
    assert await store.writer.tell([]) == []
    assert await whole_log(store) == []


async def test_more_than_a_transaction_holds_is_told_in_several(store: Store) -> None:
    seqs = await store.writer.tell([note(number) for number in range(5000)])
    assert len(seqs) == 5000
    assert store.writer.batches == 4  # three, and the partitions at the start
    assert numbers(await whole_log(store)) == list(range(5000))


async def test_a_write_and_its_findings_are_one(store: Store) -> None:
    assert await store.writer.write(put, "a", findings=[note(1)]) == "a"
    with pytest.raises(asyncpg.UniqueViolationError):
        await store.writer.write(put, "a", findings=[note(2)])
    assert numbers(await whole_log(store)) == [1]


async def test_small_writes_that_wait_are_committed_together(store: Store) -> None:
    before = store.writer.batches
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.writer.write, sleep, 0.2)
        await trio.sleep(0.05)
        for number in range(200):
            nursery.start_soon(store.writer.tell, [note(number)])
    assert store.writer.batches - before == 2
    assert sorted(numbers(await whole_log(store))) == list(range(200))


async def test_a_bad_write_among_others_fails_alone(store: Store) -> None:
    async def bad() -> None:
        with pytest.raises(asyncpg.UniqueViolationError):
            await store.writer.write(put, "hash_seed", findings=[note(1000)])

    async def stray() -> None:
        with pytest.raises(ValueError, match="not declared: 'nobody'"):
            await store.writer.tell([NewFinding(kind="a.b", module="test", source="nobody")])

    before = store.writer.batches
    async with trio.open_nursery() as nursery:
        nursery.start_soon(store.writer.write, sleep, 0.2)
        await trio.sleep(0.05)
        for number in range(5):
            nursery.start_soon(store.writer.tell, [note(number)])
        nursery.start_soon(bad)
        nursery.start_soon(stray)
        nursery.start_soon(store.writer.write, put, "good")
    assert store.writer.batches - before == 2
    assert sorted(numbers(await whole_log(store))) == list(range(5))
    assert await store.meta.get("good") is True


async def test_findings_that_cannot_be_stored_are_refused_before(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.writer.tell([NewFinding(kind="a.b", module="test", data={"x": object()})])
    with pytest.raises(ValueError, match="words"):
        await store.writer.tell([NewFinding(kind="a b\n", module="test")])
    assert await store.writer.tell([note(1)])


async def test_what_no_column_can_hold_is_replaced(store: Store) -> None:
    (one,) = names(1)
    await store.writer.tell(
        [NewFinding(kind="a.b", module="test", subject=one, data={"a\0": ["\0", "\ud800", "\\u0000"]})]
    )
    (finding,) = await whole_log(store)
    bad = "\N{REPLACEMENT CHARACTER}"
    assert finding.data == {f"a{bad}": [bad, bad, "\\u0000"]}


async def test_subscribers_hear_of_commits_and_harm_nobody(store: Store) -> None:
    heard: list[tuple[int, frozenset[str]]] = []

    def fail(_seq: int, _kinds: frozenset[str]) -> None:
        raise RuntimeError("a reader's fault")

    store.writer.subscribe(fail)
    end = store.writer.subscribe(lambda seq, kinds: heard.append((seq, kinds)))
    seqs = await store.writer.tell([note(1, "a.one"), note(2, "a.two")])
    assert (seqs[-1], frozenset({"a.one", "a.two"})) in heard
    end()
    heard.clear()
    await store.writer.tell([note(3)])
    assert heard == []


async def test_commits_of_another_process_are_heard(dsn: str, store: Store) -> None:
    heard: list[tuple[int, frozenset[str]]] = []
    store.writer.subscribe(lambda seq, kinds: heard.append((seq, kinds)))
    async with open_store(dsn) as other:
        (seq,) = await other.writer.tell([note(1)])
    with trio.fail_after(20):
        while (seq, frozenset({"test.noted"})) not in heard:
            await trio.sleep(0.01)


async def test_a_strange_notification_means_look_for_yourself(store: Store) -> None:
    heard: list[tuple[int, frozenset[str]]] = []
    store.writer.subscribe(lambda seq, kinds: heard.append((seq, kinds)))
    await store.pool.run(lambda connection: connection.execute("SELECT pg_notify('tipd_findings', 'x ² \"y')"))
    with trio.fail_after(20):
        while not heard:
            await trio.sleep(0.01)
    assert heard == [(0, frozenset())]


async def test_cancelled_callers_leave_nothing_half_done(store: Store) -> None:
    rng = random.Random(3)
    acknowledged: set[int] = set()

    async def tell(number: int) -> None:
        with trio.move_on_after(rng.uniform(0.0, 0.05)):
            await store.writer.tell([note(number), note(number)])
            acknowledged.add(number)

    for start in range(0, 300, 30):
        async with trio.open_nursery() as nursery:
            for number in range(start, start + 30):
                nursery.start_soon(tell, number)
    stored = numbers(await whole_log(store))
    assert acknowledged <= set(stored)
    assert len(acknowledged) < 300
    assert sorted(stored) == sorted([*set(stored)] * 2)


@pytest.mark.parametrize("fate", ["before", "after"])
async def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_doubled(
    pg_server: pg.Server, dsn: str, fate: str
) -> None:
    async with open_gate(pg_server.sockets) as gate, open_store(gate.dsn(dsn)) as store:
        for number in range(6):
            setattr(gate, fate, number % 3)
            with trio.fail_after(60):
                assert len(await store.writer.tell([note(number)])) == 1
                assert await store.writer.write(put, f"w{number}", findings=[note(100 + number)]) == f"w{number}"
        assert gate.lost == 6
        log = await whole_log(store)
    assert numbers(log) == [0, 100, 1, 101, 2, 102, 3, 103, 4, 104, 5, 105]


async def test_seqs_of_a_commit_whose_answer_was_lost_are_the_true_ones(pg_server: pg.Server, dsn: str) -> None:
    async with open_gate(pg_server.sockets) as gate, open_store(gate.dsn(dsn)) as store:
        gate.after = 1
        seqs = await store.writer.tell([note(1), note(2)])
        assert [finding.seq for finding in await whole_log(store)] == seqs


async def test_writes_that_wait_are_committed_at_the_end(dsn: str) -> None:
    done: list[str] = []

    async def write(store: Store, name: str) -> None:
        done.append(await store.writer.write(put, name))

    async with trio.open_nursery() as nursery:
        async with open_store(dsn) as store:
            nursery.start_soon(store.writer.write, sleep, 0.2)
            for number in range(20):
                nursery.start_soon(write, store, f"late{number}")
            await trio.sleep(0.05)
    assert len(done) == 20
    async with open_store(dsn) as store:
        for name in done:
            assert await store.meta.get(name) is True


async def test_after_the_end_nothing_is_taken(dsn: str) -> None:
    async with open_store(dsn) as store:
        pass
    with pytest.raises(StoreAway, match="stopping"):
        await store.writer.tell([note(1)])


async def test_an_end_that_cannot_drain_says_what_is_unknown(dsn: str) -> None:
    said: list[type[Exception]] = []

    async def write(store: Store, work: Any, *args: Any) -> None:
        try:
            await store.writer.write(work, *args, alone=True)
        except StoreAway as error:
            said.append(type(error))

    async with trio.open_nursery() as nursery:
        async with open_store(dsn, drain_within=0.2) as store:
            nursery.start_soon(write, store, sleep, 30)
            await trio.sleep(0.1)
            nursery.start_soon(write, store, put, "never")
            await trio.sleep(0.1)
    assert sorted(said, key=str) == [CommitUnknown, StoreAway]


async def test_writes_wait_while_the_server_is_away_and_are_done_when_it_is_back() -> None:
    server = await trio.to_thread.run_sync(pg.make_server)
    try:
        dsn = server.dsn(await trio.to_thread.run_sync(server.create_migrated))
        async with open_store(dsn) as store, trio.open_nursery() as nursery:
            await store.writer.tell([note(0)])
            await trio.to_thread.run_sync(server.stop, signal.SIGINT)
            for number in range(1, 10):
                nursery.start_soon(store.writer.tell, [note(number)])
            await trio.sleep(0.3)
            assert store.writer.waiting
            with pytest.raises(StoreAway):
                await store.findings.read(0)
            assert not store.available
            await trio.to_thread.run_sync(server.start)
            with trio.fail_after(60):
                await store.writer.tell([note(10)])
            assert sorted(numbers(await whole_log(store))) == list(range(11))
    finally:
        await trio.to_thread.run_sync(pg.remove_server, server)


@pytest.mark.parametrize("state", ["40P01", "53100", "57P01", "25006"])
async def test_what_is_not_the_write_s_fault_is_tried_again(store: Store, state: str) -> None:
    """A deadlock, a full disk, a shutdown, a standby: the callers wait, and the write is done once it can be."""
    tries = 0

    async def work(connection: Any) -> str:
        nonlocal tries
        tries += 1
        if tries < 3:
            await connection.execute(f"DO $$ BEGIN RAISE EXCEPTION 'trouble' USING ERRCODE = '{state}'; END $$")
        return await put(connection, "at last")

    with trio.fail_after(60):
        assert await store.writer.write(work, findings=[note(1)]) == "at last"
    assert numbers(await whole_log(store)) == [1]


async def test_a_write_that_never_ends_is_given_up_and_the_others_go_on(dsn: str) -> None:
    async with open_store(dsn) as store:
        store.writer._commit_within = 0.1
        with trio.fail_after(30):
            with pytest.raises(CommitUnknown):
                await store.writer.write(sleep, 60)
        store.writer._commit_within = 10
        assert await store.writer.tell([note(1)])
