"""Rounds: what they open, close, tell, prove, and leave when they are cut off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
import trio
from support.stores import START, HandClock, names, note, open_store, whole_log, write_closed, write_opened

from tipd.model.finding import NewFinding
from tipd.model.tlp import Tlp
from tipd.store.frames import FrameError
from tipd.store.rounds import Proof
from tipd.store.sources import Declared, Outcome
from tipd.store.store import Store

OK = Outcome(
    state="ok",
    at=START,
    due=START + timedelta(hours=1),
    confirmed=True,
    changed=True,
    etag='"a"',
    last_modified="Sun, 15 Mar 2026 12:00:00 GMT",
    body_sha256=b"x" * 32,
    read_digest=b"d",
    refused={"bogon": 2},
)


async def declare(store: Store, name: str = "feed") -> int:
    (row,) = await store.sources.declare("blacklist", {name: Declared(digest=b"d")})
    return row.id


async def test_a_first_round_opens_and_tells(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn, HandClock()) as store:
        source = await declare(store)
        round_id = await store.rounds.begin(source)
        opened = write_opened(tmp_path / "o", store.hash_seed, names(1, 2, 3), context={"port": 80})
        assert await store.rounds.apply(round_id, source, opened, None, initial=True) == (3, 0)
        log = await whole_log(store)
        assert {finding.subject for finding in log} == set(names(1, 2, 3))
        assert {(f.kind, f.module, f.source, f.initial, f.at, f.data["port"]) for f in log} == {
            ("indicator.listed", "blacklist", "feed", True, START, 80)
        }


async def test_many_frames_are_many_transactions(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    round_id = await store.rounds.begin(source)
    before = store.writer.batches
    opened = write_opened(tmp_path / "o", store.hash_seed, names(*range(1000)), rows=100)
    assert await store.rounds.apply(round_id, source, opened, None) == (1000, 0)
    assert store.writer.batches - before == 11
    (row,) = await store.sources.all()
    assert row.entries == 1000


async def test_what_left_is_closed_with_its_reason_and_may_come_back(store: Store, tmp_path: Path) -> None:
    source, seed = await declare(store), store.hash_seed
    for opened, closed in (((1, 2), ()), ((), (2,)), ((2,), ())):
        round_id = await store.rounds.begin(source)
        await store.rounds.apply(
            round_id,
            source,
            write_opened(tmp_path / "o", seed, names(*opened)),
            write_closed(tmp_path / "c", seed, names(*closed)),
        )
    log = await whole_log(store)
    assert [finding.kind for finding in log][2:] == ["indicator.delisted", "indicator.listed"]
    assert (log[2].subject, log[2].data) == (names(2)[0], {"reason": "left"})
    newest, oldest = await store.sightings.history("host2.example.org", max_tlp=Tlp.RED)
    assert (newest.closed, oldest.reason, oldest.opened_round, oldest.closed_round) == (None, "left", 1, 2)


async def test_all_of_a_source_is_closed_in_parts(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipd.store.closing.MOST_ROWS", 4)
    source = await declare(store)
    round_id = await store.rounds.begin(source)
    await store.rounds.apply(round_id, source, write_opened(tmp_path / "o", store.hash_seed, names(*range(10))), None)
    assert await store.rounds.close_all(round_id, source, reason="source_removed") == 10
    assert await store.rounds.close_all(round_id, source, reason="source_removed") == 0
    log = await whole_log(store)
    assert [finding.data for finding in log[10:]] == [{"reason": "source_removed"}] * 10
    (row,) = await store.sources.all()
    assert row.entries == 0


async def test_subscribers_hear_what_a_round_changed(store: Store, tmp_path: Path) -> None:
    heard: list[frozenset[str]] = []
    store.writer.subscribe(lambda _seq, kinds: heard.append(kinds))
    source = await declare(store)
    opened = write_opened(tmp_path / "o", store.hash_seed, names(1))
    closed = write_closed(tmp_path / "c", store.hash_seed, names(1))
    await store.rounds.apply(1, source, opened, closed)
    assert heard[-2:] == [{"indicator.listed"}, {"indicator.delisted"}]


async def test_a_finished_round_is_its_own_proof(store: Store) -> None:
    source = await declare(store)
    round_id = await store.rounds.begin(source, started=START)
    proof = Proof(
        status="ok",
        ended=START + timedelta(seconds=3),
        url="https://lists.example.org/a.txt",
        address="2001:db8::1",
        http_status=200,
        etag='"a"\0',
        body_sha256=b"x" * 32,
        body_bytes=17,
        read_digest=b"d",
        version="0.1.0",
        entries=3,
        refused={"bogon": 2},
    )
    loaded = NewFinding(kind="source.loaded", module="blacklist", source="feed", data={"entries": 3})
    outcome = msgspec.structs.replace(OK, last_round=round_id)
    await store.rounds.finish(round_id, source, proof, outcome, [loaded])
    (kept,) = await store.rounds.last(source)
    assert (kept.id, kept.started, kept.ended, kept.address, kept.refused) == (
        round_id,
        START,
        proof.ended,
        "2001:db8::1",
        {"bogon": 2},
    )
    assert kept.etag == '"a"\N{REPLACEMENT CHARACTER}'
    row = await store.sources.get("feed")
    assert row is not None
    assert (row.state, row.last_round, row.etag, row.last_success, row.refused) == (
        "ok",
        round_id,
        '"a"',
        START,
        {"bogon": 2},
    )
    assert [finding.kind for finding in await whole_log(store)] == ["source.loaded"]


async def test_a_round_that_was_cut_off_leaves_nothing_to_be_believed(store: Store, tmp_path: Path) -> None:
    """Otherwise an old snapshot, or a 304 to old validators, would be taken for the set that is open now."""
    source = await declare(store)
    first = await store.rounds.begin(source)
    outcome = msgspec.structs.replace(OK, last_round=first)
    await store.rounds.finish(first, source, Proof(status="ok", ended=START), outcome)
    second = await store.rounds.begin(source)
    await store.rounds.apply(second, source, write_opened(tmp_path / "o", store.hash_seed, names(1)), None)
    row = await store.sources.get("feed")
    assert row is not None
    assert (row.last_round, row.etag, row.last_modified, row.body_sha256) == (None, None, None, None)
    newest, _ = await store.rounds.last(source)
    assert (newest.ended, newest.listed) == (None, 1)


async def test_a_round_cancelled_in_the_middle_goes_on_where_it_was(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    round_id = await store.rounds.begin(source)
    opened = write_opened(tmp_path / "o", store.hash_seed, names(*range(1000)), rows=10)
    with trio.CancelScope() as scope:
        store.writer.subscribe(lambda _seq, _kinds: scope.cancel())
        await store.rounds.apply(round_id, source, opened, None)
    assert scope.cancelled_caught
    listed, _ = await store.rounds.apply(round_id, source, opened, None)
    assert 0 < listed < 1000
    assert len(await whole_log(store)) == 1000


async def test_damaged_files_are_refused(store: Store, tmp_path: Path) -> None:
    source = await declare(store)
    opened = write_opened(tmp_path / "o", store.hash_seed, names(1, 2))
    opened.write_bytes(opened.read_bytes()[:-1])
    with pytest.raises(FrameError):
        await store.rounds.apply(1, source, opened, None)
    with pytest.raises(FileNotFoundError):
        await store.rounds.apply(1, source, tmp_path / "none", None)
    assert await store.writer.tell([note(1)])
    assert len(await whole_log(store)) == 1


async def test_a_round_that_is_cut_off_can_be_proved_and_has_not_ended(store: Store) -> None:
    source = await declare(store)
    round_id = await store.rounds.begin(source)
    given = {"url": "https://lists.example.org/", "address": "192.0.2.9", "body_sha256": b"s" * 32, "body": "1/1.zst"}
    await store.rounds.claim(round_id, Proof(status="ok", ended=START, entries=3, at=START, **given))
    (row,) = await store.rounds.last(source)
    assert (row.status, row.ended, row.entries) == (None, None, None)
    assert {name: getattr(row, name) for name in given} == given
    assert (row.at, row.why) == (START, "poll")


async def test_the_entries_of_the_last_whole_round_stand_whatever_was_cut_off_since(
    store: Store, tmp_path: Path
) -> None:
    source = await declare(store)
    assert await store.rounds.last_entries(source) == 0
    first = await store.rounds.begin(source)
    await store.rounds.apply(first, source, write_opened(tmp_path / "o", store.hash_seed, names(1, 2, 3)), None)
    assert await store.rounds.last_entries(source) == 0
    await store.rounds.finish(first, source, Proof(status="ok", ended=START, entries=3), OK)
    second = await store.rounds.begin(source)
    await store.rounds.apply(second, source, write_opened(tmp_path / "p", store.hash_seed, names(4, 5)), None)
    assert await store.rounds.last_entries(source) == 3
