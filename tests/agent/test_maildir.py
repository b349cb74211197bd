"""Maildirs as they lie, and what may stand in them instead of a mail."""

import gzip
import os
import socket
from pathlib import Path

import pytest
from support.maildirs import Maildir

from tipd.agent import maildir
from tipd.agent.compressed import CompressedError
from tipd.agent.maildir import Box, RefusedMail, boxes
from tipd.agent.settings import MaildirSettings


@pytest.fixture
def box(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


def opened(folder: Path, name: str) -> bytes:
    at = maildir.open_folder(os.fsencode(folder))
    try:
        with os.fdopen(maildir.open_mail(at, os.fsencode(name)), "rb") as file:
            return file.read()
    finally:
        os.close(at)


def test_the_folders_of_a_maildir_and_those_beside(box, tmp_path):
    (box.path / ".Junk" / "cur").mkdir(parents=True)
    (box.path / ".Junk" / "tmp").mkdir()
    (box.path / "plain" / "new").mkdir(parents=True)
    (box.path / ".linked").symlink_to(box.path / ".Junk")
    (tmp_path / "else").mkdir()
    (box.path / ".Bad").mkdir()
    (box.path / ".Bad" / "new").symlink_to(tmp_path / "else")
    found = list(Box(box.path, MaildirSettings(path=str(box.path))).folders())
    assert found == [os.fsencode(box.path / name) for name in ("new", "cur", ".Junk/cur")]


def test_a_folder_that_may_not_be_entered_hides_no_other(box, monkeypatch):
    for name in (".A", ".Private", ".Z"):
        (box.path / name / "new").mkdir(parents=True)
    real = os.lstat

    def refused(path, **more):
        if b".Private/" in os.fsencode(path):
            raise PermissionError(13, "Permission denied")
        return real(path, **more)

    monkeypatch.setattr(maildir.os, "lstat", refused)
    found = {
        path.removeprefix(os.fsencode(box.path) + b"/") for path in Box(box.path, MaildirSettings(path="/x")).folders()
    }
    assert found >= {b"new", b"cur", b".A/new", b".Z/new", b".Private/new"}


def test_globs_files_and_what_leads_nowhere(box, tmp_path):
    (tmp_path / "mbox").write_bytes(b"")
    (tmp_path / "Mailbad").mkdir()
    (tmp_path / "Maillink").symlink_to(box.path)
    os.mkfifo(tmp_path / "pipe")
    names = ("Mail*", "mbox", "none*", "gone", "Maildir", "pipe")
    found, faults = boxes(MaildirSettings(path=str(tmp_path / name)) for name in names)
    assert [(each.path.name, each.mbox) for each in found] == [("Maildir", False), ("mbox", True)]
    assert [fault.rpartition("/")[2] for fault in faults] == [
        "Mailbad: holds neither new nor cur",
        "Maillink: is neither a folder nor a file",
        "none*: there is none",
        "gone: No such file or directory",
        "pipe: is neither a folder nor a file",
    ]
    assert [each.path.name for each in boxes([MaildirSettings(path=str(tmp_path / "Maillink"))])[0]] == ["Maillink"]


def test_a_mail_is_read_and_nothing_of_it_changes(box):
    name = box.deliver(b"Subject: one\n\ntext\n")
    path = box.path / "new" / name
    os.utime(path, (1, 1))
    before = path.stat()
    assert opened(box.path / "new", name) == b"Subject: one\n\ntext\n"
    after = path.stat()
    assert (before.st_atime_ns, before.st_mtime_ns, before.st_ctime_ns) == (
        after.st_atime_ns,
        after.st_mtime_ns,
        after.st_ctime_ns,
    )


@pytest.mark.parametrize("kind", ["link", "pipe", "socket", "folder", "device"])
def test_what_is_no_file_is_refused_at_once(box, kind):
    path = box.path / "new" / "1700000000.x.mx1"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as one:
            at = os.open(path.parent, os.O_RDONLY)
            one.bind(f"/proc/self/fd/{at}/{path.name}")
            os.close(at)
    elif kind == "folder":
        path.mkdir()
    else:
        try:
            os.mknod(path, 0o600 | 0o020000, os.makedev(1, 5))  # /dev/zero: reading would never end
        except PermissionError:
            path = Path("/dev/zero")
    with pytest.raises(RefusedMail, match=kind):
        opened(path.parent, path.name)


def test_a_folder_that_is_a_link_is_not_entered(box, tmp_path):
    (tmp_path / "link").symlink_to(box.path / "new")
    with pytest.raises(OSError):  # ENOTDIR or ELOOP
        maildir.open_folder(os.fsencode(tmp_path / "link"))


def test_the_name_before_the_colon_is_the_key():
    assert maildir.unique(b"1700000000.M1P2.mx1:2,S") == maildir.unique(b"1700000000.M1P2.mx1")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (b"1700000000.M1P2.mx1:2,", 1_700_000_000.0),
        (b"mail", 5.0),
        (b"9999999999.M1", 5.0),
        (b"100000000.M1", 5.0),
        (b"1700000000", 5.0),
    ],
)
def test_when_a_mail_came(name, told):
    assert maildir.moment(name, 5.0) == told


def test_a_mail_is_found_where_it_was_moved(box):
    name = box.deliver(b"one")
    new, cur = os.fsencode(box.path / "new"), os.fsencode(box.path / "cur")
    assert maildir.find(new, os.fsencode(name)) == (new, os.fsencode(name))
    moved = box.read(name, "S")
    assert maildir.find(new, os.fsencode(name)) == (cur, os.fsencode(moved))
    (box.path / "cur" / moved).unlink()
    assert maildir.find(new, os.fsencode(name)) is None
    assert maildir.find(b"/nowhere/new", b"1.x") is None


def test_a_whole_mail_is_fetched_unpacked(box):
    new = os.fsencode(box.path / "new")
    name = box.deliver(gzip.compress(b"x" * 1000))
    assert maildir.fetch(new, os.fsencode(name), 1000) == b"x" * 1000
    with pytest.raises(CompressedError):
        maildir.fetch(new, os.fsencode(name), 999)
    plain = box.deliver(b"x" * 1000)
    with pytest.raises(CompressedError, match="longer"):
        maildir.fetch(new, os.fsencode(plain), 999)
