"""The agent at work: what comes is sealed once, whatever happens to its folders."""

import errno
import hashlib
import os
import shutil

import msgspec
import pytest
import trio
from support.agents import SetClock, config, hashes, host
from support.maildirs import Maildir, mail

from tipd.agent import folders, loop
from tipd.agent.loop import Agent, once, run
from tipd.agent.protocol import Manifest
from tipd.agent.reading import Outcome
from tipd.agent.settings import MaildirSettings
from tipd.errors import TipdError, WorkerFailed


@pytest.fixture
def maildir(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


class Working:
    """An agent at work in a nursery, whose versions can be waited for."""

    def __init__(self, settings, nursery, clock=None):
        self.host = host(settings, clock)
        self._nursery = nursery
        self._sealed = trio.Condition()
        self.host.sealer.on_sealed(lambda _view, _n: nursery.start_soon(self._wake))

    async def _wake(self):
        async with self._sealed:
            self._sealed.notify_all()

    async def __aenter__(self):
        self.agent = await self._nursery.start(run, self.host)
        return self

    async def until(self, count: int, view: str = "urls") -> list[str]:
        """Wait until so many mails are sealed; return their hashes."""
        with trio.fail_after(20):
            async with self._sealed:
                while len(found := hashes(self.host.chains[view])) < count:
                    await self._sealed.wait()
        return found

    async def __aexit__(self, *_exception):
        self._nursery.cancel_scope.cancel()
        with trio.CancelScope(shield=True):
            await self.agent.close()
        self.host.close()


QUICK = {"seal_after": "1ms", "look_every": "50ms"}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(loop, "_TICK", 0.02)
    monkeypatch.setattr(loop, "_FIND", 0.0)


def sha(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


async def test_what_comes_is_sealed_whichever_way_it_comes(tmp_path, maildir, nursery):
    maildir.deliver(mail(0))
    (tmp_path / "mbox").write_bytes(b"")
    async with Working(config(tmp_path, maildir.path, tmp_path / "mbox", **QUICK), nursery) as working:
        await working.until(1)
        name = maildir.deliver(mail(1))
        await working.until(2)
        maildir.read(name)
        maildir.deliver(mail(2), folder=".Junk")
        (tmp_path / "mbox").write_bytes(b"From a\n" + mail(3) + b"\nFrom b\n" + mail(4) + b"\n")
        os.utime(tmp_path / "mbox", (1, 1))
        found = await working.until(5)
        assert sorted(found) == sorted(sha(mail(n)) for n in range(5))
        assert await working.until(5, "redacted")
        assert not working.agent.trouble


def test_a_backlog_is_taken_newest_first_and_flagged(tmp_path, maildir, monkeypatch):
    monkeypatch.setattr(folders, "SLICE", 3)
    for n in range(8):
        maildir.deliver(mail(n))
    opened = host(config(tmp_path, maildir.path))

    async def slices() -> None:
        agent = Agent(opened)
        await agent.find()
        while await agent.look():
            await agent.seal(all_of_it=True)
        await agent.seal(all_of_it=True)
        await agent.close()

    trio.run(slices)
    chain = opened.chains["urls"]
    assert hashes(chain) == [sha(mail(n)) for n in reversed(range(8))]
    manifests = [msgspec.json.decode(chain.manifest(n), type=Manifest) for n in range(1, chain.last + 1)]
    assert [(each.records, each.backlog) for each in manifests] == [(3, True), (3, True), (2, False)]
    opened.close()


def test_a_second_start_finds_nothing_new(tmp_path, maildir):
    settings = config(tmp_path, maildir.path, seal_records=2)
    for n in range(5):
        maildir.deliver(mail(n))
    for _ in range(3):
        opened = host(settings)
        agent = trio.run(once, opened)
        assert opened.chains["urls"].last == 3
        opened.close()
    assert agent.taking.counts == {}


async def test_mails_moved_while_they_are_read_are_found(tmp_path, maildir, nursery):
    names = [maildir.deliver(mail(n)) for n in range(150)]
    async with Working(config(tmp_path, maildir.path, **QUICK), nursery) as working:
        for name in names:
            maildir.read(name)
            await trio.lowlevel.checkpoint()
        found = await working.until(150)
        assert len(set(found)) == len(found) == 150


async def test_a_folder_that_is_removed_and_made_again(tmp_path, maildir, nursery):
    maildir.deliver(mail(0))
    async with Working(config(tmp_path, maildir.path, **QUICK), nursery) as working:
        await working.until(1)
        shutil.rmtree(maildir.path)
        with trio.fail_after(20):
            while working.agent.folders:  # until it has seen that they are gone
                await trio.sleep(0.01)
        again = Maildir(maildir.path, "mx2.example.org")  # no name comes twice
        again.deliver(mail(1))
        again.deliver(mail(0))  # the same mail again, under another name
        await working.until(2)
        again.deliver(mail(2))
        assert await working.until(3) == [sha(mail(n)) for n in range(3)]


async def test_the_state_folder_removed_ends_it(tmp_path, maildir):
    opened = host(config(tmp_path, maildir.path))
    with trio.fail_after(30), pytest.raises(TipdError, match="removed or replaced"):
        async with trio.open_nursery(strict_exception_groups=True) as nursery:
            nursery.start_soon(_removed, tmp_path)
            try:
                await run(opened)
            except TipdError as error:
                nursery.cancel_scope.cancel()
                raised = error
        raise raised
    opened.close()


async def _removed(tmp_path):
    shutil.rmtree(tmp_path / "state")


@pytest.mark.parametrize("trouble", ["full", "disk", "process", "database"])
async def test_trouble_makes_it_wait_and_loses_nothing(tmp_path, maildir, nursery, monkeypatch, trouble):
    import sqlite3

    from tipd.agent.ledger import Ledger
    from tipd.agent.readers import Reader

    monkeypatch.setattr(loop, "_LONGEST_PAUSE", 0.05)
    for n in range(3):
        maildir.deliver(mail(n))
    left = [2]

    def broken(real, error):
        def call(*words, **more):
            if left[0]:
                left[0] -= 1
                raise error
            return real(*words, **more)

        return call

    if trouble == "full":
        monkeypatch.setattr(
            loop, "room", lambda _folder, told=[5, 5, 10**12]: told.pop(0) if len(told) > 1 else told[0]
        )
    elif trouble == "disk":
        from tipd.agent import sealing

        error = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(sealing, "_write", broken(sealing._write, error))
    elif trouble == "process":
        monkeypatch.setattr(Reader, "_spawn", broken(Reader._spawn, WorkerFailed("system", "no process")))
    else:
        monkeypatch.setattr(Ledger, "add", broken(Ledger.add, sqlite3.OperationalError("database or disk is full")))
    more = QUICK | ({"min_free": "1MB"} if trouble == "full" else {})
    async with Working(config(tmp_path, maildir.path, **more), nursery) as working:
        found = await working.until(3)
        assert len(found) == len(set(found)) == 3
        chain = working.host.chains["urls"]
        assert [link.state for link in chain.check(working.host.keys.public)] == ["good"] * chain.last


async def test_mails_expire_where_they_are_told_to(tmp_path, maildir, nursery, monkeypatch):
    monkeypatch.setattr(loop, "_TEND", 0.02)
    maildir.deliver(mail(1))
    maildir.deliver(mail(2), at=int(SetClock().now().timestamp()))
    told = MaildirSettings(path=str(maildir.path), expire="3d")
    async with Working(config(tmp_path, told, **QUICK), nursery) as working:
        await working.until(2)
        with trio.fail_after(30):
            while len(list((maildir.path / "new").iterdir())) > 1:
                await trio.sleep(0.01)
        assert await working.until(2, "redacted")


def test_a_day_back_changes_nothing(tmp_path, maildir):
    from datetime import timedelta

    clock = SetClock()
    opened = host(config(tmp_path, maildir.path), clock)
    for n in range(3):
        maildir.deliver(mail(n), at=int(clock.now().timestamp()))
        trio.run(once, opened)
        clock.moment -= timedelta(days=1)
    sealed = [msgspec.json.decode(opened.chains["urls"].manifest(n), type=Manifest).sealed for n in (1, 2, 3)]
    assert sealed == sorted(sealed)
    assert len(hashes(opened.chains["urls"])) == 3
    opened.close()


def test_a_folder_without_rights_is_told_once_and_harms_no_other(tmp_path, maildir, monkeypatch):
    other = Maildir(tmp_path / "Other")
    other.deliver(mail(1))
    maildir.deliver(mail(2))
    opened = host(config(tmp_path, maildir.path, other.path, "/nowhere/Maildir"))
    real = os.listdir

    def refused(path):
        if os.fsencode(maildir.path) in os.fsencode(path):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("tipd.agent.listing.os.listdir", refused)
    agent = trio.run(once, opened)
    assert hashes(opened.chains["urls"]) == [sha(mail(1))]
    assert {folder.fault for folder in agent.folders.values()} == {"Permission denied", ""}
    assert "/nowhere/Maildir" in agent.trouble
    opened.close()


def test_a_maildir_whose_folders_cannot_be_listed_is_read_all_the_same_and_told(tmp_path, maildir, monkeypatch):
    maildir.deliver(mail(1))
    opened = host(config(tmp_path, maildir.path))
    real = os.scandir

    def refused(path):
        if os.fsencode(path) == os.fsencode(maildir.path):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("tipd.agent.maildir.os.scandir", refused)
    agent = trio.run(once, opened)
    assert hashes(opened.chains["urls"]) == [sha(mail(1))]
    assert agent.trouble == {str(maildir.path): f"{maildir.path}: Permission denied"}
    opened.close()


@pytest.mark.parametrize("fault", ["rewritten", "failed"])
def test_an_mbox_file_that_changes_while_it_is_read_gives_no_torn_mail(tmp_path, monkeypatch, fault):
    from tipd.agent.readers import Reader

    raws = [mail(n) for n in range(5)]
    path = tmp_path / "mbox"

    def write(some) -> None:
        path.write_bytes(b"".join(b"From a\n" + raw + b"\n" for raw in some))
        os.utime(path, (1, 1))

    write(raws)
    real, left = Reader.read, [1]

    async def read(self, entries):
        if left.pop() if left else 0:
            if fault == "rewritten":  # a mail program removed the first
                write(raws[1:])
            else:
                failed = await real(self, entries[1:])
                return [Outcome(state="failed", why="Input/output error"), *failed]
        return await real(self, entries)

    monkeypatch.setattr(Reader, "read", read)
    opened = host(config(tmp_path, path))
    for _ in range(2):
        trio.run(once, opened)
    gone = 1 if fault == "rewritten" else 0
    assert sorted(hashes(opened.chains["urls"])) == sorted(sha(raw) for raw in raws[gone:])
    opened.close()
