"""The demo's mail host: a maildir that keeps filling, the real agent on it, and two peers it was told of."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from demo import daemon
from demo.post import maildir
from demo.post.mails import HOST, TRAP_DOMAIN

if TYPE_CHECKING:
    from pathlib import Path

NAME = "mx1"
OWN_VIEW, OTHER_VIEW = "redacted", "urls"  # what we are given, and what a colleague is


@dataclass(frozen=True)
class Peer:
    """What `tipd agent enroll` handed out: to whom, the file with the token, the key that signs."""

    name: str
    token_file: Path
    public_key: str


class MailHost:
    """`start` it, `fill` it, `stop` it; `folder` is the host's disk."""

    def __init__(self, folder: Path) -> None:
        """Write nothing yet."""
        self.folder = folder
        self.maildir = folder / "Maildir"
        self.config = folder / "agent.toml"
        self.log = folder / "agent.log"
        self.port = daemon.free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where the agent serves."""
        return f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Make the maildir with its backlog, and the agent's configuration."""
        self.folder.mkdir()
        maildir.make(self.maildir)
        self.config.write_text(
            f"""state_dir = "{self.folder / "state"}"
[agent]
name = "{NAME}"
listen = "127.0.0.1:{self.port}"
trap_domains = ["{TRAP_DOMAIN}"]
authserv_id = "{HOST}"
seal_after = "3s"
look_every = "1s"
max_load = 100.0
[[agent.maildirs]]
path = "{self.maildir}"
trap = "pristine"
"""
        )

    async def enroll(self, name: str, view: str) -> Peer:
        """Give somebody a view, as the host's operator does."""
        words = ("enroll", "--peer", name, "--view", view, "--json")
        done = await trio.run_process(self._command(*words), capture_stdout=True)
        told = json.loads(done.stdout)
        path = self.folder / f"{name}.token"
        path.write_text(told["token"])
        path.chmod(0o600)
        return Peer(name, path, told["public_key"])

    def start(self) -> None:
        """Start the agent in a session of its own."""
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(self._command("run"), stdout=out, stderr=out, start_new_session=True)

    async def sealed(self) -> None:
        """Wait until both views have a version: what is told of an agent before is nobody's yet, and shown to few."""
        chains = [self.folder / "state" / "chains" / view / "1.manifest" for view in (OWN_VIEW, OTHER_VIEW)]
        with trio.move_on_after(30):
            while not all(chain.exists() for chain in chains):
                await trio.sleep(0.1)

    async def fill(self) -> None:
        """Deliver mail until cancelled."""
        await maildir.keep_filling(self.maildir)

    async def stop(self) -> None:
        """Stop the agent where it runs."""
        if self.process is not None:
            await daemon.stop(self.process)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "tipd", "agent", "--config", str(self.config), *words]
