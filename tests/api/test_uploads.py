"""Files in pieces."""

from pathlib import Path

import pytest

from tipd.api import uploads as room
from tipd.api.uploads import UploadRefused, Uploads

NOW = 1_800_000_000.0


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads.below(tmp_path, 10)


def test_pieces_make_a_file(uploads: Uploads) -> None:
    name = uploads.begin(NOW)
    assert [uploads.add(name, 0, b"abc"), uploads.add(name, 3, b"de")] == [3, 5]
    path = uploads.take(name)
    assert path.read_bytes() == b"abcde"
    assert (path.stat().st_mode & 0o777, uploads.folder.stat().st_mode & 0o777) == (0o600, 0o700)
    with pytest.raises(UploadRefused):
        uploads.take(name)


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_a_piece_sent_twice_or_out_of_turn_says_how_far_it_is(uploads: Uploads, offset: int) -> None:
    name = uploads.begin(NOW)
    uploads.add(name, 0, b"abc")
    with pytest.raises(UploadRefused) as refused:
        uploads.add(name, offset, b"x")
    assert (refused.value.status, refused.value.size) == (409, 3)


def test_a_file_that_grows_too_large_goes(uploads: Uploads) -> None:
    name = uploads.begin(NOW)
    uploads.add(name, 0, b"0123456789")
    with pytest.raises(UploadRefused) as refused:
        uploads.add(name, 10, b"x")
    assert refused.value.status == 413
    assert list(uploads.folder.iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 32, "A" * 32, "\0"])
def test_only_our_own_names_are_files(uploads: Uploads, name: str) -> None:
    for ask in (lambda: uploads.add(name, 0, b"x"), lambda: uploads.take(name)):
        with pytest.raises(UploadRefused) as refused:
            ask()
        assert refused.value.status == 404


def test_what_nobody_finishes_makes_room(uploads: Uploads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_FILES", 2)
    now = uploads.folder.parent.stat().st_mtime
    old, _ = uploads.begin(now), uploads.begin(now)
    with pytest.raises(UploadRefused) as refused:
        uploads.begin(now)
    assert refused.value.status == 503
    assert uploads.begin(now + room.STALE + 60)
    with pytest.raises(UploadRefused):
        uploads.add(old, 0, b"x")


def test_a_start_finds_nothing(uploads: Uploads) -> None:
    uploads.begin(NOW)
    uploads.sweep()
    uploads.sweep()
    assert not uploads.folder.exists()
