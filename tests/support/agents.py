"""Agents on maildirs below a test's folder."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
import zstandard

from tipd import log
from tipd.agent.host import Host
from tipd.agent.readers import python_path
from tipd.agent.settings import AgentConfig, AgentSettings, MaildirSettings
from tipd.mail.view import SHIPPED

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tipd.agent.chain import Chain

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)


class SetClock:
    """A wall clock that a test sets."""

    def __init__(self, now: datetime = NOW) -> None:
        """Stand at a moment."""
        self.moment = now

    def now(self) -> datetime:
        """Return it."""
        return self.moment


def config(folder: Path, *maildirs: Path | MaildirSettings, views: Any = None, **more: Any) -> AgentConfig:
    """Return a configuration that lets nothing wait, with its state in `folder/state`."""
    found = tuple(each if isinstance(each, MaildirSettings) else str(each) for each in maildirs)
    values = {"name": "mx1", "maildirs": found, "cpu": 8.0, "max_load": 1000.0, "min_free": "0"} | more
    return AgentConfig(
        agent=AgentSettings(**values), views=dict(SHIPPED) | (views or {}), state_dir=folder / "state", path=None
    )


def host(settings: AgentConfig, clock: Any = None) -> Host:
    """Open an agent; close it."""
    return Host(settings, clock or SetClock(), log.get("agent"))


def records(chain: Chain, first: int = 1) -> Iterator[dict[str, Any]]:
    """Yield the records of a chain's versions as they are served, from one on."""
    for n in range(first, chain.last + 1):
        if chain.has_body(n):
            with chain.body(n).open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as lines:
                yield from (msgspec.json.decode(line) for line in lines.read().splitlines())


def hashes(chain: Chain) -> list[str]:
    """Return the hashes of a chain's mails, in its order."""
    return [record["sha256"] for record in records(chain)]


def spawned(code: str, *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run some code in an interpreter of its own, with this one's path."""
    environment = {"PYTHONPATH": ":".join(python_path()), "PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [sys.executable, "-c", code, *words], env=environment, capture_output=True, text=True, timeout=60, **more
    )
