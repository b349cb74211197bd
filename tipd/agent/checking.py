"""`tipd-agent check`: what would keep the agent from working, before it is started."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

from tipd import config as configuration
from tipd.agent import listening, maildir
from tipd.agent.enroll import PEERS
from tipd.agent.host import open_keys
from tipd.agent.peers import Peers
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tipd.agent.settings import AgentConfig

_TRIED = 20  # mails of a maildir that are opened to see whether any can be


def faults(config: AgentConfig) -> Iterator[str]:
    """Yield what is wrong, one sentence each; nothing is written but a missing state folder with its keys."""
    settings = config.agent
    if not settings.maildirs:
        yield f"{where(config, 'maildirs')}: none is named, so there is nothing to read"
    boxes, lost = maildir.boxes(settings.folders)
    for fault in itertools.chain(lost, *(_of_mails(box) for box in boxes)):
        yield f"{where(config, 'maildirs')}: {fault}"
    yield from _of_listener(config)
    try:
        config.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(config.state_dir, os.W_OK | os.X_OK):
            yield f"{config.state_dir}: cannot be written by this user"
        else:
            open_keys(config)
    except OSError as error:
        yield f"{config.state_dir}: {error.strerror or error}"
    except ConfigError as error:
        shared = settings.hmac_key_file
        yield f"{where(config, 'hmac_key_file')}: {error}" if shared and shared in str(error) else str(error)
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
            said = f"{config.agent.listen} is not loopback: set tls_cert_file and tls_key_file"
            yield f"{where(config, 'listen')}: {said}"
    except (ConfigError, ValueError) as error:
        keys_named = (key for key in ("client_ca_file", "tls_cert_file") if key in str(error))
        yield f"{where(config, next(keys_named, 'listen'))}: {str(error).removeprefix('[agent] ')}"


def where(config: AgentConfig, key: str) -> str:
    """Return file, line and name of a key of `[agent]`, as errors begin."""
    name = f"agent.{key}"
    try:
        line = configuration.line_of(config.path.read_text(encoding="utf-8"), name) if config.path else None
    except OSError:
        line = None
    return f"{config.path}{f':{line}' if line else ''}: {name}"


def _of_mails(box: maildir.Box) -> Iterator[str]:
    """Yield why none of a maildir's first mails can be read: who may list a folder may not yet open what lies in it."""
    fault = ""
    for path in itertools.islice(_mails(box), _TRIED):
        try:
            os.close(maildir.open_mail(None, path))
        except PermissionError as error:
            fault = f"{os.fsdecode(path)}: {error.strerror}: mails must be readable too, not only their folder"
        except (OSError, maildir.RefusedMail):
            continue
        else:
            return
    if fault:
        yield fault


def _mails(box: maildir.Box) -> Iterator[bytes]:
    root = os.fsencode(box.path)
    if box.mbox:
        yield root
        return
    for half in (b"/new", b"/cur"):
        try:
            with os.scandir(root + half) as entries:
                yield from (entry.path for entry in entries)
        except OSError:
            continue


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
