"""What there is to take, as index pages and folders say, whoever writes them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.modules.spamtrap.archives.listing import (
    MOST_LINKS,
    FolderJob,
    PageJob,
    Piece,
    in_order,
    links_of,
    read_folder,
    read_page,
)
from tipd.modules.spamtrap.settings import Layout

ROOT = "http://archive.example/spam/"


def links(*hrefs, url=ROOT, layout=None):
    body = "".join(f'<a href="{href}">x</a>' for href in hrefs).encode()
    return links_of(body, url, ROOT, layout or Layout())


def test_archives_and_further_pages_below_the_index():
    found = links("2026-11.7z", "./2026-10.7z", "old/", "/spam/old/1999.7z", f"{ROOT}2025.tar.gz", "notes.html")
    assert [piece.name for piece in found.pieces] == ["2026-11.7z", "2026-10.7z", "old/1999.7z", "2025.tar.gz"]
    assert found.pieces[0].url == ROOT + "2026-11.7z" and found.pages == (ROOT + "old/",)


@pytest.mark.parametrize(
    "href",
    [
        "/elsewhere/x.7z",
        "../x.7z",
        "http://evil.example/spam/x.7z",
        "https://archive.example/spam/x.7z",
        "http://archive.example:81/spam/x.7z",
        "ftp://archive.example/spam/x.7z",
        "x.7z?C=M;O=A",
        "%2e%2e%2f%2e%2e%2fetc/x.7z",
        "a%00.7z",
        "a%0a.7z",
        "http://[bad/x.7z",
        "javascript:x.7z",
        "x" * 600 + ".7z",
        "2026-11.7z.md5",
        "",
    ],
)
def test_what_leads_elsewhere_or_is_no_archive_is_left(href):
    found = links(href)
    assert found.pieces == () and found.pages == ()


def test_depth_and_patterns_bound_further_pages():
    layout = Layout(pages=("20??/",), depth=1)
    assert links("2026/", "misc/", layout=layout).pages == (ROOT + "2026/",)
    assert links("2026/2025/", url=ROOT + "2026/", layout=layout).pages == ()
    assert links("2026/", layout=Layout(pages=())).pages == ()
    assert links("./", ROOT, layout=Layout()).pages == (), "a page does not lead to itself"


def test_a_page_that_is_none(tmp_path):
    (tmp_path / "page").write_bytes(b"PK\x03\x04")
    with pytest.raises(ValueError, match="index page"):
        read_page(PageJob(path=str(tmp_path / "page"), url=ROOT, root=ROOT, layout=Layout()))
    (tmp_path / "page").write_bytes(b"<a href='2026.7z'>")
    job = PageJob(path=str(tmp_path / "page"), url=ROOT, root=ROOT, layout=Layout())
    assert read_page(job).pieces[0].name == "2026.7z"


@given(st.binary(max_size=400))
def test_any_bytes_are_some_page(body):
    for piece in links_of(b"<a href='" + body + b"'>" + body, ROOT, ROOT, Layout()).pieces:
        assert piece.url.startswith(ROOT) and ".." not in piece.name.split("/")


def test_folders_hold_archives_and_mails(tmp_path):
    (tmp_path / "2026" / "11").mkdir(parents=True)
    (tmp_path / "2026" / "11" / "1.txt").write_bytes(b"From: a\n\n")
    (tmp_path / "2026" / "2026-10.7z").write_bytes(b"7z")
    (tmp_path / "loose.eml").write_bytes(b"From: a\n\n")
    (tmp_path / "README").write_bytes(b"x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "link").symlink_to("/etc")
    os.mkfifo(tmp_path / "fifo")
    job = FolderJob(path=str(tmp_path), layout=Layout())
    found = {piece.name: piece for piece in read_folder(job).pieces}
    assert set(found) == {"./", "2026/11/", "2026/2026-10.7z"}
    assert read_folder(job) == read_folder(job)
    (tmp_path / "2026" / "11" / "2.txt").write_bytes(b"From: b\n\n")
    grown = {piece.name: piece for piece in read_folder(job).pieces}
    assert {name for name in found if found[name].stamp != grown[name].stamp} == {"2026/11/"}


def test_a_single_file_and_none(tmp_path):
    (tmp_path / "spam.mbox").write_bytes(b"From x")
    (piece,) = read_folder(FolderJob(path=str(tmp_path / "spam.mbox"), layout=Layout())).pieces
    assert piece.name == "spam.mbox" and piece.path == os.fsencode(tmp_path / "spam.mbox")
    with pytest.raises(FileNotFoundError):
        read_folder(FolderJob(path=str(tmp_path / "gone"), layout=Layout()))


def test_names_that_are_no_text_are_stored_all_the_same(tmp_path):
    (tmp_path / os.fsdecode(b"\xff\xfe.7z")).write_bytes(b"7z")
    (piece,) = read_folder(FolderJob(path=str(tmp_path), layout=Layout())).pieces
    assert piece.name.isprintable() and piece.name.endswith(".7z") and Path(os.fsdecode(piece.path)).exists()


def test_the_newest_comes_first():
    names = ["1998.7z", "2026-9.7z", "2026-11.7z", "2026-10.7z", "2003.7z"]
    found = [piece.name for piece in in_order(Piece(name=name) for name in names)]
    assert found == ["2026-11.7z", "2026-10.7z", "2026-9.7z", "2003.7z", "1998.7z"]
    in_order(Piece(name=name) for name in ["x" * 9, "1" * 4400, "²", "a1", "1a"])


def test_a_page_with_a_hundred_thousand_links_is_read_and_one_with_more_is_cut():
    many = b"".join(b"<a href=%d.7z>x</a>" % number for number in range(MOST_LINKS + 1))
    found = links_of(many, "http://a.example.org/", "http://a.example.org/", Layout())
    assert (len(found.pieces), found.cut) == (MOST_LINKS, True)
