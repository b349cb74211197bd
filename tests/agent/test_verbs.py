"""What each verb does, on a state folder with sealed versions."""

import json
from pathlib import Path

import pytest
from support import sealed

from tipd.agent import cli
from tipd.agent.chain import Chain
from tipd.agent.ledger import Ledger
from tipd.agent.peers import Peers


class Typed:
    """Somebody who types commands."""

    def __init__(self, folder: Path, capsys) -> None:
        self.folder, self.state, self._capsys = folder, folder / "state", capsys
        for each in ("new", "cur", "tmp"):
            (folder / "Maildir" / each).mkdir(parents=True)
        self.config = folder / "agent.toml"
        self.config.write_text(f'state_dir = "{self.state}"\n[agent]\nname = "mx1"\nmaildirs = ["{folder}/Maildir"]\n')
        self.chain = Chain(self.state / "chains" / "redacted")
        self.chain.folder.mkdir(parents=True)

    def __call__(self, *words: str, code: int = 0) -> list[dict]:
        """Type a command with --json; return its records."""
        self._capsys.readouterr()
        assert cli.main(["--json", "--config", str(self.config), *words]) == code
        return [json.loads(line) for line in self._capsys.readouterr().out.splitlines()]

    def plainly(self, *words: str) -> tuple[str, str]:
        """Type it without; return what it says on both streams."""
        self._capsys.readouterr()
        assert cli.main(["--config", str(self.config), *words]) == 0
        return tuple(self._capsys.readouterr())


@pytest.fixture
def typed(tmp_path: Path, capsys, monkeypatch) -> Typed:
    monkeypatch.setattr("tipd.log.setup", lambda *_args, **_more: None)
    return Typed(tmp_path, capsys)


def test_check_says_what_is_wrong(typed: Typed) -> None:
    assert typed("check") == []
    typed.config.write_text(typed.config.read_text() + 'listen = "0.0.0.0:1"\n')
    assert "loopback" in typed("check", code=78)[0]["fault"]


def test_versions_are_listed_and_verified(typed: Typed, tmp_path: Path) -> None:
    for _ in range(3):
        sealed.grow(typed.chain, tmp_path, b"{}\n")
    typed.chain.bury(1)
    assert [(row["n"], row["state"]) for row in typed("versions")] == [(1, "tombstone"), (2, "good"), (3, "good")]
    assert [row["n"] for row in typed("versions", "--limit", "1", "--view", "redacted")] == [3]
    assert [row["state"] for row in typed("versions", "--verify")] == ["tombstone", "good", "good"]
    typed.chain.body(2).write_bytes(b"other lines")
    bad = typed("versions", "--verify", code=1)[-1]
    assert (bad["n"], bad["state"]) == (2, "bad")
    assert "not those that were sealed" in bad["reason"]
    typed("versions", "--view", "nix", code=1)


def test_peers_are_enrolled_listed_shown_and_revoked(typed: Typed, tmp_path: Path) -> None:
    sealed.grow(typed.chain, tmp_path, b"{}\n")
    told = typed("enroll", "--peer", "lab")[0]
    assert set(told) >= {"peer", "token", "public_key"}
    assert [row["name"] for row in typed("peers", "list")] == ["lab"]
    shown = typed("peers", "show", "lab")[0]
    assert (shown["view"], shown["has"], shown["behind"], shown["revoked"]) == ("redacted", 0, 1, "")
    assert typed("peers", "revoke", "lab") == [{"peer": "lab", "revoked": True}]
    assert Peers(typed.state / "peers.json").by_token(told["token"]) is None
    assert typed("peers", "list")[0]["revoked"]


def test_people_get_the_token_alone_on_standard_output(typed: Typed) -> None:
    out, err = typed.plainly("enroll", "--peer", "lab", "--view", "full")
    assert out.startswith("tia_")
    assert out.count("\n") == 1
    assert "lab may take the view full" in err
    out, _ = typed.plainly("peers", "show", "lab")
    assert "view         full" in out.splitlines()


def test_a_withdrawal_waits_for_the_next_version_and_is_written_down(typed: Typed, tmp_path: Path) -> None:
    sealed.grow(typed.chain, tmp_path, b"{}\n")
    sha256 = "ab" * 32
    assert typed("withdraw", sha256, sha256.upper(), "--reason", "a mistake") == [{"mails": 1, "records": 1}]
    ledger = Ledger(typed.state / "ledger.sqlite")
    assert ledger.withdrawals("redacted", 9) == [bytes.fromhex(sha256)]
    ledger.close()
    assert "a mistake" in (typed.state / "audit.jsonl").read_text()


def test_a_new_key_is_made(typed: Typed) -> None:
    before = typed("enroll", "--peer", "a")[0]["public_key"]
    rotated = typed("rotate-key")[0]["public_key"]
    assert rotated != before
    assert typed("enroll", "--peer", "b")[0]["public_key"] == rotated
    assert "rotate-key" in (typed.state / "audit.jsonl").read_text()


def test_a_certificate_is_made_and_named(typed: Typed) -> None:
    out, err = typed.plainly("certificate", "mx1.example.org")
    assert f'tls_cert_file = "{typed.state}/tls.pem"' in out
    assert "ca_file" in err
    typed("certificate", "mx1.example.org", code=2)


def test_versions_are_pushed_into_a_folder(typed: Typed, tmp_path: Path) -> None:
    for _ in range(2):
        sealed.grow(typed.chain, tmp_path, b"{}\n")
    assert typed("push", "--to", str(tmp_path / "stick")) == [{"view": "redacted", "pushed": 2, "last": 2}]
    assert typed("push", "--to", str(tmp_path / "stick")) == [{"view": "redacted", "pushed": 0, "last": 2}]
    assert Chain(tmp_path / "stick" / "mx1" / "redacted").last == 2
    typed("push", "--to", "https://127.0.0.1:1", code=2)
    typed("push", "--to", "https://127.0.0.1:1", "--token-file", "/nowhere", code=78)
    typed("push", "--to", str(tmp_path / "stick"), "--view", "nix", code=1)
