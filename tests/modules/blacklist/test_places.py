"""The module's files."""

import os

import pytest

from tipd.modules.blacklist.places import Places, copy_local


def test_scratch_and_sweep(tmp_path):
    places = Places(tmp_path)
    one, two = places.scratch("a"), places.scratch("a")
    assert one != two
    assert one.stat().st_mode & 0o077 == 0
    (one / "body").write_text("x")
    places.sweep()
    assert not one.exists()
    places.sweep()


def test_snapshots_and_refused_bodies_are_moved_into_place(tmp_path):
    places = Places(tmp_path)
    for text in ("one", "two"):
        made, body = tmp_path / "made", tmp_path / "body"
        made.write_text(text)
        body.write_text(text)
        places.keep_snapshot(made, 7)
        assert places.set_aside(body, "a").read_text() == text
        assert not made.exists()
    assert places.snapshot(7).read_text() == "two"


def test_a_folder_is_read_by_name_with_line_ends(tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    for name, text in (("b", "two\n"), ("a", "one"), (".hidden", "no"), ("c", "")):
        (folder / name).write_text(text)
    body = copy_local(folder, tmp_path / "out", 1000)
    assert (tmp_path / "out").read_text() == "one\ntwo\n"
    assert body.size == 7


def test_what_is_copied_is_bounded_and_plain(tmp_path):
    (tmp_path / "big").write_bytes(b"x" * 100)
    with pytest.raises(ValueError, match="larger than 99"):
        copy_local(tmp_path / "big", tmp_path / "out", 99)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="plain file"):
        copy_local(tmp_path / "pipe", tmp_path / "out", 99)
    with pytest.raises(FileNotFoundError):
        copy_local(tmp_path / "none", tmp_path / "out", 99)
