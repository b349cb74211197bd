"""The `[modules.blacklist]` section of the configuration."""

from __future__ import annotations

import msgspec

from tipd.config import duration, size

DEFAULT_DIR = "/etc/tipd/sources.d"


class BlacklistSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Collecting blacklists, `[modules.blacklist]`.

    `enabled`: false: no list is collected by this process
    `every`: how often a source is asked that does not say itself
    `sources_dirs`: folders with your own declarations, one TOML file a source; a shipped source's name overrides it
    `catalogue`: false: only what `sources_dirs` declare
    `commercial`: true: this is a business, so that sources are left out whose `commercial` is not `yes`
    `at_once`: how many sources are collected at the same time
    `deadline`: the longest one source may take, from its turn to its last row
    `max_rows`: a body with more rows than this is refused
    `worker_memory_mb`: how much memory one worker process may take to read a body, in MiB
    `credentials_dir`: where the files stand that sources name by `credential`; empty: `credentials` in the state folder
    `keep_bodies`: how long bodies that changed something are kept, compressed; `0s`: none are
    `keep_bodies_size`: how many bytes of them are kept at most; the oldest make room, each source's last one stays
    """

    enabled: bool = True
    every: str = "1h"
    sources_dirs: tuple[str, ...] = (DEFAULT_DIR,)
    catalogue: bool = True
    commercial: bool = False
    at_once: int = 8
    deadline: str = "30m"
    max_rows: int = 50_000_000
    worker_memory_mb: int = 1024
    credentials_dir: str = ""
    keep_bodies: str = "30d"
    keep_bodies_size: str = "10GB"

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        for key in ("every", "deadline"):
            try:
                seconds = duration(getattr(self, key)).total_seconds()
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
            if seconds < 1:
                raise ValueError(f"{key}: must be at least 1s")
        for key, read in (("keep_bodies", duration), ("keep_bodies_size", size)):
            try:
                read(getattr(self, key))
            except ValueError as error:
                raise ValueError(f"{key}: {error}") from None
        if not 1 <= self.at_once <= 256:
            raise ValueError("at_once must be from 1 to 256")
        if self.max_rows < 1:
            raise ValueError("max_rows must be at least 1")
        if self.worker_memory_mb < 256:
            raise ValueError("worker_memory_mb must be at least 256")
