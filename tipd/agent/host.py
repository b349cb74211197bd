"""The agent's parts on one state folder: opened together, closed together. `loop.run` makes them work."""

from __future__ import annotations

import os
import sqlite3
from contextlib import ExitStack, suppress
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from tipd.agent import maildir
from tipd.agent.chain import Chain
from tipd.agent.compressed import CompressedError
from tipd.agent.hold import Hold
from tipd.agent.keys import Keys
from tipd.agent.ledger import Ledger
from tipd.agent.reading import LONGEST
from tipd.agent.sealing import Sealer
from tipd.config import duration, nearest
from tipd.errors import ConfigError
from tipd.mail.view import FULL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.agent.ledger import Lying
    from tipd.agent.settings import AgentConfig
    from tipd.clock import Clock
    from tipd.log import Log

CHAINS = "chains"
KEYS = "keys"
LEDGER = "ledger.sqlite"


class Host:
    """What an agent is made of. `chains` is by view; `add_view` adds to it while the agent works."""

    def __init__(self, config: AgentConfig, clock: Clock, log: Log) -> None:
        """Take the state folder and settle what was cut off; raises TryAgain, ConfigError, OSError."""
        self.config = config
        self.clock = clock
        self.log = log
        self.hold = Hold(config.state_dir)
        with ExitStack() as opened:
            opened.callback(self.hold.close)
            self.keys = open_keys(config)
            self.ledger = _open_ledger(config.state_dir / LEDGER, log)
            opened.callback(self.ledger.close)
            self.chains: dict[str, Chain] = {}
            self.sealer = Sealer(
                agent=config.name,
                chains=self.chains,
                views=config.views,
                ledger=self.ledger,
                keys=self.keys,
                clock=clock,
            )
            for view in config.agent.views:
                self.add_view(view)
            self._opened = opened.pop_all()

    def add_view(self, view: str) -> None:
        """Seal a view from now on; raises ConfigError where there is none of that name."""
        if view in self.chains:
            return
        if view not in self.config.views:
            raise ConfigError(f"there is no view {view!r}{nearest(view, self.config.views)}")
        folder = self.config.state_dir / CHAINS / view
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        chain = Chain(folder)
        sealed_by = chain.index().agent
        if sealed_by and sealed_by != self.config.name:
            raise ConfigError(f"{folder}: was sealed by the agent {sealed_by!r}, and this one is {self.config.name!r}")
        if chain.last:
            self.keys.private(chain.key_after(chain.last))  # without it nothing could be sealed: say so now
        self.chains[view] = chain
        missed = self.sealer.recover(view)
        if missed:
            self.log.warning("versions were there that the ledger did not know", view=view, count=missed)

    def raw(self, sha256: str) -> bytes | None:
        """Return a mail's bytes, unpacked, while it lies where it was read; None where it does not, or is withdrawn.

        What the view `full` does not show, or does not show yet, is not there either.
        """
        try:
            wanted = bytes.fromhex(sha256)
        except ValueError:
            return None
        if self.ledger.withdrawn(wanted):
            return None
        for lying in filter(self._is_shown, self.ledger.lying(wanted)):
            with suppress(OSError, maildir.RefusedMail, CompressedError):
                if lying.place is not None and lying.length is not None:
                    path = lying.folder + b"/" + lying.box.rpartition(b"/")[2]
                    return maildir.cut_out(path, lying.place, min(lying.length, LONGEST))
                found = maildir.find(lying.folder, lying.name)
                if found is not None:
                    return maildir.fetch(*found, LONGEST)
        return None

    def _is_shown(self, lying: Lying) -> bool:
        """Say whether the view `full` shows what lies there: an operator may keep maildirs from it, or have it wait."""
        view = self.config.views[FULL]
        if view.maildirs and not any(fnmatchcase(os.fsdecode(lying.box), each) for each in view.maildirs):
            return False
        delay = duration(view.delay).total_seconds()
        return not delay or lying.at + delay <= self.clock.now().timestamp()

    def withdraw(self, sha256s: Iterable[str], why: str) -> int:
        """Have the next versions take back the records of some mails; return how many records that are."""
        return self.ledger.withdraw([bytes.fromhex(each) for each in sha256s], why, sorted(self.chains))

    def retain(self) -> int:
        """Remove the lines of versions that are too old or too many; their manifests stay. Return how many."""
        from tipd.agent.retention import retain

        keep = duration(self.config.agent.keep)
        now = self.clock.now()
        return sum(retain(chain, now - keep, self.config.agent.keep_size) for chain in self.chains.values())

    def close(self) -> None:
        """Give everything back."""
        self._opened.close()


def open_keys(config: AgentConfig) -> Keys:
    """Return the agent's keys, made where they are missing; raises ConfigError. Without the lock, for the CLI too."""
    shared = config.agent.hmac_key_file
    return Keys(config.state_dir / KEYS, Path(shared) if shared else None)


def _open_ledger(path: Path, log: Log) -> Ledger:
    """Open the ledger; a broken one is put aside, since the sealed folders tell what was sealed."""
    try:
        return Ledger(path)
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:  # a full disk, no right, locked: it is not to blame
            raise
        aside = next(each for n in range(1, 1000) if not (each := path.with_name(f"{path.name}.broken{n}")).exists())
        log.error("the ledger is broken and was put aside", error=str(error), aside=str(aside))
        path.rename(aside)
        for more in ("-wal", "-shm"):
            path.with_name(path.name + more).unlink(missing_ok=True)
        return Ledger(path)
