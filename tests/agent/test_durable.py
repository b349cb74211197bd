"""Files are replaced whole."""

import threading

import pytest

from tipd.agent import durable


def test_a_file_is_replaced_whole_with_the_mode_asked_for(tmp_path):
    path = tmp_path / "key"
    durable.write(path, b"one", mode=0o600)
    durable.write(path, b"two", mode=0o600)
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["key"]


def test_what_cannot_be_made_durable_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "key"
    durable.write(path, b"one")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(durable.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        durable.write(path, b"two")
    assert path.read_bytes() == b"one"


def test_a_link_at_the_temporary_name_is_not_followed(tmp_path):
    other = tmp_path / "other"
    other.write_bytes(b"mine")
    (tmp_path / ".key.tmp").symlink_to(other)
    with pytest.raises(OSError, match=r"[Ll]ink|symbolic"):
        durable.write(tmp_path / "key", b"one")
    assert other.read_bytes() == b"mine"


def test_what_derives_may_be_written_by_many_at_once(tmp_path):
    path, failed = tmp_path / "index.json", []

    def often():
        try:
            for number in range(200):
                durable.write(path, b"%d" % number, durable=False)
        except OSError as error:
            failed.append(error)

    writers = [threading.Thread(target=often) for _ in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failed == []
    assert path.read_bytes() == b"199"
    assert [each.name for each in tmp_path.iterdir()] == ["index.json"]
