"""Lists on the local disk."""

import bz2
import gzip
import hashlib
import lzma
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from tipd.modules.blacklist import local
from tipd.modules.blacklist.local import Changing, copy_local, stamp
from tipd.modules.blacklist.reading.json_stream import records
from tipd.work.unpack import open_body


def folder_of(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def age(folder: Path, seconds: float = 60) -> None:
    """Let all files have been written a while ago."""
    for path in folder.iterdir():
        before = path.stat().st_mtime - seconds
        os.utime(path, (before, before))


def test_a_folder_is_read_by_name_with_line_ends(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, b="two\n", a="one", c="", d="three")
    (folder / ".hidden").write_text("no")
    (folder / "older").mkdir()
    (folder / "older" / "x").write_text("no")
    out = tmp_path / "out"
    body = copy_local(folder, out, 1000)
    assert out.read_text() == "one\ntwo\nthree"
    assert (body.size, body.sha256) == (13, hashlib.sha256(out.read_bytes()).digest())


def test_only_files_that_match(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a_txt="one\n", b_csv="no\n", c_txt="two\n")
    copy_local(folder, tmp_path / "out", 1000, "*.txt")
    assert (tmp_path / "out").read_text() == "one\ntwo\n"


def test_documents_are_set_apart(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a="[1, 2]", b="[3]\n", c="[4]")
    copy_local(folder, tmp_path / "out", 1000, documents=True)
    assert [raw for _, raw in records([(tmp_path / "out").read_bytes()], "", 100)] == [b"1", b"2", b"3", b"4"]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, zstandard.compress])
def test_packed_files_of_a_folder_are_one_body(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    folder = folder_of(tmp_path)
    for name, text in {"a": b"[1, 2]", "b": b"", "c": b"[3]\n"}.items():
        (folder / name).write_bytes(pack(text))
    (folder / "d").write_bytes(b"")
    copy_local(folder, tmp_path / "out", 1000)
    assert b"".join(open_body(tmp_path / "out")).split() == [b"[1,", b"2]", b"[3]"]
    (folder / "b").unlink()
    copy_local(folder, tmp_path / "out", 1000, documents=True)
    assert [raw for _, raw in records(open_body(tmp_path / "out"), "", 100)] == [b"1", b"2", b"3"]


@pytest.mark.parametrize("other", [b"192.0.2.1\n", bz2.compress(b"192.0.2.1\n"), b"PK\x03\x04zip"])
def test_files_of_a_folder_that_are_packed_in_several_ways_are_refused(tmp_path: Path, other: bytes) -> None:
    folder = folder_of(tmp_path)
    (folder / "a").write_bytes(gzip.compress(b"192.0.2.2\n"))
    (folder / "b").write_bytes(other)
    with pytest.raises(ValueError, match=r"b: is .* after a file that is gz"):
        copy_local(folder, tmp_path / "out", 1000)
    (folder / "a").write_bytes(other)
    if other.startswith(b"PK"):
        with pytest.raises(ValueError, match="b: is zip, after a file that is zip"):
            copy_local(folder, tmp_path / "out", 1000)


def test_what_is_copied_is_bounded_and_plain(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="larger than 99"):
        copy_local(tmp_path / "big", tmp_path / "out", 99)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="plain file"):
        copy_local(tmp_path / "pipe", tmp_path / "out", 99)
    with pytest.raises(FileNotFoundError):
        copy_local(tmp_path / "none", tmp_path / "out", 99)


def test_a_stamp_changes_with_the_files(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a="one", b="two")
    age(folder)
    stamps = [stamp(folder)]
    assert copy_local(folder, tmp_path / "out", 1000).stamp == stamps[0] == stamp(folder)
    (folder / "b").write_text("TWO")
    stamps.append(stamp(folder))
    (folder / "c").write_text("")
    stamps.append(stamp(folder))
    (folder / "c").rename(folder / "d")
    stamps.append(stamp(folder))
    assert len(set(stamps)) == 4
    assert stamp(folder, "x*") != stamps[-1]


def test_what_was_written_just_now_has_no_stamp(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, a="one")
    assert copy_local(folder, tmp_path / "out", 1000).stamp == ""


def test_what_changes_while_it_is_read_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = folder_of(tmp_path, a="one\n")
    left = 1
    first = local._first

    def written_to(file):  # type: ignore[no-untyped-def]
        nonlocal left
        found = first(file)
        if left:
            left -= 1
            with (folder / "a").open("a") as out:
                out.write("two\n")
        return found

    monkeypatch.setattr(local, "_first", written_to)
    copy_local(folder, tmp_path / "out", 1000)
    assert (tmp_path / "out").read_text() == "one\ntwo\n"
    left = 99
    with pytest.raises(Changing, match="changes while it is read"):
        copy_local(folder, tmp_path / "out", 1000)
