"""`tipd sharing`: who may take on what agents gave us."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tipd.agent.peers import Peers
from tipd.modules.spamtrap.agents.sharing import peers_file

CONFIG = """
[[modules.spamtrap.agents]]
name = "mx1"
url = "https://mx1.example.org:8472"
[[modules.spamtrap.agents]]
name = "mx3"
push = true
"""


@pytest.fixture
def config(state_dir: Path, monkeypatch) -> Path:
    path = state_dir / "tipd.toml"
    path.write_text(f'state_dir = "{state_dir}"\n{CONFIG}')
    monkeypatch.setenv("TIPD_CONFIG", str(path))
    return path


@pytest.fixture
def run(tipd: Any, config: Path):
    return lambda *words: tipd("--config", str(config), "sharing", *words)


def test_a_peer_is_told_its_token_once(run, state_dir: Path) -> None:
    ran = run("enroll", "--peer", "bob", "--agent", "mx1")
    assert ran.code == 0
    token = ran.out.strip()
    peer = Peers(peers_file(state_dir)).all()["bob"]
    assert peer.token_sha256 == hashlib.sha256(token.encode()).hexdigest()
    assert (peer.view, peer.agents, peer.pushes) == ("redacted", ("mx1",), ())
    assert token not in ran.err
    again = run("enroll", "--peer", "bob")
    assert (again.code, again.out) == (1, "")
    assert peers_file(state_dir).stat().st_mode & 0o077 == 0


def test_an_agent_that_pushes(run, state_dir: Path) -> None:
    (told,) = run("enroll", "--peer", "mx3", "--pushes", "mx3", "--json").lines
    assert (told["peer"], told["pushes"], told["view"]) == ("mx3", ["mx3"], "redacted")
    assert Peers(peers_file(state_dir)).by_token(told["token"]) is not None


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--agent", "mx9"), "mx9"),
        (("--pushes", "mx9"), "mx9"),
        (("--pushes", "mx1"), "push = true"),
    ],
)
def test_agents_that_are_not_configured(run, words: tuple[str, ...], complaint: str) -> None:
    ran = run("enroll", "--peer", "bob", *words)
    assert ran.code == 2
    assert complaint in ran.err


def test_who_is_there_and_who_is_not_any_more(run) -> None:
    assert run("peers").code == 0
    run("enroll", "--peer", "bob")
    run("enroll", "--peer", "eve", "--view", "urls")
    assert run("revoke", "eve").code == 0
    head, bob, eve = run("peers").out.splitlines()
    assert head.split()[0] == "NAME"
    assert bob.split()[:3] == ["bob", "redacted", "all"]
    assert eve.split()[:2] == ["eve", "urls"]
    bob_told, eve_told = run("peers", "--json").lines
    assert (bob_told["revoked"], bool(eve_told["revoked"])) == ("", True)
    assert run("revoke", "nobody").code == 1
    assert run("revoke", "bob", "--json").lines == [{"peer": "bob", "revoked": True}]


def test_what_a_peer_has_taken(run, state_dir: Path) -> None:
    run("enroll", "--peer", "bob")
    book = Peers(peers_file(state_dir))
    book.took("bob", 7, 100, "2026-11-22T05:00:00Z")
    book.says("bob", 7, "2026-11-22T05:00:01Z")
    book.save_taken()
    (told,) = run("show", "bob", "--json").lines
    assert (told["has"], told["taken"], told["versions"], told["bytes"]) == (7, 7, 1, 100)
    assert "2026-11-22T05:00:01Z" in run("show", "bob").out
    assert run("show", "nobody").code == 1


def test_a_file_that_cannot_be_read_is_told(run, state_dir: Path) -> None:
    peers_file(state_dir).parent.mkdir()
    peers_file(state_dir).write_text("{")
    ran = run("peers")
    assert ran.code == 1
    assert "peers.json" in ran.err


def test_a_certificate_of_our_own(run, state_dir: Path) -> None:
    ran = run("certificate", "tipd.example.org", "192.0.2.1")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        f'tls_cert_file = "{state_dir}/sharing/tls.pem"',
        f'tls_key_file = "{state_dir}/sharing/tls.key"',
    ]
    assert (state_dir / "sharing" / "tls.key").stat().st_mode & 0o077 == 0
    assert run("certificate", "tipd.example.org").code == 2


def test_not_from_elsewhere(tipd: Any, config: Path) -> None:
    ran = tipd("--url", "https://tipd.example.org", "sharing", "peers")
    assert ran.code == 1
    assert "daemon's machine" in ran.err
