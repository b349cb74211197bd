"""What `check` finds before the agent is started."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tipd.agent import certificate, checking, settings
from tipd.clock import SystemClock


def faults(folder: Path, text: str) -> list[str]:
    path = folder / "agent.toml"
    path.write_text(f'state_dir = "{folder}/state"\n[agent]\n{text}')
    return list(checking.faults(settings.load(path, {})))


def maildir(folder: Path) -> str:
    for each in ("new", "cur", "tmp"):
        (folder / "Maildir" / each).mkdir(parents=True, exist_ok=True)
    return f'maildirs = ["{folder}/Maildir"]\n'


def test_a_host_that_is_ready_has_no_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, maildir(tmp_path)) == []
    made = certificate.self_signed(["mx1.example.org"], SystemClock().now())
    (tmp_path / "tls.pem").write_bytes(made.certificate)
    (tmp_path / "tls.key").write_bytes(made.key)
    tls = f'tls_cert_file = "{tmp_path}/tls.pem"\ntls_key_file = "{tmp_path}/tls.key"\nlisten = "[::]:8472"\n'
    assert faults(tmp_path, maildir(tmp_path) + tls) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "maildirs: none is named"),
        ('maildirs = ["/nowhere/Maildir"]', "/nowhere/Maildir"),
        ('listen = "0.0.0.0:8472"', "is not loopback"),
        ('listen = "8472"', "no address to listen on"),
        ('tls_cert_file = "/x.pem"', "go together"),
        ('tls_cert_file = "/x.pem"\ntls_key_file = "/x.key"', "/x.pem"),
        ('client_ca_file = "/x.pem"', "needs tls_cert_file"),
        ('hmac_key_file = "/nowhere/key"', "/nowhere/key"),
    ],
)
def test_each_fault_is_said(tmp_path: Path, text: str, said: str) -> None:
    found = [each for each in faults(tmp_path, text) if said in each]
    assert found
    assert found[0].startswith(f"{tmp_path}/agent.toml:")


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone makes mails that others cannot read, and becomes another")
def test_a_maildir_whose_mails_cannot_be_opened_is_said(tmp_path: Path) -> None:
    text = maildir(tmp_path)
    mail = tmp_path / "Maildir" / "new" / "1.1.mx1"
    mail.write_bytes(b"Subject: x\n\n")
    mail.chmod(0o600)
    assert faults(tmp_path, text) == []
    config = settings.load(tmp_path / "agent.toml", {})
    for folder in (tmp_path, *tmp_path.parents[:-2]):
        folder.chmod(0o755)
    with as_another(12345):
        (said,) = [each for each in checking.faults(config) if "Maildir" in each]
    assert said.startswith(f"{tmp_path}/agent.toml:3: agent.maildirs: {mail}: Permission denied")
    other = mail.with_name("2.2.mx1")
    other.write_bytes(b"Subject: x\n\n")
    other.chmod(0o644)  # one that can be read does: a single odd file keeps no agent from starting
    with as_another(12345):
        assert not [each for each in checking.faults(config) if "Maildir" in each]


@contextmanager
def as_another(user: int) -> Iterator[None]:
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


def test_peers_that_cannot_be_read_or_served_are_said(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    peers = tmp_path / "state" / "peers.json"
    peers.write_text("{")
    assert any("peers.json" in each for each in faults(tmp_path, maildir(tmp_path)))
    peers.write_text('{"format": 1, "peers": {"lab": {"view": "gone"}, "old": {"view": "x", "revoked": "2026"}}}')
    assert faults(tmp_path, maildir(tmp_path)) == [f"{peers}: lab has the view 'gone', and there is none"]
