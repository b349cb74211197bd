"""Letting peers in and out, and certificates for hosts that have none."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from tipd.agent import certificate, enroll, settings
from tipd.agent.peers import Peers
from tipd.agent.settings import AgentConfig
from tipd.errors import ConfigError, TipdError, UsageError

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Fixed:
    def now(self) -> datetime:
        return NOW


def config(folder: Path, more: str = "") -> AgentConfig:
    path = folder / "agent.toml"
    path.write_text(f'state_dir = "{folder}/state"\n[agent]\nname = "mx1"\n{more}')
    return settings.load(path, {})


def book(config_: AgentConfig) -> list[dict]:
    return [msgspec.json.decode(line) for line in (config_.state_dir / enroll.AUDIT).read_bytes().splitlines()]


def test_a_peer_is_told_a_token_and_the_key_and_it_is_written_down(tmp_path: Path) -> None:
    found = config(tmp_path)
    told = enroll.enroll(found, "lab", "urls", Fixed())
    assert (told.peer, told.view, told.agent) == ("lab", "urls", "mx1")
    assert Peers(found.state_dir / enroll.PEERS).by_token(told.token).peer.view == "urls"
    assert enroll.enroll(found, "lab2", "urls", Fixed()).public_key == told.public_key
    enroll.revoke(found, "lab", Fixed())
    assert Peers(found.state_dir / enroll.PEERS).by_token(told.token) is None
    assert [(line["what"], line["peer"]) for line in book(found)] == [
        ("enroll", "lab"),
        ("enroll", "lab2"),
        ("revoke", "lab"),
    ]
    assert told.token not in (found.state_dir / enroll.AUDIT).read_text()


def test_a_view_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="redacted"):
        enroll.enroll(config(tmp_path), "lab", "redacte", Fixed())


def test_a_view_of_ones_own_can_be_given(tmp_path: Path) -> None:
    found = config(tmp_path, '[views.partner]\nfields = ["sha256", "at"]\n')
    assert enroll.enroll(found, "lab", "partner", Fixed()).view == "partner"


def test_a_certificate_takes_the_place_of_the_token(tmp_path: Path) -> None:
    found = config(tmp_path)
    path = tmp_path / "lab.pem"
    path.write_bytes(certificate.self_signed(["lab"], NOW, client=True).certificate)
    told = enroll.enroll(found, "lab", "urls", Fixed(), certificate=path)
    assert told.token == ""
    assert "BEGIN CERTIFICATE" in Peers(found.state_dir / enroll.PEERS).certificates()
    with pytest.raises(ConfigError, match=r"none\.pem"):
        enroll.enroll(found, "lab2", "urls", Fixed(), certificate=tmp_path / "none.pem")
    with pytest.raises(UsageError, match="client_ca_file"):
        enroll.enroll(found, "lab2", "urls", Fixed(), certificate_name="lab")


def test_a_host_without_a_certificate_gets_one_once(tmp_path: Path) -> None:
    made, key = enroll.certify(tmp_path / "state", ["mx1.example.org"], Fixed())
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made, key)
    assert key.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="is there already"):
        enroll.certify(tmp_path / "state", ["mx1.example.org"], Fixed())


def test_who_is_not_there_cannot_be_revoked(tmp_path: Path) -> None:
    with pytest.raises(TipdError, match="nobody"):
        enroll.revoke(config(tmp_path), "nobody", Fixed())
