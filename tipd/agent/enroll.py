"""Peers are told a token, or show a certificate; what is needed to know us is handed out with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tipd.agent import peers
from tipd.agent.audit import Audit
from tipd.agent.certificate import read_client, self_signed
from tipd.agent.durable import write
from tipd.agent.host import open_keys
from tipd.agent.owner import PRIVATE
from tipd.agent.peers import Peer
from tipd.config import nearest
from tipd.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tipd.agent.settings import AgentConfig
    from tipd.clock import Clock

PEERS = "peers.json"
AUDIT = "audit.jsonl"
CERTIFICATE, KEY = "tls.pem", "tls.key"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """What a new peer is told; the token this once."""

    peer: str
    token: str
    public_key: str
    view: str
    agent: str


def enroll(
    config: AgentConfig,
    name: str,
    view: str,
    clock: Clock,
    *,
    certificate: Path | None = None,
    certificate_name: str = "",
) -> Enrolled:
    """Let a peer in, to one view; raises UsageError for a view there is not, TipdError for a name that is taken.

    `certificate`: the peer's own (PEM), in place of a token; or the name in one that `client_ca_file` signed.
    """
    if view not in config.views:
        raise UsageError(f"there is no view {view!r}{nearest(view, config.views)}")
    if certificate_name and not config.agent.client_ca_file:
        raise UsageError("a name in a certificate counts only with [agent] client_ca_file")
    peer = Peer(view=view, certificate_name=certificate_name)
    if certificate is not None:
        read = read_client(_bytes(certificate))
        peer = Peer(view=view, certificate=read.pem, certificate_sha256=read.sha256)
    keys = open_keys(config)
    token = peers.enroll(config.state_dir / PEERS, name, peer, clock.now())
    audit_of(config, clock).write("enroll", peer=name, view=view, by="token" if token else "certificate")
    return Enrolled(peer=name, token=token, public_key=keys.public, view=view, agent=config.name)


def revoke(config: AgentConfig, name: str, clock: Clock) -> None:
    """Let a peer in no more; raises TipdError where there is none."""
    peers.revoke(config.state_dir / PEERS, name, clock.now())
    audit_of(config, clock).write("revoke", peer=name)


def audit_of(config: AgentConfig, clock: Clock) -> Audit:
    """Return the agent's book."""
    return Audit(config.state_dir / AUDIT, clock)


def certify(folder: Path, names: Sequence[str], clock: Clock) -> tuple[Path, Path]:
    """Make a self-signed certificate for these names beside its key; raises UsageError where one is there already."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.exists() or key.exists():
        raise UsageError(f"{certificate} or {key} is there already: peers know it; move it away first")
    made = self_signed(names, clock.now())
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(key, made.key, mode=PRIVATE)
    write(certificate, made.certificate)
    return certificate, key


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from None
