"""Mails out of archives of every kind, and what is passed over."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import tarfile
import zipfile

import pytest
from support.trapping import mbox, seven, spam, tarred, zipped

from tipd.modules.spamtrap.archives.members import Members, matches
from tipd.modules.spamtrap.settings import Layout
from tipd.work.unpack import UnpackError, UnpackLimits

MAILS = {f"2026/11/{number:02}/{number}.txt": spam(number) for number in range(8)}
LIMITS = UnpackLimits(max_bytes=2**30, max_entries=1000)


def found_in(tmp_path, body, layout=None, limits=LIMITS, most=10**6, name="archive"):
    path = tmp_path / name
    path.write_bytes(body)
    members = Members(path, layout or Layout(), limits, most)
    mails = list(members)
    assert [each.name for each in tmp_path.iterdir()] == [name], "nothing is unpacked to disk"
    return mails, dict(members.refused)


@pytest.mark.parametrize(
    "packed",
    [
        seven(MAILS),
        zipped(MAILS),
        tarred(MAILS, "w"),
        tarred(MAILS, "w:gz"),
        tarred(MAILS, "w:bz2"),
        tarred(MAILS, "w:xz"),
    ],
    ids=["7z", "zip", "tar", "tar.gz", "tar.bz2", "tar.xz"],
)
def test_archives_of_mails(tmp_path, packed):
    mails, refused = found_in(tmp_path, packed)
    assert [(mail.name, mail.raw) for mail in mails] == list(MAILS.items()) and refused == {}
    assert [mail.sha256 for mail in mails] == [hashlib.sha256(mail.raw).digest() for mail in mails]


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress], ids=["plain", "gz", "bz2", "xz"])
def test_an_mbox_compressed_or_not(tmp_path, pack):
    written = [spam(number).replace(b"\r\n", b"\n") for number in range(5)]
    assert [mail.raw for mail in found_in(tmp_path, pack(mbox(written)))[0]] == written


def test_one_mail_alone(tmp_path):
    assert [mail.raw for mail in found_in(tmp_path, spam(1))[0]] == [spam(1)]


def test_members_that_are_mboxes_or_compressed_by_themselves(tmp_path):
    mail = spam(1).replace(b"\r\n", b"\n")
    members = {"a.mbox": mbox([mail, spam(2)]), "b.gz": gzip.compress(spam(3)), "c": spam(4)}
    mails, refused = found_in(tmp_path, zipped(members))
    assert [each.name for each in mails] == ["a.mbox", "a.mbox", "b.gz", "c"] and refused == {}
    assert mails[2].raw == spam(3)


def test_a_member_that_is_damaged_harms_no_other(tmp_path):
    broken = gzip.compress(spam(3))[:-20]
    mails, refused = found_in(tmp_path, zipped({"a.gz": broken, "b.gz": b"\x1f\x8b\x08" + b"x" * 90, "c": spam(4)}))
    assert [each.raw for each in mails] == [spam(4)] and refused == {"damaged": 2}


def test_what_is_no_mail_is_counted(tmp_path):
    members = {"a.png": b"\x89PNG\r\n\x1a\n" + bytes(100), "empty": b"", "b": spam(1), "README.txt": b"About: this"}
    mails, refused = found_in(tmp_path, zipped(members))
    assert [each.name for each in mails] == ["b"]
    assert refused == {"no_mail": 1, "empty": 1, "skipped": 1}


def test_the_layout_says_which_members_are_mails(tmp_path):
    layout = Layout(members=("*.eml",), form="mail")
    members = {"x/a.eml": mbox([spam(1), spam(2)]), "x/b.txt": spam(3)}
    mails, refused = found_in(tmp_path, zipped(members), layout)
    assert [each.name for each in mails] == ["x/a.eml"] and refused == {"skipped": 1}


def test_names_that_leave_links_and_devices_are_passed_over(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, kind in (("../../etc/cron.d/x", tarfile.REGTYPE), ("/abs", tarfile.REGTYPE), ("l", tarfile.SYMTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname, info.size = kind, "/etc/passwd", 3 if kind == tarfile.REGTYPE else 0
            archive.addfile(info, io.BytesIO(b"a:b"))
        for name, kind in (("dev", tarfile.CHRTYPE), ("fifo", tarfile.FIFOTYPE), ("hard", tarfile.LNKTYPE)):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("good")
        info.size = len(spam(1))
        archive.addfile(info, io.BytesIO(spam(1)))
    mails, refused = found_in(tmp_path, out.getvalue())
    assert [each.name for each in mails] == ["good"]
    assert refused == {"unsafe name": 2, "link": 2, "device": 1, "fifo": 1}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (seven({"bomb": bytes(64 * 2**20)}), "bomb"),
        (zipped({"bomb": bytes(64 * 2**20)}), "bomb"),
        (tarred({"bomb": bytes(64 * 2**20)}), "bomb"),
        (gzip.compress(bytes(64 * 2**20)), "bomb"),
        (zipped({str(n): b"a: b" for n in range(1001)}), "too_many_entries"),
        (seven({str(n): b"a: b" for n in range(1001)}), "too_many_entries"),
        (zipped(MAILS)[:-30], "damaged"),
        (seven(MAILS)[:-30], "truncated"),
        (tarred(MAILS)[:-300], "truncated"),
        (gzip.compress(zipped(MAILS)), "unsupported"),
    ],
)
def test_bombs_and_broken_archives_end_with_a_word(tmp_path, body, reason):
    with pytest.raises(UnpackError) as caught:
        found_in(tmp_path, body)
    assert caught.value.reason == reason


def test_a_bomb_inside_a_member_ends_the_member_alone(tmp_path):
    limits = UnpackLimits(max_bytes=2**20, max_entries=10)
    members = {"bomb.gz": gzip.compress(b"Subject: x\n\n" + bytes(8 * 2**20)), "good": spam(1)}
    mails, refused = found_in(tmp_path, zipped(members), None, limits, 10_000)
    assert mails[-1].raw == spam(1) and refused == {"bomb": 1}
    assert len(mails[0].raw) <= 10_001


def test_of_a_mail_that_is_too_large_the_beginning_is_kept_and_the_hash_is_of_the_whole(tmp_path):
    large = spam(1) + b"x" * 100_000
    (mail,) = found_in(tmp_path, zipped({"a": large}), most=2000)[0]
    assert (len(mail.raw), mail.size, mail.sha256) == (2001, len(large), hashlib.sha256(large).digest())


def test_a_folder_of_mails_follows_no_link_and_opens_no_device(tmp_path):
    (tmp_path / "b.txt").write_bytes(spam(2))
    (tmp_path / "a.eml").write_bytes(spam(1))
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "c").write_bytes(spam(3))
    (tmp_path / "link").symlink_to(tmp_path / "b.txt")
    (tmp_path / "x.7z").write_bytes(seven(MAILS))
    os.mkfifo(tmp_path / "fifo")
    members = Members(tmp_path, Layout(), LIMITS, 10**6)
    assert [each.name for each in members] == ["a.eml", "b.txt"]
    assert dict(members.refused) == {"link": 1, "device": 1}


def test_patterns_fit_the_whole_name_or_its_last_part():
    assert matches("2026/11/x.7z", ["*.7z"]) and matches("2026/11/x.7z", ["2026/*"]) and matches("a/b/", ["b"])
    assert not matches("2026/11/x.7z", ["x", "*.zip"])


def test_an_encrypted_zip_is_refused(tmp_path):
    body = bytearray(zipped({"a": spam(1)}))
    body[6] |= 1
    body[body.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(UnpackError, match="encrypted"):
        found_in(tmp_path, bytes(body))
    assert zipfile.is_zipfile(io.BytesIO(bytes(body)))
