"""From names to mails in the ledger."""

import os

import pytest
from support.agents import config, host
from support.maildirs import Maildir, mail

from tipd import log
from tipd.agent.budget import Budget
from tipd.agent.maildir import Box
from tipd.agent.settings import MaildirSettings
from tipd.agent.taking import Taking
from tipd.mail.view import View


@pytest.fixture
def maildir(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


@pytest.fixture
async def taking(tmp_path, maildir):
    views = {"late": View(delay="1h"), "other": View(maildirs=("/elsewhere/*",)), "here": View(maildirs=("*/Mail*",))}
    settings = config(tmp_path, maildir.path, views=views, workers=2)
    opened = host(settings)
    keys = {name: bytes(32) for name in ("urls", "late", "other", "here")}
    made = Taking(
        settings, keys, ledger=opened.ledger, budget=Budget(8.0, 1e9), clock=opened.clock, log=log.get("agent")
    )
    made.ledger = opened.ledger
    yield made
    await made.close()
    opened.close()


def box_of(maildir, **more) -> Box:
    return Box(maildir.path, MaildirSettings(path=str(maildir.path), **more))


def new(maildir) -> bytes:
    return os.fsencode(maildir.path / "new")


async def test_mails_are_taken_once_under_whatever_name(maildir, taking):
    names = [os.fsencode(maildir.deliver(mail(n))) for n in range(3)]
    assert await taking.names(box_of(maildir), new(maildir), names)
    assert taking.counts == {"read": 3, "new": 3}
    moved = [name + b":2,S" for name in names]
    assert await taking.names(box_of(maildir), new(maildir), [*names, *moved, names[0]])
    assert taking.counts == {"read": 3, "new": 3}


async def test_many_are_shared_out_among_the_processes(maildir, taking):
    names = [os.fsencode(maildir.deliver(mail(n))) for n in range(200)]
    await taking.names(box_of(maildir), new(maildir), names)
    assert taking.counts["new"] == 200
    assert [reader._process is not None for reader in taking._readers] == [True, True]


async def test_each_view_gets_its_maildirs_and_waits_as_long_as_it_says(maildir, taking):
    await taking.names(box_of(maildir), new(maildir), [os.fsencode(maildir.deliver(mail(1), at=1_000_000_000))])
    waiting = {view: taking.ledger.waiting(view, 1_000_000_000.0, 9) for view in ("urls", "late", "other", "here")}
    assert waiting == {"urls": 1, "late": 0, "other": 0, "here": 1}
    assert taking.ledger.waiting("late", 1_000_003_600.0, 9) == 1


async def test_a_name_of_the_future_does_not_make_a_mail_wait(maildir, taking):
    await taking.names(box_of(maildir), new(maildir), [os.fsencode(maildir.deliver(mail(1), at=4_000_000_000))])
    now = taking._clock.now().timestamp()
    assert taking.ledger.waiting("urls", now, 9) == 1
    assert taking.ledger.waiting("late", now + 3600, 9) == 1


async def test_a_clock_that_goes_back_makes_nothing_wait(maildir, taking):
    at = int(taking._clock.now().timestamp())
    await taking.names(box_of(maildir), new(maildir), [os.fsencode(maildir.deliver(mail(1), at=at))])
    assert taking.ledger.waiting("urls", at - 86400.0, 9) == 1


async def test_a_name_that_begins_with_a_dot_is_no_mail(maildir, taking):
    for name in (".1.half", ".nfs0000012"):
        (maildir.path / "new" / name).write_bytes(mail(1)[:90])  # what rsync and NFS leave
    assert await taking.names(box_of(maildir), new(maildir), [b".1.half", b".nfs0000012"])
    assert taking.counts == {}


async def test_what_went_is_refused_or_failed_is_counted(maildir, taking, monkeypatch):
    (maildir.path / "new" / "1.link").symlink_to("/etc/passwd")
    os.mkfifo(maildir.path / "new" / "2.pipe")
    assert await taking.names(box_of(maildir), new(maildir), [b"1.link", b"2.pipe", b"3.gone"])
    assert taking.counts == {"refused": 2, "gone": 1}
    assert taking.refused == {"a link": 1, "a pipe": 1}


async def test_one_that_cannot_be_read_now_is_for_later(maildir, taking):
    name = os.fsencode(maildir.deliver(mail(1)))
    box = box_of(maildir)
    from tipd.agent.reading import Entry, Outcome

    found = [(Entry(folder=new(maildir), name=name), Outcome(state="failed", why="Permission denied"))]
    assert not await taking._keep(box, found, None)
    assert await taking.names(box, new(maildir), [name])
    assert taking.counts["new"] == 1


async def test_the_trap_and_its_owner_go_into_the_record(maildir, taking):
    box = box_of(maildir, trap="typo", recipients=("owner@pits.example.net",))
    await taking.names(box, new(maildir), [os.fsencode(maildir.deliver(mail(1)))])
    (line,) = taking.ledger.take("here", 2e9, 9)
    assert b'"trap":"typo"' in line.bytes
    assert line.bytes.count(b"hmac:") >= 2


async def test_another_set_of_views_counts_on(maildir, taking):
    await taking.names(box_of(maildir), new(maildir), [os.fsencode(maildir.deliver(mail(1)))])
    other = Taking(
        taking._config, {}, ledger=taking.ledger, budget=taking._budget, clock=taking._clock, log=log.get("agent")
    )
    await other.replaces(taking)
    assert other.counts["new"] == 1
    assert taking._readers[0]._process is None
