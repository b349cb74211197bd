"""Which sections the configuration has, and who owns each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import msgspec

from tipd import config
from tipd.api.settings import ApiSettings
from tipd.errors import ConfigError
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.modules.fastflux.settings import FluxSettings
from tipd.modules.spamtrap.settings import SharingSettings, SpamtrapSettings
from tipd.net.settings import NetSettings
from tipd.store.settings import FindingsSettings, StoreSettings
from tipd.watching.settings import SinkSettings, WatchSettings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tipd.config import Config

LEVELS = ("debug", "info", "warning", "error")


class LogSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is logged, `[log]`.

    `level`: `"debug"`, `"info"`, `"warning"` or `"error"`
    `slow_step`: how long one step of a task may hold the loop before it is counted and named; read at the start
    """

    level: str = "info"
    slow_step: str = "100ms"

    def __post_init__(self) -> None:
        """Refuse an unknown level; ValueError names the key."""
        if self.level not in LEVELS:
            raise ValueError(f"level must be one of {', '.join(LEVELS)}")
        try:
            self.slow_seconds()
        except ValueError as error:
            raise ValueError(f"slow_step: {error}") from None

    def slow_seconds(self) -> float:
        """Return `slow_step` in seconds; raises ValueError."""
        return config.duration(self.slow_step).total_seconds()


SECTIONS: dict[str, type[Any]] = {
    "log": LogSettings,
    "store": StoreSettings,
    "findings": FindingsSettings,
    "api": ApiSettings,
    "net": NetSettings,
    "modules.blacklist": BlacklistSettings,
    "modules.fastflux": FluxSettings,
    "modules.spamtrap": SpamtrapSettings,
    "sharing": SharingSettings,
}
TABLES: dict[str, type[Any]] = {"watch": WatchSettings, "sink": SinkSettings}  # any number of each
PARTS = ("api", "blacklist", "fastflux", "spamtrap")  # what `tipd run --only` may name


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """Load the configuration with every section tipd has; raises ConfigError."""
    return config.load(path, environ, SECTIONS, tables=TABLES)


def chosen_parts(only: tuple[str, ...]) -> frozenset[str]:
    """Return the parts to run: those named, or all; raises ConfigError for an unknown one."""
    for name in only:
        if name not in PARTS:
            raise ConfigError(f"--only {name}: there is no such part{config.nearest(name, frozenset(PARTS))}")
    return frozenset(only or PARTS)
