"""The one thing that is ever done to a maildir: removing what is sealed and old, where it was told to."""

import os
from datetime import timedelta

import pytest
import trio
from support.agents import NOW, SetClock, config, hashes, host
from support.maildirs import Maildir, mail

from tipd.agent import expire as expire_module
from tipd.agent.expire import Expired, expire, sweep
from tipd.agent.loop import once
from tipd.agent.maildir import Box
from tipd.agent.settings import MaildirSettings

AT = int(NOW.timestamp())
DAY = 86400


@pytest.fixture
def maildir(tmp_path) -> Maildir:
    made = Maildir(tmp_path / "Maildir")
    for n in range(4):
        made.deliver(mail(n), at=AT - n * DAY - 60)
    return made


@pytest.fixture
def opened(tmp_path, maildir):
    made = host(config(tmp_path, maildir.path), SetClock())
    yield made
    made.close()


def box_of(maildir, expire="2d") -> Box:
    return Box(maildir.path, MaildirSettings(path=str(maildir.path), expire=expire))


def left(maildir) -> int:
    return sum(len(list((maildir.path / half).iterdir())) for half in ("new", "cur"))


def test_only_what_is_sealed_and_old_goes(maildir, opened):
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(0, 0)
    trio.run(once, opened)
    assert expire(box_of(maildir, ""), opened.ledger, AT) == Expired(0, 0)
    names = sorted(each.name for each in (maildir.path / "new").iterdir())
    maildir.read(names[0])  # moved and flagged since
    maildir.deliver(mail(9), at=AT - 9 * DAY)  # not read yet
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(2, 0)
    assert left(maildir) == 3
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(0, 0)
    assert len(hashes(opened.chains["urls"])) == 4


def test_folders_are_listed_once_for_all_that_were_moved_and_not_for_the_rest(maildir, opened, monkeypatch):
    for n in range(10, 40):
        maildir.deliver(mail(n), at=AT - 9 * DAY)
    trio.run(once, opened)
    names = sorted(each.name for each in (maildir.path / "new").iterdir())
    monkeypatch.setattr(expire_module, "TOGETHER", 4)
    listed = []
    real = os.scandir
    monkeypatch.setattr(expire_module.os, "scandir", lambda path: listed.append(path) or real(path))
    maildir.read(names[0])
    maildir.read(names[9])
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(32, 0)
    assert listed == [os.fsencode(maildir.path / half) for half in ("cur", "new")]
    assert left(maildir) == 2


def test_one_line_that_waits_keeps_the_mail(maildir, opened):
    trio.run(once, opened)
    opened.ledger._base.execute("INSERT INTO line (view, due, mail, bytes) SELECT 'late', 9e9, id, '' FROM mail")
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(0, 0)


def test_one_that_went_by_itself_is_no_defect(maildir, opened):
    trio.run(once, opened)
    for path in (maildir.path / "new").iterdir():
        path.unlink()
    assert expire(box_of(maildir), opened.ledger, AT) == Expired(0, 2)


def test_a_link_that_took_its_place_stays_and_what_it_leads_to_too(maildir, opened, tmp_path):
    trio.run(once, opened)
    (tmp_path / "precious").write_text("mine")
    oldest = min((maildir.path / "new").iterdir())
    oldest.unlink()
    oldest.symlink_to(tmp_path / "precious")
    assert expire(box_of(maildir), opened.ledger, AT).removed == 1
    assert oldest.is_symlink()
    assert (tmp_path / "precious").read_text() == "mine"


def test_what_stands_in_the_way_is_told_and_tried_again(maildir, opened, monkeypatch):
    trio.run(once, opened)

    def refused(*_words, **_more):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(expire_module.os, "unlink", refused)
        assert expire(box_of(maildir), opened.ledger, AT) == Expired(0, 0, "Permission denied")
    assert expire(box_of(maildir), opened.ledger, AT + timedelta(minutes=1).total_seconds()).removed == 2


def test_mails_that_went_away_are_noted_and_forgotten(maildir, opened):
    trio.run(once, opened)
    assert sweep(box_of(maildir), opened.ledger, 5.0) == 0
    names = sorted(each.name for each in (maildir.path / "new").iterdir())
    (maildir.path / "new" / names[0]).unlink()
    maildir.read(names[1])
    assert sweep(box_of(maildir), opened.ledger, 5.0) == 1
    assert opened.ledger.forget(6.0, 9) == 1
    assert opened.ledger.known(os.fsencode(maildir.path), b"", [each.encode() for each in names]) == {
        each.encode() for each in names[1:]
    }
