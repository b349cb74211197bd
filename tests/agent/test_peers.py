"""Who may come in: by token or certificate, until revoked."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tipd.agent import peers
from tipd.agent.peers import Known, Peer, Peers
from tipd.errors import ConfigError, TipdError, UsageError

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def made(folder: Path, name: str = "lab", **more) -> str:
    return peers.enroll(folder / "peers.json", name, Peer(**({"view": "redacted"} | more)), NOW)


def test_a_token_is_told_once_and_kept_as_its_hash(tmp_path: Path) -> None:
    token = made(tmp_path)
    text = (tmp_path / "peers.json").read_text()
    assert token.startswith("tia_")
    assert len(token) >= 4 + 43
    assert token not in text
    assert hashlib.sha256(token.encode()).hexdigest() in text
    assert (tmp_path / "peers.json").stat().st_mode & 0o777 == 0o600


def test_who_has_the_token_is_known_until_it_is_revoked(tmp_path: Path) -> None:
    token, other = made(tmp_path), made(tmp_path, "other", view="full")
    book = Peers(tmp_path / "peers.json")
    known = book.by_token(token)
    assert known is not None
    assert (known.name, known.peer.view) == ("lab", "redacted")
    assert book.by_token(other).name == "other"
    assert book.by_token(token + "x") is None
    assert book.by_token("") is None
    peers.revoke(tmp_path / "peers.json", "lab", NOW)
    assert book.still(known)  # the file was not read again yet
    assert book.refresh()
    assert not book.still(known)
    assert book.by_token(token) is None
    assert book.views() == {"full"}
    assert not book.refresh()


def test_a_peer_whose_view_changes_has_to_come_in_again(tmp_path: Path) -> None:
    token = made(tmp_path)
    book = Peers(tmp_path / "peers.json")
    known = book.by_token(token)
    path = tmp_path / "peers.json"
    path.write_text(path.read_text().replace("redacted", "full"))
    book.refresh()
    assert not book.still(known)


def test_a_certificate_is_known_by_its_hash_or_by_a_name_that_was_vouched_for(tmp_path: Path) -> None:
    der = b"not looked at"
    assert made(tmp_path, certificate_sha256=hashlib.sha256(der).hexdigest(), certificate="PEM") == ""
    assert made(tmp_path, "named", certificate_name="lab.example.org") == ""
    book = Peers(tmp_path / "peers.json")
    assert book.by_certificate(der) == Known("lab", book.all()["lab"])
    assert book.by_certificate(b"another") is None
    assert book.by_certificate(b"another", frozenset({"lab.example.org", "x"})).name == "named"
    assert book.by_certificate(b"another", frozenset({""})) is None
    assert book.certificates() == "PEM"
    peers.revoke(tmp_path / "peers.json", "lab", NOW)
    book.refresh()
    assert book.certificates() == ""


def test_an_empty_name_or_hash_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "peers.json").write_bytes(msgspec.json.encode({"format": 1, "peers": {"lab": {"view": "full"}}}))
    book = Peers(tmp_path / "peers.json")
    assert book.by_token("") is None
    assert book.by_certificate(b"") is None
    assert book.by_certificate(b"", frozenset({""})) is None


def test_a_name_is_given_once_until_it_is_revoked(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(TipdError, match="already"):
        made(tmp_path)
    peers.revoke(tmp_path / "peers.json", "lab", NOW)
    assert made(tmp_path)
    with pytest.raises(TipdError, match="there is no peer"):
        peers.revoke(tmp_path / "peers.json", "nobody", NOW)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", "x" * 65, "lab\n"])
def test_names_are_plain(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        made(tmp_path, name)


def test_what_cannot_be_read_lets_nobody_in_and_is_not_written_over(tmp_path: Path) -> None:
    token = made(tmp_path)
    book = Peers(tmp_path / "peers.json")
    (tmp_path / "peers.json").write_text('{"format": 1, "peers"')
    book.refresh()
    assert book.by_token(token) is None
    assert "peers.json" in book.fault
    with pytest.raises(ConfigError):
        made(tmp_path, "other")
    (tmp_path / "peers.json").unlink()
    book.refresh()
    assert (book.all(), book.fault) == ({}, "")


def test_what_was_taken_is_kept_and_a_broken_file_of_it_harms_nothing(tmp_path: Path) -> None:
    made(tmp_path)
    book = Peers(tmp_path / "peers.json")
    book.took("lab", 7, 100, "2026-11-22T04:00:00Z")
    book.took("lab", 3, 50, "2026-11-22T04:00:01Z")
    book.says("lab", 2, "2026-11-22T04:00:02Z")
    book.save_taken()
    again = Peers(tmp_path / "peers.json").taken("lab")
    assert (again.n, again.versions, again.bytes, again.has) == (7, 2, 150, 2)
    (tmp_path / "taken.json").write_text("[")
    assert Peers(tmp_path / "peers.json").taken("lab").n == 0
