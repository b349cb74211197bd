"""A value forgotten lies in no version any more, is served to nobody, and does not come back with a later version."""

from pathlib import Path

import pytest
import zstandard
from support import pulling, sealed
from support.pulling import FakeStore, Inline, Memory, mail, mails

from tipd.agent.chain import Chain
from tipd.errors import StoreAway, WorkerFailed
from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.model.tlp import Tlp
from tipd.modules.spamtrap.agents.forgetting import Versions, look_through, looked
from tipd.modules.spamtrap.agents.onward import Onward
from tipd.modules.spamtrap.agents.proofs import Proofs
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.modules.spamtrap.settings import SpamtrapSettings

VALUE = "evil.example.org"
NAMING = mail(9, urls=(f"http://www.{VALUE}/a",))


def key(value: str = VALUE) -> int:
    found = canonical(value)
    return key_of(FakeStore().hash_seed, found.kind, found.value)


def holding(folder: Path) -> list[str]:
    """Return the files below a folder that hold the value, unpacked."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            raw = path.read_bytes()
            if path.name.endswith((".zst", ".part")):
                raw = zstandard.ZstdDecompressor().decompressobj().decompress(raw)
            if VALUE.encode() in raw:
                found.append(str(path.relative_to(folder)))
    return found


def versions(state_dir: Path, workers=None, **settings) -> Versions:
    return Versions(SpamtrapSettings(**settings), state_dir, workers or Inline(), FakeStore())


async def test_versions_that_name_it_are_buried_and_the_others_stay(tmp_path: Path) -> None:
    chain = Chain(tmp_path / "agents" / "mx1" / "redacted")
    for raw in (mails(1), NAMING, mails(2)):
        sealed.grow(chain, tmp_path, raw, onward=True, tlp="green")
    served = Onward(Chain(chain.folder), Tlp.GREEN)
    served.show(3)
    assert served.body(2)
    aside = Chain(tmp_path / "agents" / "mx1" / "redacted.aside.1")
    sealed.grow(aside, tmp_path, NAMING)
    pushed = Chain(tmp_path / "inbox" / "mx2" / "full")
    sealed.grow(pushed, tmp_path, NAMING)
    coming = tmp_path / "agents" / "mx1" / "full" / ".incoming" / "7.part"
    coming.parent.mkdir(parents=True)
    coming.write_bytes(zstandard.compress(NAMING * 20))
    assert len(holding(tmp_path)) == 4
    assert await versions(tmp_path).without(VALUE, [key()]) == 4
    assert holding(tmp_path) == []
    assert [link.state for link in Chain(chain.folder).check()] == ["good", "tombstone", "good"]
    with pytest.raises(FileNotFoundError):
        served.body(2)
    assert served.body(3)
    assert await versions(tmp_path).without(VALUE, [key()]) == 0


async def test_one_that_no_worker_can_look_through_is_removed(tmp_path: Path) -> None:
    class Failing(Inline):
        async def call(self, function, argument, result_type, **more):
            if any(path.endswith("/2.jsonl.zst") for path in argument.paths):
                raise WorkerFailed("seek", "out of memory")
            return await super().call(function, argument, result_type, **more)

    chain = Chain(tmp_path / "agents" / "mx1" / "redacted")
    for number in (1, 2, 3):
        sealed.grow(chain, tmp_path, mails(number))
    assert await versions(tmp_path, Failing()).without(VALUE, [key()]) == 1
    assert [Chain(chain.folder).has_body(n) for n in (1, 2, 3)] == [True, False, True]


def pull(tmp_path: Path, store: FakeStore, agent: Memory, shown: list[tuple[int, list[str]]]) -> Pull:
    async def kept(_view: str, upto: int) -> None:
        shown.append((upto, holding(tmp_path / "agents")))

    return Pull(pulling.ground(tmp_path, store), pulling.source(), agent, pulling.no_marks, kept)


async def test_what_is_blocked_does_not_come_back_with_a_later_version(tmp_path: Path) -> None:
    store, agent, shown = FakeStore(), Memory(), []
    store.proofs.keys = [key()]
    for raw in (mails(1), NAMING, mails(2)):
        agent.grow(raw)
    await pull(tmp_path, store, agent, shown).all()
    assert store.spam.last == 3
    assert shown[-1] == (3, [])
    assert all(not held for _, held in shown), "nobody was shown a version that names it"
    chain = Chain(tmp_path / "agents" / "mx1" / "redacted")
    assert [chain.has_body(n) for n in (1, 2, 3)] == [True, False, True]
    assert looked(chain.folder) == 3


async def test_cut_off_between_storing_and_looking_it_is_looked_through_the_next_time(tmp_path: Path) -> None:
    store, agent, shown = FakeStore(), Memory(), []
    agent.grow(NAMING)
    honest = store.proofs.blocked

    async def away() -> list[int]:
        if store.spam.last:
            raise StoreAway("away")
        return await honest()

    store.proofs.blocked = away  # type: ignore[method-assign]
    with pytest.raises(StoreAway):
        await pull(tmp_path, store, agent, shown).all()
    assert store.spam.last == 1
    assert (shown, len(holding(tmp_path / "agents"))) == ([], 1)
    store.proofs.blocked = honest  # type: ignore[method-assign]
    store.proofs.keys = [key()]
    await pull(tmp_path, store, agent, shown).all()
    assert shown[0] == (1, [])


async def test_only_what_is_new_is_looked_through(tmp_path: Path) -> None:
    store = FakeStore()
    ground, proofs = pulling.ground(tmp_path, store), Proofs(tmp_path / "agents", "mx1", "redacted")
    sealed.grow(proofs.chain, tmp_path, NAMING)
    assert await look_through(ground, proofs, 1)
    store.proofs.keys = [key()]
    assert not await look_through(ground, proofs, 1)
    assert proofs.chain.has_body(1), "forgetting looks for it itself"
    sealed.grow(proofs.chain, tmp_path, NAMING)
    assert await look_through(ground, proofs, 2)
    assert [proofs.chain.has_body(n) for n in (1, 2)] == [True, False]
