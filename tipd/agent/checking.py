"""`tipd-agent check`: what would keep the agent from working, before it is started."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.agent import listening, maildir
from tipd.agent.enroll import PEERS
from tipd.agent.host import open_keys
from tipd.agent.peers import Peers
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.agent.settings import AgentConfig


def faults(config: AgentConfig) -> Iterator[str]:
    """Yield what is wrong, one sentence each; nothing is written but a missing state folder with its keys."""
    settings = config.agent
    if not settings.maildirs:
        yield f"{config.path}: [agent] maildirs: none is named, so there is nothing to read"
    yield from maildir.boxes(settings.folders)[1]
    yield from _of_listener(config)
    try:
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(config.state_dir, os.W_OK | os.X_OK):
            yield f"{config.state_dir}: cannot be written by this user"
        else:
            open_keys(config)
    except (OSError, ConfigError) as error:
        yield str(error)
    book = Peers(config.state_dir / PEERS)
    if book.fault:
        yield book.fault
    for name, peer in sorted(book.all().items()):
        if not peer.revoked and peer.view not in config.views:
            yield f"{config.state_dir / PEERS}: {name} has the view {peer.view!r}, and there is none"


def _of_listener(config: AgentConfig) -> Iterator[str]:
    try:
        keys = keys_of(config)
        host, _ = listening.parse(config.agent.listen)
        if keys is not None:
            keys.context()
        elif not listening.is_loopback(host):
            yield f"[agent] listen: {config.agent.listen} is not loopback: set tls_cert_file and tls_key_file"
    except (ConfigError, ValueError) as error:
        yield str(error)


def keys_of(config: AgentConfig) -> listening.Keys | None:
    """Return the listener's certificate as the settings name it, None without; raises ConfigError."""
    settings = config.agent
    if bool(settings.tls_cert_file) != bool(settings.tls_key_file):
        raise ConfigError("[agent] tls_cert_file and tls_key_file go together")
    if not settings.tls_cert_file:
        if settings.client_ca_file:
            raise ConfigError("[agent] client_ca_file: needs tls_cert_file and tls_key_file")
        return None
    authority = Path(settings.client_ca_file) if settings.client_ca_file else None
    return listening.Keys(Path(settings.tls_cert_file), Path(settings.tls_key_file), authority)
