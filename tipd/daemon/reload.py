"""SIGHUP: read the configuration and the declarations again; what cannot change under a running daemon is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd import log
from tipd.daemon.sections import SECTIONS, LogSettings, load
from tipd.errors import ConfigError

if TYPE_CHECKING:
    from tipd.config import Config
    from tipd.daemon.followers import Followers
    from tipd.daemon.house import House
    from tipd.nursery.scheduler import Scheduler

LIVE = frozenset({"log"})  # sections that take effect at once


class Reload:
    """`run` is called for each SIGHUP; nothing is done before `begin`."""

    def __init__(self, house: House) -> None:
        """Know whose configuration it is."""
        self._house = house
        self._scheduler: Scheduler | None = None
        self._followers: Followers | None = None
        self._say = log.get("reload")

    @property
    def begun(self) -> bool:
        """Say whether the house stands."""
        return self._scheduler is not None

    def begin(self, scheduler: Scheduler, followers: Followers | None = None) -> None:
        """Take part from now on."""
        self._scheduler = scheduler
        self._followers = followers

    async def run(self) -> None:
        """Reload; a faulty configuration is told and the old one stays."""
        if self._scheduler is None:
            return
        await self._house.notifier.reloading()
        try:
            await self._take(load(self._house.config.path))
        except ConfigError as error:
            self._say.error("the configuration is faulty, the old one stays", why=str(error))
        if self._followers is not None:
            self._followers.asns.look()
        for name in self._scheduler.names():
            self._scheduler.run_now(name)  # a declaration that is new is due at once
        await self._house.notifier.ready("reloaded")

    async def _take(self, new: Config) -> None:
        """Use what can change under a running daemon; raises ConfigError before anything has changed."""
        old = self._house.config
        changed = [name for name in SECTIONS if new.sections[name] != old.sections[name]]
        if self._followers is not None:
            await self._followers.watching.take(new)
        waiting = sorted(set(changed) - LIVE)
        if waiting or new.state_dir != old.state_dir:
            self._say.warning("these sections take effect at the next start", sections=waiting)
        log.setup(new.section("log", LogSettings).level)
        self._say.info("reloaded", changed=changed)
