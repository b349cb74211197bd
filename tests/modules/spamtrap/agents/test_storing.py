"""Versions into the store: what goes into one transaction, and what is removed when records are taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import pulling, sealed
from support.pulling import FakeStore, Memory, mails, name_of

from tipd.agent import protocol
from tipd.model.spam import PINNED, VERSION
from tipd.modules.spamtrap.agents import reading
from tipd.modules.spamtrap.agents.origin import Lines
from tipd.modules.spamtrap.agents.proofs import Proofs
from tipd.modules.spamtrap.agents.pulling import Pull
from tipd.modules.spamtrap.agents.storing import Storing, bury, withdrawn
from tipd.modules.spamtrap.agents.verifying import Version


class Placed:
    """Versions of an agent that lie here."""

    def __init__(self, folder: Path) -> None:
        self.agent = Memory()
        self.store = FakeStore()
        self.ground = pulling.ground(folder, self.store)
        self.proofs = Proofs(folder, "mx1", "redacted")
        self.storing = Storing(self.ground, "mx1", self.proofs)

    def grow(self, raw: bytes, *, gone: bool = False, **more) -> Version:
        data = self.agent.grow(raw, **more)
        n = len(self.agent.manifests)
        version = Version(n, data, protocol.read(data, sealed.KEY), protocol.digest(data))
        lines = None if gone else Lines(data=self.agent.bodies[n])  # type: ignore[arg-type]
        self.proofs.put([(version, lines)])
        return version


@pytest.fixture
def placed(tmp_path: Path) -> Placed:
    return Placed(tmp_path)


async def test_what_goes_with_the_rows(placed: Placed) -> None:
    versions = [placed.grow(mails(1)), placed.grow(mails(2), gone=True), placed.grow(mails(3), backlog=True)]
    assert await placed.storing.take(versions, pinned=True) == 2
    (batch,) = placed.store.spam.batches
    assert [(one.number, one.gone, one.manifest) for one in batch.versions] == [
        (1, False, versions[0].signed),
        (2, True, versions[1].signed),
        (3, False, versions[2].signed),
    ]
    assert batch.versions[-1].sha256.hex() == versions[2].digest
    assert [one.kind for one in batch.findings] == [PINNED, VERSION, VERSION, VERSION]
    assert [one.source for one in batch.findings] == ["mx1"] * 4
    assert batch.findings[2].data["gone"] is True
    assert batch.findings[3].data["backlog"] is True


async def test_a_large_version_moves_the_cursor_with_its_last_rows(placed: Placed, monkeypatch) -> None:
    monkeypatch.setattr(reading, "MOST_MAILS", 3)
    assert await placed.storing.take([placed.grow(mails(*range(10))), placed.grow(mails(20))]) == 11
    marks = [[one.number for one in batch.versions] for batch in placed.store.spam.batches]
    assert [each for each in marks if each] == [[1, 2]]
    assert len(marks) == 4
    assert marks[-1] == [1, 2]


async def test_lines_with_what_was_taken_back_are_removed(placed: Placed) -> None:
    before = [placed.grow(mails(1, 2)), placed.grow(mails(3))]
    await placed.storing.take(before)
    taking = placed.grow(b"", withdraws=(name_of(1).hex(), name_of(9).hex(), "x", "00"))
    assert withdrawn(taking) == [name_of(1), name_of(9)]
    await placed.storing.take([taking])
    assert [placed.proofs.chain.has_body(n) for n in (1, 2, 3)] == [False, True, True]
    assert name_of(1) not in placed.store.spam.mails


async def test_only_up_to_where_it_was_taken_back(placed: Placed) -> None:
    placed.grow(mails(1))
    placed.grow(mails(1))
    assert await bury(placed.ground, placed.proofs, (name_of(1),), 1) == [1]


class CutOffError(Exception):
    """We are stopped here."""


@pytest.mark.parametrize("where", ["take", "find", "paid"])
async def test_stopped_while_records_are_taken_back(placed: Placed, tmp_path: Path, monkeypatch, where: str) -> None:
    await placed.storing.take([placed.grow(mails(1, 2)), placed.grow(mails(3))])
    taking = placed.grow(mails(2), withdraws=(name_of(1).hex(),), carries=(1,))

    async def stopped(*_words, **_more):
        raise CutOffError

    def stopped_at_once(*_words):
        raise CutOffError

    with monkeypatch.context() as patch:
        if where == "take":
            patch.setattr(placed.store.spam, "take", stopped)
        elif where == "find":
            patch.setattr("tipd.modules.spamtrap.agents.storing.bury", stopped)
        else:
            patch.setattr(Proofs, "paid", stopped_at_once)
        with pytest.raises(CutOffError):
            await placed.storing.take([taking])
    assert placed.proofs.owed() is not None

    kept: list[tuple[str, int]] = []

    async def on_kept(view: str, upto: int) -> None:
        kept.append((view, upto))

    ground = pulling.ground(tmp_path, placed.store)
    (tmp_path / "agents").mkdir()
    (tmp_path / "mx1").rename(tmp_path / "agents" / "mx1")
    await Pull(ground, pulling.source(), placed.agent, pulling.no_marks, on_kept).all()
    proofs = Proofs(tmp_path / "agents", "mx1", "redacted")
    assert [proofs.chain.has_body(n) for n in (1, 2, 3)] == [False, True, True]
    assert set(placed.store.spam.mails) == {name_of(2), name_of(3)}
    assert proofs.owed() is None
    assert kept[-1] == ("redacted", 3)


async def test_who_comes_late_misses_nothing_that_was_not_taken_back(placed: Placed) -> None:
    versions = [placed.grow(mails(1, 2), gone=True), placed.grow(mails(3))]
    await placed.storing.take([*versions, placed.grow(mails(2), withdraws=(name_of(1).hex(),), carries=(1,))])
    assert set(placed.store.spam.mails) == {name_of(2), name_of(3)}
    assert placed.proofs.owed() is None
