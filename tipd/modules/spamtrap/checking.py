"""What `tipd check` finds wrong with spamtraps, beside what the settings refuse: names, files, knowledge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tipd.agent import listening
from tipd.errors import ConfigError
from tipd.modules.spamtrap.knowledge.knowledge import Knowledge

if TYPE_CHECKING:
    from collections.abc import Iterator, Set

    from tipd.modules.spamtrap.settings import AgentSource, ArchiveSettings, SharingSettings, SpamtrapSettings

_FILES = ("ca_file", "token_file", "client_cert_file", "client_key_file")


def faults_of(settings: SpamtrapSettings, taken: Set[str]) -> list[str]:
    """Return all that is wrong, a line each; `taken` are the names of other modules' sources."""
    found: list[str] = []
    try:
        Knowledge.load([Path(folder) for folder in settings.knowledge_dirs])
    except ConfigError as error:
        found += str(error).splitlines()
    for key in ("archives", "agents"):
        for number, one in enumerate(getattr(settings, key)):
            where = f"modules.spamtrap.{key}[{number}]"
            if one.name in taken:
                found.append(f"{where}.name: there is a blacklist of the name {one.name!r}")
            found += [f"{where}.{fault}" for fault in _missing(one)]
    return found


def faults_of_sharing(sharing: SharingSettings, settings: SpamtrapSettings) -> list[str]:
    """Return what keeps `[sharing]` from serving, a line each; nothing where it is not enabled."""
    if not sharing.enabled:
        return []
    found: list[str] = []
    known = {one.name for one in settings.agents}
    found += [f"sharing.agents: there is no agent {name!r}" for name in sharing.agents if name not in known]
    try:
        host, _ = listening.parse(sharing.listen)
    except ValueError as error:
        return [*found, f"sharing.listen: {error}"]
    if sharing.tls_cert_file:
        try:
            listening.server_context(Path(sharing.tls_cert_file), Path(sharing.tls_key_file), "")
        except ConfigError as error:
            found.append(f"sharing.tls_cert_file: {error} (`tipd sharing certificate NAME` makes both)")
    elif not listening.is_loopback(host):
        found.append(f"sharing.listen: {sharing.listen} is not loopback: set tls_cert_file and tls_key_file")
    return found


def _missing(one: ArchiveSettings | AgentSource) -> Iterator[str]:
    for key in _FILES:
        name = getattr(one, key, "")
        if name and not Path(name).is_file():
            yield f"{key}: there is no file {name}"
    if one.path and not Path(one.path).exists():
        yield f"path: there is no {one.path}"
