"""A batch: what it learns, what it notes, and how an attempt whose fate is unknown is told from one that failed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from support.stores import START, note, whole_log

from tipd.store.batch import Batch, Known, Request, Written
from tipd.store.store import Store
from tipd.store.telling import told


def request(*numbers: int, work: Any = None) -> Request:
    return Request(work, [told(note(number), 0) for number in numbers], alone=False)


async def test_a_batch_that_was_committed_is_not_committed_again(store: Store) -> None:
    one = request(1, 2)
    batch = Batch(uuid.uuid4(), 1, [one], START, Known())
    await store.pool.write(10, batch.commit)
    await store.pool.write(10, batch.commit)
    last_seq, kinds, _ = batch.answer()
    log = await whole_log(store)
    assert [finding.data["n"] for finding in log] == [1, 2]
    assert one.seqs == [finding.seq for finding in log]
    assert (last_seq, kinds) == (one.seqs[-1], {"test.noted"})


async def test_the_next_batch_of_a_writer_is_another(store: Store) -> None:
    writer = uuid.uuid4()
    for number in (1, 2):
        await store.pool.write(10, Batch(writer, number, [request(number)], START, Known()).commit)
    assert len(await whole_log(store)) == 2
    rows = await store.pool.run(
        lambda connection: connection.fetch("SELECT number FROM batch WHERE writer = $1", writer)
    )
    assert [row["number"] for row in rows] == [2]


async def test_what_was_undone_is_not_known(store: Store) -> None:
    known = Known()

    async def fail(_connection: Any) -> None:
        raise ZeroDivisionError

    batch = Batch(uuid.uuid4(), 1, [request(1), request(work=fail)], START, known)
    with pytest.raises(ZeroDivisionError):
        await store.pool.write(10, batch.commit)
    assert not known.months
    batch.apart = True
    await store.pool.write(10, batch.commit)
    assert batch.answer()[2].months == {"finding_2026_03"}
    assert [type(one.error) for one in batch.requests] == [type(None), ZeroDivisionError]


async def test_work_that_tells_by_itself_says_so(store: Store) -> None:
    async def work(_connection: Any) -> Written[str]:
        return Written("done", 41, frozenset({"a.b"}))

    one = request(work=work)
    batch = Batch(uuid.uuid4(), 1, [one], START, Known())
    await store.pool.write(10, batch.commit)
    assert batch.answer()[:2] == (41, {"a.b"})
    assert one.result == "done"


async def test_more_kinds_than_a_notification_holds_are_any_kind(store: Store) -> None:
    rows = [told(note(number, f"kind.{'x' * 90}{number}"), 0) for number in range(100)]
    await store.pool.write(10, Batch(uuid.uuid4(), 1, [Request(None, rows, alone=False)], START, Known()).commit)
    assert len(await whole_log(store)) == 100
