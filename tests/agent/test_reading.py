"""One mail read in place: its hash, its time, its line in each view."""

import bz2
import hashlib
import os

import msgspec
import pytest
from support.maildirs import BEGUN, Maildir, mail

from tipd.agent import reading
from tipd.agent.reading import Entry, Reading, Setup
from tipd.mail.limits import Limits
from tipd.mail.view import SHIPPED

KEYS = {name: name.encode().ljust(32, b"k") for name in SHIPPED}
ALL = ("urls", "redacted", "full")


@pytest.fixture
def box(tmp_path) -> Maildir:
    return Maildir(tmp_path / "Maildir")


def read(box, name, setup=None, **more):
    entry = Entry(folder=os.fsencode(box.path / "new"), name=os.fsencode(name), **{"views": ALL} | more)
    return Reading(setup or Setup(views=SHIPPED, keys=KEYS), ()).outcome(entry)


def record(outcome, view="full") -> dict:
    return msgspec.json.decode(outcome.lines[view])


def test_a_mail_gives_a_line_for_each_view(box):
    raw = mail(1, to="jane.trapper@trap.example.org")
    outcome = read(box, box.deliver(raw), trap="typo")
    assert (outcome.state, outcome.sha256, outcome.size) == ("read", hashlib.sha256(raw).digest(), len(raw))
    assert outcome.at == BEGUN
    assert outcome.lines.keys() == set(ALL)
    assert record(outcome)["relay"]["address"] == "198.51.100.2"
    assert record(outcome)["trap"] == "typo"
    assert "from" not in record(outcome, "urls")
    for view in ("urls", "redacted"):
        assert b"trapper" not in outcome.lines[view]


def test_addresses_of_the_trap_domains_and_known_recipients_are_masked(box):
    raw = mail(1, "Dear someone.else@pits.example.net or owner.known@example.net, hi")
    setup = Setup(views=SHIPPED, keys=KEYS, trap_domains=("pits.example.net",))
    outcome = read(box, box.deliver(raw), setup, recipients=("owner.known@example.net",))
    for text in (b"someone.else", b"owner.known"):
        assert text not in outcome.lines["redacted"]


def test_the_time_is_that_of_the_delivery_as_the_name_tells(box):
    assert record(read(box, box.deliver(mail(1), at=1_750_000_000)))["at"] == "2025-06-15T15:06:40Z"


def test_a_compressed_mail_is_the_mail(box):
    outcome = read(box, box.deliver(bz2.compress(mail(1))))
    assert outcome.sha256 == hashlib.sha256(mail(1)).digest()
    assert outcome.size == len(mail(1))


def test_of_a_mail_beyond_the_limit_the_whole_is_hashed_and_the_beginning_read(box):
    raw = mail(1) + b"x" * 100_000
    outcome = read(box, box.deliver(raw), Setup(views=SHIPPED, keys=KEYS, limits=Limits(size=5000)))
    assert outcome.sha256 == hashlib.sha256(raw).digest()
    assert record(outcome)["size"] == len(raw)
    assert record(outcome)["from"] == "shop@example.net"
    assert "cut" in record(outcome)["defects"]


@pytest.mark.parametrize("mode", ["header", "hash"])
def test_one_that_killed_its_reader_still_gives_hash_and_time(box, mode):
    raw = mail(1, "http://killer.example.com/")
    outcome = read(box, box.deliver(raw), mode=mode)
    assert outcome.sha256 == hashlib.sha256(raw).digest()
    found = record(outcome)
    assert (found["at"], found["size"]) == ("2023-11-14T22:13:20Z", len(raw))
    assert "urls" not in found
    assert found.get("from", "") == ("shop@example.net" if mode == "header" else "")
    assert "unread" in found["defects"] or found["parser"] == "none"


def test_a_piece_of_an_mbox(box):
    raw = mail(7)
    (box.path / "mbox").write_bytes(b"From x\n" + raw + b"\nFrom y\n")
    entry = Entry(folder=os.fsencode(box.path), name=b"mbox", views=("full",), offset=7, length=len(raw))
    outcome = Reading(Setup(views=SHIPPED, keys=KEYS), ()).outcome(entry)
    assert outcome.sha256 == hashlib.sha256(raw).digest()
    assert record(outcome)["at"] == "2026-11-22T04:00:00Z"  # of its own host's field: the file's time says nothing


def test_what_can_go_wrong_is_an_outcome(box, tmp_path, monkeypatch):
    assert read(box, "1.gone").state == "gone"
    (box.path / "new" / "1.link").symlink_to("/etc/passwd")
    assert (read(box, "1.link").state, read(box, "1.link").why) == ("refused", "a link")
    name = box.deliver(b"\x04\x22\x4d\x18" + b"x" * 50)
    assert (read(box, name).state, "LZ4" in read(box, name).why) == ("refused", True)
    monkeypatch.setattr(reading, "LONGEST", 100)
    assert "more than 100" in read(box, box.deliver(bz2.compress(mail(1)))).why
    (box.path / "cur").rmdir()
    (box.path / "cur").symlink_to(tmp_path)
    entry = Entry(folder=os.fsencode(box.path / "cur"), name=b"1", views=ALL)
    assert Reading(Setup(), ()).outcome(entry).state == "refused"

    def broken(*_words, **_more):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(reading.maildir, "open_mail", broken)
    assert (read(box, "1").state, read(box, "1").why) == ("failed", "Input/output error")


def test_a_view_that_is_not_there_gets_no_line(box):
    assert read(box, box.deliver(mail(1)), views=("urls", "other")).lines.keys() == {"urls"}
