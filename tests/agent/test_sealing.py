"""Versions: whole, signed, chained, each mail once."""

import errno
from datetime import timedelta

import msgspec
import pytest
from support.agents import NOW, SetClock, hashes

from tipd.agent import chain as chain_module
from tipd.agent.chain import Chain
from tipd.agent.keys import Keys
from tipd.agent.ledger import Added, Ledger
from tipd.agent.protocol import Manifest
from tipd.agent.sealing import Sealer
from tipd.mail.record import Record, encode
from tipd.mail.view import SHIPPED


class Desk:
    """A sealer with what it needs, on a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = Keys(folder / "keys")
        self.ledger = Ledger(folder / "ledger.sqlite")
        self.clock = SetClock()
        self.chains = {"urls": Chain(folder / "urls")}
        self.sealer = Sealer(
            agent="mx1", chains=self.chains, views=SHIPPED, ledger=self.ledger, keys=self.keys, clock=self.clock
        )

    @property
    def chain(self) -> Chain:
        return self.chains["urls"]

    def add(self, *numbers: int) -> None:
        self.ledger.add([self.mail(n) for n in numbers])

    @staticmethod
    def mail(n: int) -> Added:
        line = encode(Record(sha256=f"{n:064x}", at=f"2026-11-22T04:00:{n % 60:02}Z", size=n))
        sha256 = bytes.fromhex(f"{n:064x}")
        return Added(box=b"/m", folder=b"/m/new", name=b"%d" % n, sha256=sha256, at=0.0, lines={"urls": (0.0, line)})

    def manifest(self, n: int) -> Manifest:
        return msgspec.json.decode(self.chain.manifest(n), type=Manifest)

    def good(self) -> bool:
        return all(link.state != "bad" for link in Chain(self.chain.folder).check())


@pytest.fixture
def desk(tmp_path):
    made = Desk(tmp_path)
    yield made
    made.ledger.close()


def test_what_waits_becomes_a_version(desk):
    told = []
    desk.sealer.on_sealed(lambda view, n: told.append((view, n)))
    assert desk.sealer.seal("urls", 10) == 0
    desk.add(3, 1, 2)
    assert desk.sealer.seal("urls", 2, backlog=True) == 1
    assert desk.sealer.seal("urls", 10) == 2
    desk.sealer.tell("urls", 2)
    assert told == [("urls", 2)]
    assert hashes(desk.chain) == [f"{n:064x}" for n in (3, 1, 2)]
    one, two = desk.manifest(1), desk.manifest(2)
    assert (one.records, one.first, one.last) == (2, "2026-11-22T04:00:01Z", "2026-11-22T04:00:03Z")
    assert (one.tlp, one.onward, one.backlog, two.backlog) == ("green", True, True, False)
    assert desk.good()
    assert not list(desk.chain.folder.glob("*tmp*"))


def test_withdrawals_are_sealed_even_alone(desk):
    desk.ledger.withdraw([bytes(32)], "why", ["urls"])
    assert desk.sealer.seal("urls", 10) == 1
    assert desk.manifest(1).withdraws == ("00" * 32,)
    assert (desk.manifest(1).records, desk.manifest(1).first) == (0, "")
    assert desk.sealer.seal("urls", 10) == 0


def test_a_withdrawn_record_is_served_no_more_and_the_others_go_on(desk):
    for numbers in ((1, 2, 3), (4, 5), (6,)):
        desk.add(*numbers)
        desk.sealer.seal("urls", 10)
    desk.add(7)
    desk.ledger.withdraw([bytes.fromhex(f"{n:064x}") for n in (2, 4)], "erasure", ["urls"])
    assert desk.sealer.seal("urls", 10) == 4
    assert [desk.chain.has_body(n) for n in (1, 2, 3, 4)] == [False, False, True, True]
    said = desk.manifest(4)
    assert (said.carries, said.carried_from, said.records) == ((1, 2), desk.manifest(2).sealed, 3)
    assert (said.first, said.last) == ("2026-11-22T04:00:01Z", "2026-11-22T04:00:05Z")
    assert desk.sealer.seal("urls", 10) == 5
    assert hashes(desk.chain) == [f"{n:064x}" for n in (6, 1, 3, 5, 7)]
    assert desk.good()


class KilledError(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("where", ["Chain.append", "Chain.bury", "Ledger.sealed"])
@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("nth", [1, 2])
def test_killed_while_records_are_taken_back(desk, tmp_path, monkeypatch, where, after, nth):
    for numbers in ((1, 2), (3, 4), (5,)):
        desk.add(*numbers)
        desk.sealer.seal("urls", 10)
    desk.add(6)
    desk.ledger.withdraw([bytes.fromhex(f"{n:064x}") for n in (1, 3)], "erasure", ["urls"])
    owner = {"Chain": Chain, "Ledger": Ledger}[where.partition(".")[0]]
    name, calls = where.partition(".")[2], []
    real = getattr(owner, name)

    def killed(self, *words):
        calls.append(words)
        if len(calls) == nth and not after:
            raise KilledError
        real(self, *words)
        if len(calls) == nth:
            raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        with pytest.raises(KilledError):
            while desk.sealer.seal("urls", 10):
                pass
    desk.ledger.close()
    again = Desk(tmp_path)
    again.sealer.recover("urls")
    while again.sealer.seal("urls", 10):
        pass
    assert sorted(hashes(again.chain)) == [f"{n:064x}" for n in (2, 4, 5, 6)]
    assert sum(len(again.manifest(n).withdraws) for n in range(1, again.chain.last + 1)) == 2
    assert (again.chain.last, again.good()) == (5, True)
    again.ledger.close()


def test_a_clock_that_went_back_does_not_take_the_chain_with_it(desk):
    for n, moment in enumerate((NOW, NOW - timedelta(days=1), NOW + timedelta(minutes=1)), 1):
        desk.clock.moment = moment
        desk.add(n)
        desk.sealer.seal("urls", 10)
    sealed = [desk.manifest(n).sealed for n in (1, 2, 3)]
    assert sealed == ["2026-11-22T04:00:00Z", "2026-11-22T04:00:00Z", "2026-11-22T04:01:00Z"]


def test_a_new_key_takes_over_after_the_old_one_named_it(desk):
    old = desk.keys.public
    desk.add(1)
    desk.sealer.seal("urls", 10)
    new = desk.keys.rotate()
    for n in (2, 3):
        desk.add(n)
        desk.sealer.seal("urls", 10)
    assert [(desk.manifest(n).key, desk.manifest(n).next_key) for n in (1, 2, 3)] == [(old, ""), (old, new), (new, "")]
    assert desk.good()


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_a_disk_that_is_full_loses_nothing(desk, monkeypatch, moment):
    desk.add(1, 2)
    real, calls = chain_module.write, []

    def full(path, content, **more):
        calls.append(path)
        if moment == "after":
            real(path, content, **more)
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        target = "tipd.agent.sealing._write" if moment == "before" else "tipd.agent.chain.write"
        patch.setattr(target, full)
        with pytest.raises(OSError, match="No space"):
            desk.sealer.seal("urls", 10)
    desk.sealer.recover("urls")
    desk.sealer.seal("urls", 10)
    assert hashes(desk.chain) == [f"{n:064x}" for n in (1, 2)]
    assert desk.chain.last == 1
    assert desk.good()
    assert not list(desk.chain.folder.glob("*sealing*"))


def test_a_ledger_made_anew_learns_from_the_sealed_folder(desk, tmp_path):
    desk.add(1, 2)
    desk.ledger.withdraw([bytes.fromhex(f"{9:064x}")], "why", ["urls"])
    desk.sealer.seal("urls", 1)
    desk.sealer.seal("urls", 1)
    desk.chain.bury(1)
    desk.ledger.close()
    (tmp_path / "ledger.sqlite").unlink()
    again = Desk(tmp_path)
    assert again.sealer.recover("urls") == 2
    again.add(1, 2, 3, 9)  # all are read again
    assert again.sealer.seal("urls", 10) == 3
    # the lines of the first version are gone, so nobody can tell that its mail was in it
    assert hashes(again.chain) == [f"{n:064x}" for n in (2, 1, 3)]
    assert again.good()
    again.ledger.close()


def test_a_backup_of_the_ledger_does_not_seal_twice(desk, tmp_path):
    desk.add(1, 2)
    desk.ledger.give("urls", 1, [1])  # as the backup found it: half given
    backup = Ledger(tmp_path / "backup.sqlite")
    desk.ledger._base.backup(backup._base)
    backup.close()
    desk.ledger.release("urls")
    desk.sealer.seal("urls", 10)
    desk.ledger.close()
    (tmp_path / "backup.sqlite").rename(tmp_path / "ledger.sqlite")
    for more in ("-wal", "-shm"):
        (tmp_path / f"ledger.sqlite{more}").unlink(missing_ok=True)
    again = Desk(tmp_path)
    again.sealer.recover("urls")
    assert again.sealer.seal("urls", 10) == 0
    assert len(hashes(again.chain)) == 2
    again.ledger.close()
