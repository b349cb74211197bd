"""The log read by position: order, kinds, and what cannot be resumed from."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from support.stores import HandClock, note, numbers, open_store

from tipd.errors import GoneError
from tipd.model.finding import NewFinding, encode
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.connection import Connection
from tipd.store.findings import PAGE
from tipd.store.sources import Declared
from tipd.store.store import Store


async def test_a_finding_comes_back_in_the_shape_clients_read(dsn: str) -> None:
    clock = HandClock(datetime(2026, 11, 22, 4, 0, 0, 123456, tzinfo=UTC))
    async with open_store(dsn, clock) as store:
        await store.sources.declare("blacklist", {"ipsum": Declared()})
        told = NewFinding(
            kind="indicator.listed",
            module="blacklist",
            source="ipsum",
            subject=Indicator(Kind.IPV4, "198.51.100.7"),
            data={"port": 80},
            initial=True,
        )
        (seq,) = await store.writer.tell([told])
        (finding,) = await store.findings.read(0)
    assert msgspec.json.decode(encode(finding)) == {
        "seq": seq,
        "at": "2026-11-22T04:00:00.123456Z",
        "kind": "indicator.listed",
        "module": "blacklist",
        "source": "ipsum",
        "subject": {"kind": "ipv4", "value": "198.51.100.7"},
        "data": {"port": 80},
        "initial": True,
        "tlp": "amber",
    }


async def test_one_without_source_and_subject(store: Store) -> None:
    await store.writer.tell([NewFinding(kind="module.failed", module="fastflux")])
    (finding,) = await store.findings.read(0)
    assert (finding.source, finding.subject, finding.data, finding.initial) == (None, None, {}, msgspec.UNSET)


async def test_reading_goes_on_from_the_last(store: Store) -> None:
    seqs = await store.writer.tell([note(number) for number in range(10)])
    assert numbers(await store.findings.read(0, limit=4)) == [0, 1, 2, 3]
    assert numbers(await store.findings.read(seqs[3], limit=4)) == [4, 5, 6, 7]
    assert numbers(await store.findings.read(seqs[7])) == [8, 9]
    assert await store.findings.read(seqs[9]) == []


async def test_more_than_a_page_is_read_whole(store: Store) -> None:
    count = 2 * PAGE + 7
    await store.writer.tell([note(number) for number in range(count)])
    assert numbers(await store.findings.read(0, limit=count + 1)) == list(range(count))
    assert len(await store.findings.read(0, limit=PAGE + 1)) == PAGE + 1


async def test_kinds_are_chosen(store: Store) -> None:
    kinds = ["indicator.listed", "source.degraded", "indicator.delisted", "source.degraded"]
    await store.writer.tell([note(number, kind) for number, kind in enumerate(kinds)])
    assert numbers(await store.findings.read(0, kinds=["source.degraded"])) == [1, 3]
    assert numbers(await store.findings.read(0, kinds=["source.degraded"], limit=1)) == [1]
    assert numbers(await store.findings.read(0, kinds=["indicator.listed", "source.degraded"])) == [0, 1, 3]
    assert await store.findings.read(0, kinds=["nothing.such"]) == []


async def test_what_first_rounds_loaded_is_left_out(store: Store) -> None:
    subject = Indicator(Kind.IPV4, "192.0.2.1")
    first, later = (
        NewFinding(kind="indicator.listed", module="m", subject=subject, initial=one) for one in (True, False)
    )
    loaded = NewFinding(kind="source.loaded", module="m", initial=True)
    seqs = await store.writer.tell([first, first, loaded, later, first])
    assert [one.seq for one in await store.findings.read(0, initial=False)] == seqs[2:4]
    assert [one.seq for one in await store.findings.read(0, initial=False, kinds=["indicator.listed"])] == [seqs[3]]
    assert await store.findings.read(seqs[3], initial=False) == []


async def test_rare_kinds_are_found_by_an_index_of_their_own(store: Store) -> None:
    await store.writer.tell([note(number, "indicator.listed") for number in range(5000)])
    await store.writer.tell([note(1, "source.degraded")])

    async def explain(connection: Any) -> str:
        rows = await connection.fetch(
            "EXPLAIN SELECT seq FROM finding WHERE seq > 0 AND kind = ANY('{source.degraded}'::text[])"
            " AND kind <> 'indicator.listed' AND kind <> 'indicator.delisted' ORDER BY seq LIMIT 10"
        )
        return "\n".join(row[0] for row in rows)

    await store.pool.run(lambda connection: connection.execute("ANALYZE finding"))
    assert "finding_2026" in (plan := await store.pool.run(explain))
    assert "kind_idx" in plan or "seq_idx1" in plan


async def test_an_empty_log(store: Store) -> None:
    assert await store.findings.bounds() == (1, 0)
    assert await store.findings.last_seq() == 0
    assert await store.findings.read(0) == []


async def test_a_position_ahead_of_the_log_is_gone(store: Store) -> None:
    (seq,) = await store.writer.tell([note(1)])
    for since in (seq + 1, 2**63, 2**80):
        with pytest.raises(GoneError) as caught:
            await store.findings.read(since)
        assert (caught.value.first, caught.value.last) == (seq, seq)


async def test_a_position_below_retention_is_gone_and_the_first_is_not(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        old = await store.writer.tell([note(number) for number in range(5)])
        clock.move(timedelta(days=60))
        new = await store.writer.tell([note(number) for number in range(5, 8)])
        await store.partitions.prune(timedelta(days=10), clock.now())
        for since in (0, old[0], old[3]):
            with pytest.raises(GoneError) as caught:
                await store.findings.read(since)
            assert (caught.value.first, caught.value.last) == (new[0], new[-1])
        first, last = await store.findings.bounds()
        assert (first, last) == (new[0], new[-1])
        assert numbers(await store.findings.read(first - 1)) == [5, 6, 7]
        assert numbers(await store.findings.read(old[4])) == [5, 6, 7]


async def test_a_log_of_which_all_is_gone_still_knows_where_it_was(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        seqs = await store.writer.tell([note(number) for number in range(5)])
        clock.move(timedelta(days=60))
        await store.partitions.prune(timedelta(days=10), clock.now())
        assert await store.findings.bounds() == (seqs[-1] + 1, seqs[-1])
        assert await store.findings.read(seqs[-1]) == []
        with pytest.raises(GoneError):
            await store.findings.read(0)
        assert (await store.writer.tell([note(9)]))[0] > seqs[-1]


async def test_cursors_are_kept_by_reader(dsn: str) -> None:
    async with open_store(dsn) as store:
        assert await store.findings.cursor("module:fastflux") == 0
        await store.findings.move_cursor("module:fastflux", 17)
        await store.findings.move_cursor("module:fastflux", 12)
    async with open_store(dsn) as store:
        assert await store.findings.cursor("module:fastflux") == 12
        assert await store.findings.cursor("module:listing") == 0


async def test_sources_declared_meanwhile_by_another_process_have_their_names(dsn: str, store: Store) -> None:
    async with open_store(dsn) as other:
        for name in ("a", "b"):
            await other.sources.declare("blacklist", {name: Declared()})
            await other.writer.tell([NewFinding(kind="source.loaded", module="blacklist", source=name)])
            assert (await store.findings.read(0))[-1].source == name


async def test_the_mark_is_the_stricter_of_the_rows_and_its_sources_present_one(store: Store) -> None:
    await store.sources.declare("blacklist", {"ipsum": Declared(digest=b"x", tlp=Tlp.CLEAR)})
    listed = NewFinding(kind="indicator.listed", module="blacklist", source="ipsum")
    await store.writer.tell([listed, NewFinding(kind="allow.added", module="allow"), listed])
    await store.writer.write(_mark_first, 3)
    assert [one.tlp for one in await store.findings.read(0)] == ["amber+strict", "amber", msgspec.UNSET]
    await store.sources.declare("blacklist", {"ipsum": Declared(digest=b"x", tlp=Tlp.RED)})
    assert [one.tlp for one in await store.findings.read(0)] == ["red", "amber", "red"]
    assert [one.source for one in await store.findings.read(0)] == ["ipsum", None, "ipsum"]


async def _mark_first(connection: Connection, tlp: int) -> None:
    await connection.execute("UPDATE finding SET tlp = $1 WHERE seq = (SELECT min(seq) FROM finding)", tlp)
