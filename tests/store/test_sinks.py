"""The rows of the sinks: one process at a time, and a cursor that only its holder moves."""

from __future__ import annotations

from uuid import uuid4

import trio
from support.stores import START, note, open_store

from tipd.model.finding import SINK_STOPPED, NewFinding
from tipd.store.connection import Connection
from tipd.store.sinks import Place
from tipd.store.store import Store

URL, OTHER = b"one", b"other"


async def test_it_begins_at_the_logs_end_once(store: Store) -> None:
    seqs = await store.writer.tell([note(number) for number in range(5)])
    me = uuid4()
    assert await store.sinks.hold("hook", me, URL) == Place(seq=seqs[-1])
    await store.writer.tell([note(6)])
    assert await store.sinks.hold("hook", me, URL) == Place(seq=seqs[-1])
    assert await store.findings.cursor("sink:hook") == seqs[-1]


async def test_an_empty_log_begins_at_nothing(store: Store) -> None:
    assert await store.sinks.hold("hook", uuid4(), URL) == Place(seq=0)


async def test_one_process_at_a_time(store: Store) -> None:
    me, you = uuid4(), uuid4()
    assert await store.sinks.hold("hook", me, URL) is not None
    assert await store.sinks.hold("hook", you, URL) is None
    assert await store.sinks.begin("hook", you, 5) is False
    assert await store.sinks.move("hook", you, 0, 5) is False
    assert await store.sinks.begin("hook", me, 5)
    assert await store.sinks.hold("hook", me, URL) == Place(seq=0, pending=5)
    assert await store.sinks.move("hook", me, 3, 5) is False  # not from where it is
    assert await store.sinks.move("hook", me, 0, 5)
    assert await store.sinks.hold("hook", me, URL) == Place(seq=5)
    await store.sinks.release("hook", you)
    assert await store.sinks.hold("hook", you, URL) is None
    await store.sinks.release("hook", me)
    assert await store.sinks.hold("hook", you, URL) == Place(seq=5)
    assert await store.sinks.move("hook", me, 5, 6) is False


async def expire(connection: Connection) -> None:
    await connection.execute("UPDATE sink SET held_until = clock_timestamp() - interval '1 second'")


async def test_a_lease_that_ran_out_is_anybodys(store: Store) -> None:
    me, you = uuid4(), uuid4()
    await store.sinks.hold("hook", me, URL)
    await store.sinks.begin("hook", me, 7)
    await store.writer.write(expire)
    assert await store.sinks.hold("hook", you, URL) == Place(seq=0, pending=7)
    assert await store.sinks.hold("hook", me, URL) is None


async def test_many_at_once_one_gets_it(dsn: str) -> None:
    got: list[Place | None] = []
    async with open_store(dsn) as one, open_store(dsn) as two, trio.open_nursery() as nursery:

        async def take(store: Store) -> None:
            got.append(await store.sinks.hold("hook", uuid4(), URL))

        for _ in range(10):
            nursery.start_soon(take, one)
            nursery.start_soon(take, two)
    assert len([place for place in got if place is not None]) == 1


async def test_stopped_until_it_is_resumed_or_leads_elsewhere(store: Store) -> None:
    me = uuid4()
    await store.sinks.hold("hook", me, URL)
    told = NewFinding(kind=SINK_STOPPED, module="watching", data={"sink": "hook"})
    await store.sinks.stop("hook", me, START, "gone \0 away", told)
    place = await store.sinks.hold("hook", me, URL)
    assert place is not None
    assert place.stopped == START
    assert place.why is not None
    assert place.why.startswith("gone")
    (finding,) = await store.findings.read(0)
    assert (finding.kind, finding.tlp) == (SINK_STOPPED, "amber")
    assert (await store.sinks.all())["hook"].stopped == START
    assert await store.sinks.resume("hook")
    assert not await store.sinks.resume("hook")
    await store.sinks.stop("hook", me, START, "gone", told)
    moved = await store.sinks.hold("hook", me, OTHER)
    assert moved is not None
    assert (moved.stopped, moved.why) == (None, None)
