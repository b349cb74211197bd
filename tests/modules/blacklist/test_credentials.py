"""Credentials by name."""

import stat
from pathlib import Path

import pytest

from tipd.modules.blacklist.credentials import credential_file, folder_of, secret_of, write


def test_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert folder_of("", tmp_path) == tmp_path / "credentials"
    assert folder_of("/etc/keys", tmp_path) == Path("/etc/keys")
    granted = tmp_path / "granted"
    granted.mkdir()
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(granted))
    own = tmp_path / "own"
    assert credential_file(own, "") is None
    assert credential_file(own, "key") == own / "key"
    (granted / "key").write_text("x")
    assert credential_file(own, "key") == granted / "key"
    write(own, "key", "mine")
    assert credential_file(own, "key") == own / "key", "what was entered by hand comes first"


@pytest.mark.parametrize(("raw", "secret"), [(b"abc\n", "abc"), (b"abc\r\n", "abc"), (b" a b ", " a b "), (b"a", "a")])
def test_one_line_end_is_taken_off(raw: bytes, secret: str) -> None:
    assert secret_of(raw) == secret


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"  \n", b"a\nb\n", b"schl\xc3\xbcssel", b"a\0b", b"x" * 20_000, b"\x1b[0m"]
)
def test_what_could_not_be_sent_is_refused_and_not_repeated(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"nothing was entered|one line of printable ASCII"):
        secret_of(raw)


def test_a_file_is_closed_to_others_and_written_at_one_stroke(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "credentials"
    for secret in ("one", "two"):
        path = write(folder, "key", secret)
        assert path.read_text() == secret + "\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [each.name for each in folder.iterdir()] == ["key"]
