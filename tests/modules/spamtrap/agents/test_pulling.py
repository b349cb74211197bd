"""One agent's view, pulled: what is taken, what is refused, and what becomes of a pull that is cut off."""

from __future__ import annotations

import itertools
import shutil
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from support import pulling, sealed
from support.agent_host import serving
from support.pulling import FakeStore, Memory, mails, name_of
from support.stores import HandClock

from tipd.agent import protocol
from tipd.agent.chain import Chain
from tipd.errors import StoreAway, TryAgain
from tipd.model.spam import PINNED, VERSION, Cursor
from tipd.modules.spamtrap.agents import pulling as pulling_
from tipd.modules.spamtrap.agents.https import HttpsOrigin
from tipd.modules.spamtrap.agents.origin import AwayError, Origin
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.modules.spamtrap.agents.verifying import Refusal, follow
from tipd.net.kept import Endpoint, Kept

NOW = datetime(2026, 11, 22, 5, tzinfo=UTC)
NEXT_KEY = protocol.public_text(sealed.NEXT.public_key())


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def agent() -> Memory:
    """An agent that sealed three versions of two mails."""
    memory = Memory()
    for n in range(3):
        memory.grow(mails(2 * n, 2 * n + 1))
    return memory


@pytest.fixture
def begin(tmp_path: Path, store: FakeStore):
    """Return what makes a pull: the first one, or one after a restart."""

    def make(origin: Origin, **settings: Any) -> Pull:
        ground = pulling.ground(tmp_path, store, HandClock(NOW))
        return Pull(ground, pulling.source(**settings), origin, pulling.no_marks)

    return make


def ours(tmp_path: Path) -> Chain:
    return Chain(tmp_path / "agents" / "mx1" / "redacted")


async def refused(pull: Pull) -> Refusal:
    with pytest.raises(Refusal) as raised:
        await pull.all()
    return raised.value


async def test_over_https(tmp_path: Path, store: FakeStore) -> None:
    (tmp_path / "host").mkdir()
    async with serving(tmp_path / "host", 3, tls=True, raw=mails(1, 2)) as host:
        token = tmp_path / "token"
        token.write_text(host.token)
        token.chmod(0o600)
        ground = pulling.ground(tmp_path, store)
        url = f"https://127.0.0.1:{host.port}"
        kept = Kept(ground.tools, Endpoint(url=url, token_file=token, ca_file=host.folder / "tls.pem"))
        origin = HttpsOrigin(kept)
        pull = Pull(ground, pulling.source(url=url), origin, pulling.no_marks)
        await pull.all()
        assert store.spam.last == 3
        host.grow(mails(3))
        await pull.all()
        await origin.aclose()
    assert store.spam.last == 4
    assert set(store.spam.mails) == {name_of(1), name_of(2), name_of(3)}
    assert [link.state for link in ours(tmp_path).check(sealed.KEY)] == ["good"] * 4


async def test_rows_findings_and_files(tmp_path: Path, store: FakeStore, agent: Memory, begin) -> None:
    pull = begin(agent)
    await pull.all()
    assert store.spam.mails == {name_of(n): n // 2 + 1 for n in range(6)}
    assert [one.kind for one in store.spam.findings] == [PINNED, VERSION, VERSION, VERSION]
    assert store.spam.findings[0].data == {"view": "redacted", "key": sealed.KEY}
    assert store.spam.findings[1].data["records"] == 2
    assert [chain := ours(tmp_path)] and [chain.manifest(n) for n in (1, 2, 3)] == agent.manifests
    assert len(store.spam.batches) == 1  # several small versions go in one transaction
    assert agent.told[-1] == 3
    assert (pull.progress.mails, pull.progress.versions, pull.progress.last_there) == (6, 3, 3)


async def test_only_what_is_lacking_is_asked_for(store: FakeStore, agent: Memory, begin) -> None:
    await begin(agent).all()
    agent.asked.clear()
    agent.grow(mails(9))
    await begin(agent).all()
    assert agent.asked == [4]
    assert store.spam.last == 4


async def test_a_given_key_is_not_pinned(store: FakeStore, agent: Memory, begin) -> None:
    await begin(agent, public_key=sealed.KEY).all()
    assert store.spam.last == 3
    assert PINNED not in [one.kind for one in store.spam.findings]


async def test_another_key_than_the_given_one(store: FakeStore, agent: Memory, begin) -> None:
    assert (await refused(begin(agent, public_key=NEXT_KEY))).reason == "key"
    assert not store.spam.batches
    assert not agent.asked


async def test_who_names_the_given_key_as_his_next_is_not_believed_for_it(store: FakeStore, begin) -> None:
    forger = Memory()
    forger.grow(mails(1), next_key=NEXT_KEY)
    assert (await refused(begin(forger, public_key=NEXT_KEY))).reason == "key"
    assert not store.spam.batches


async def test_a_key_given_after_it_was_changed_vouches_for_what_was_before(store: FakeStore, begin) -> None:
    agent = Memory()
    agent.grow(mails(1))
    agent.grow(mails(2), next_key=NEXT_KEY)
    agent.grow(mails(3), key=sealed.NEXT)
    await begin(agent, public_key=NEXT_KEY).all()
    assert store.spam.last == 3


async def test_the_key_that_was_pinned_in_another_view_holds(store: FakeStore, agent: Memory, begin) -> None:
    key = sealed.NEXT.public_key().public_bytes_raw()
    store.spam.cursor["mx1", "urls"] = Cursor(number=7, manifest_sha256=b"", key=key)
    assert (await refused(begin(agent))).reason == "key"


def forged(agent: Memory) -> None:
    agent.grow(mails(9))
    agent.manifests[3] = agent.manifests[3].replace(b'"records":1', b'"records":2')


def truncated(agent: Memory) -> None:
    agent.grow(mails(9))
    agent.bodies[4] = agent.bodies[4][:-1]


def torn(agent: Memory) -> None:
    raw = mails(9)
    agent.grow(raw)
    cut = zstandard.compress(raw)[:-5]
    agent.manifests[3] = sealed.manifest(4, protocol.digest(agent.manifests[2]), cut, raw_bytes=len(raw), records=1)
    agent.bodies[4] = cut


def more_than_told(agent: Memory) -> None:
    agent.grow(mails(9, 10), raw_bytes=10)


def fewer_than_told(agent: Memory) -> None:
    agent.grow(mails(9, 10), records=3)


def a_bomb(agent: Memory) -> None:
    agent.grow(b"\0" * 2**24, raw_bytes=2**24, records=1)


def replayed(agent: Memory) -> None:
    agent.manifests.append(agent.manifests[2])


def skipped(agent: Memory) -> None:
    agent.grow(mails(9))
    agent.grow(mails(10))
    del agent.manifests[3]


def reordered(agent: Memory) -> None:
    agent.grow(mails(9))
    agent.grow(mails(10))
    agent.manifests[3:] = agent.manifests[:2:-1]


def re_signed(agent: Memory) -> None:
    agent.grow(mails(9), key=sealed.NEXT)


def a_fork(agent: Memory) -> None:
    previous = protocol.digest(agent.manifests[1])
    agent.manifests.append(sealed.manifest(4, previous, b"x"))


def rewritten(agent: Memory) -> None:
    other = Memory()
    for n in range(4):
        other.grow(mails(100 + n))
    agent.manifests, agent.bodies = other.manifests, other.bodies


def shortened(agent: Memory) -> None:
    del agent.manifests[2]


def oversized(agent: Memory) -> None:
    agent.grow(mails(9), bytes=2**40)


def of_tomorrow(agent: Memory) -> None:
    agent.grow(mails(9), sealed="2026-11-23T05:00:00Z")


def clock_off(agent: Memory) -> None:
    agent.grow(mails(9))
    agent.date = NOW - timedelta(days=1)


def other_view(agent: Memory) -> None:
    agent.view = "full"
    agent.grow(mails(9))


def newer_by_two(agent: Memory) -> None:
    agent.grow(mails(9), format=protocol.FORMAT + 2)


@pytest.mark.parametrize(
    ("attack", "reason"),
    [
        (forged, "forged"),
        (truncated, "hash"),
        (torn, "records"),
        (more_than_told, "records"),
        (fewer_than_told, "records"),
        (a_bomb, "records"),
        (replayed, "replayed"),
        (skipped, "gap"),
        (reordered, "gap"),
        (re_signed, "key"),
        (a_fork, "fork"),
        (rewritten, "rewritten"),
        (shortened, "rewritten"),
        (oversized, "size"),
        (of_tomorrow, "clock"),
        (clock_off, "clock"),
        (other_view, "view"),
        (newer_by_two, "format"),
    ],
)
async def test_none_of_these_is_accepted(
    tmp_path: Path, store: FakeStore, agent: Memory, begin, attack, reason: str
) -> None:
    await begin(agent).all()
    before, batches = dict(store.spam.mails), len(store.spam.batches)
    attack(agent)
    for pull in (begin(agent), begin(agent, public_key=sealed.KEY)):
        assert (await refused(pull)).reason == reason
    assert store.spam.last == 3  # the last good cursor stays
    assert store.spam.mails == before
    assert len(store.spam.batches) == batches


async def test_what_is_good_before_a_bad_one_is_taken(store: FakeStore, agent: Memory, begin) -> None:
    agent.grow(mails(9))
    forged_ = agent.manifests[3].replace(b'"records":1', b'"records":3')
    agent.manifests[3] = forged_
    assert (await refused(begin(agent))).number == 4
    assert store.spam.last == 3


async def test_it_goes_on_once_it_is_mended(store: FakeStore, agent: Memory, begin) -> None:
    agent.grow(mails(9))
    good, agent.bodies[4] = agent.bodies[4], b"spoilt"
    pull = begin(agent)
    assert (await refused(pull)).reason == "hash"
    agent.bodies[4] = good
    await pull.all()
    assert store.spam.last == 4


async def test_what_retention_removed_is_a_gap_that_is_counted(store: FakeStore, agent: Memory, begin) -> None:
    agent.bodies[1] = agent.bodies[2] = None
    await begin(agent).all()
    assert store.spam.last == 3
    assert [mark.gone for batch in store.spam.batches for mark in batch.versions] == [True, True, False]
    assert set(store.spam.mails) == {name_of(4), name_of(5)}


async def test_a_later_version_takes_records_back(tmp_path: Path, store: FakeStore, agent: Memory, begin) -> None:
    agent.grow(mails(9), withdraws=(name_of(2).hex(), "no hash"))
    agent.grow(mails(10))
    await begin(agent).all()
    assert name_of(2) not in store.spam.mails
    assert {name_of(3), name_of(9), name_of(10)} <= set(store.spam.mails)
    chain = ours(tmp_path)
    assert [chain.has_body(n) for n in (1, 2, 3, 4, 5)] == [True, False, True, True, True]
    assert [mark.number for mark in store.spam.batches[0].versions] == [1, 2, 3, 4]  # nothing goes with what follows


async def test_the_key_is_changed_as_the_old_one_says(store: FakeStore, agent: Memory, begin) -> None:
    await begin(agent).all()
    agent.grow(mails(9), next_key=NEXT_KEY)
    agent.grow(mails(10), key=sealed.NEXT)
    await begin(agent, public_key=sealed.KEY).all()
    assert store.spam.last == 5
    assert store.spam.cursor["mx1", "redacted"].key == sealed.NEXT.public_key().public_bytes_raw()


async def test_stopped_between_file_and_store(tmp_path: Path, store: FakeStore, agent: Memory, begin) -> None:
    pull = begin(agent)
    store.spam.away = 1  # the first question, for the cursor
    with pytest.raises(StoreAway):
        await pull.all()
    await pull.all()
    agent.grow(mails(9))
    store.spam.away = 1  # storing
    with pytest.raises(StoreAway):
        await pull.all()
    assert (ours(tmp_path).last, store.spam.last) == (4, 3)
    agent.asked.clear()
    await begin(agent).all()
    assert store.spam.last == 4
    assert not agent.asked  # it lay here already


async def test_a_file_that_was_spoilt_on_our_disk_is_brought_again(
    tmp_path: Path, store: FakeStore, agent: Memory, begin
) -> None:
    pull = begin(agent)
    await pull.all()
    agent.grow(mails(9))
    store.spam.away = 1
    with pytest.raises(StoreAway):
        await pull.all()
    ours(tmp_path).body(4).write_bytes(b"spoilt")
    again = begin(agent)
    with pytest.raises(AwayError, match="damaged here"):
        await again.all()
    await again.all()
    assert store.spam.last == 4
    assert [link.state for link in ours(tmp_path).check()] == ["good"] * 4


async def test_lost_files_are_brought_again_and_stored_once(
    tmp_path: Path, store: FakeStore, agent: Memory, begin
) -> None:
    await begin(agent).all()
    shutil.rmtree(tmp_path / "agents")
    agent.grow(mails(9))
    batches = len(store.spam.batches)
    await begin(agent).all()
    assert [ours(tmp_path).manifest(n) for n in (1, 2, 3, 4)] == agent.manifests
    assert [mark.number for batch in store.spam.batches[batches:] for mark in batch.versions] == [4]


async def test_lost_files_are_not_replaced_by_a_rewritten_history(
    tmp_path: Path, store: FakeStore, agent: Memory, begin
) -> None:
    await begin(agent).all()
    shutil.rmtree(tmp_path / "agents")
    rewritten(agent)
    assert (await refused(begin(agent))).reason == "rewritten"
    assert ours(tmp_path).last == 0


async def test_another_chain_in_the_folder_is_moved_aside(
    tmp_path: Path, store: FakeStore, agent: Memory, begin
) -> None:
    await begin(agent).all()
    store.spam.cursor.clear()
    store.spam.mails.clear()
    other = Memory()
    for n in range(3):
        other.grow(mails(50 + n))
    store.spam.cursor["mx1", "redacted"] = Cursor(
        number=2,
        manifest_sha256=bytes.fromhex(protocol.digest(other.manifests[1])),
        key=sealed.PRIVATE.public_key().public_bytes_raw(),
    )
    await begin(other).all()
    assert ours(tmp_path).manifest(3) == other.manifests[2]
    assert (tmp_path / "agents" / "mx1" / "redacted.aside.1" / "3.manifest").exists()


async def test_taken_by_another_process_meanwhile(store: FakeStore, agent: Memory, begin) -> None:
    pull = begin(agent)
    await pull.all()
    agent.grow(mails(9))
    agent.grow(mails(10))
    four = bytes.fromhex(protocol.digest(agent.manifests[3]))
    before = store.spam.cursor["mx1", "redacted"]
    store.spam.cursor["mx1", "redacted"] = Cursor(number=4, manifest_sha256=four, key=before.key)
    with pytest.raises(TryAgain):
        await pull.all()
    await pull.all()
    assert store.spam.last == 5


async def test_away_in_the_middle(store: FakeStore, agent: Memory, begin) -> None:
    good = agent.bodies[2]
    agent.bodies[2] = AwayError("unreachable", "the cable")
    pull = begin(agent)
    with pytest.raises(AwayError):
        await pull.all()
    agent.bodies[2] = good
    await pull.all()
    assert store.spam.last == 3


async def test_nothing_sealed_yet(begin) -> None:
    with pytest.raises(AwayError, match="sealed nothing"):
        await begin(Memory(view="")).all()


@pytest.mark.parametrize("view", ["../../etc", "", ".hidden", "a/b", "x" * 65])
async def test_a_view_whose_name_is_no_folders(tmp_path: Path, store: FakeStore, begin, view: str) -> None:
    agent = Memory(view=view)
    agent.grow(mails(1))
    with pytest.raises((Refusal, AwayError)):
        await begin(agent).all()
    assert not (tmp_path / "agents").exists()


async def test_another_agent_than_was_named(begin, agent: Memory) -> None:
    assert (await refused(begin(agent, agent="mx9"))).reason == "agent"


async def test_a_thousand_versions_in_few_transactions(store: FakeStore, begin, monkeypatch) -> None:
    monkeypatch.setattr(pulling_, "MOST_VERSIONS", 16)
    agent = Memory()
    for n in range(60):
        agent.grow(mails(n))
    kept: list[int] = []

    async def on_kept(_view: str, upto: int) -> None:
        kept.append(upto)

    pull = begin(agent)
    pull._on_kept = on_kept
    await pull.all()
    assert len(store.spam.mails) == 60
    assert kept == [16, 32, 48, 60]
    assert len(store.spam.batches) == 4


async def test_signatures_are_looked_at_beside_the_loop(agent: Memory, begin, monkeypatch) -> None:
    threads: set[int] = set()

    def noted(*words):
        threads.add(threading.get_ident())
        return follow(*words)

    monkeypatch.setattr("tipd.modules.spamtrap.agents.pulling.follow", noted)
    monkeypatch.setattr("tipd.modules.spamtrap.agents.anchor.follow", noted)
    await begin(agent, public_key=sealed.KEY).all()
    assert threads
    assert threading.get_ident() not in threads


async def test_little_is_held_in_memory_at_once(store: FakeStore, begin, monkeypatch) -> None:
    monkeypatch.setattr(pulling_, "MOST_HELD", 1000)
    agent = Memory()
    for n in range(20):
        agent.grow(mails(n))
    kept: list[int] = []

    async def on_kept(_view: str, upto: int) -> None:
        kept.append(upto)

    pull = begin(agent)
    pull._on_kept = on_kept
    await pull.all()
    assert (len(store.spam.mails), kept[-1]) == (20, 20)
    held = [sum(len(agent.bodies[n + 1]) for n in range(a, b)) for a, b in itertools.pairwise([0, *kept])]
    assert max(held) <= 1000
