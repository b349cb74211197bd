"""What taking archives works with: the store, the fetcher, the process pool, bounds, and where progress is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from tipd.config import duration, size
from tipd.modules.spamtrap.archives.reading import Reading
from tipd.modules.spamtrap.gathering import Rules

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.spam import ArchiveMark, SpamBatch, Taken
    from tipd.modules.spamtrap.settings import ArchiveSettings, SpamtrapSettings
    from tipd.net.request import Fetched, Request
    from tipd.nursery.contract import Context

LONGEST_FETCH = timedelta(hours=6).total_seconds()


class SpamStore(Protocol):
    """`store.spam`."""

    async def take(self, batch: SpamBatch, *, sighting_keep: timedelta) -> Taken:
        """Store a batch."""
        ...

    async def known(self, hashes: Collection[bytes], *, source: str | None = None, member: str = "") -> set[bytes]:
        """Return which mails are known."""
        ...

    async def marks(self, archive: str) -> dict[str, ArchiveMark]:
        """Return how far a source's archives were taken."""
        ...


class TrapStore(Protocol):
    """The part of the store that archives touch."""

    spam: SpamStore
    store_id: str
    hash_seed: int


class Fetches(Protocol):
    """The fetcher."""

    async def fetch(self, request: Request, into: Path) -> Fetched:
        """Fetch into a file."""
        ...


class Tools:
    """Built for each run of the module."""

    def __init__(self, ctx: Context, settings: SpamtrapSettings, scratch: Path, progress: dict[str, Any]) -> None:
        """`scratch`: a folder for what is being read; `progress`: what is shown of each archive."""
        self.log: Log = ctx.log
        self.clock: Clock = ctx.clock
        self.store: TrapStore = ctx.store
        self.fetcher: Fetches = ctx.fetcher
        self.workers = ctx.workers
        self.scratch = scratch
        self.most_packed = size(settings.max_archive)
        self.most_unpacked = size(settings.max_unpacked)
        self.most_members = settings.max_members
        self.patience = LONGEST_FETCH
        self.sighting_keep = duration(settings.sighting_keep)
        stall = duration(settings.stall).total_seconds()
        self.memory = settings.worker_memory_mb * 2**20
        self.reading = Reading(ctx.workers, stall=stall, memory=self.memory)
        self._knowledge = settings.knowledge_dirs
        self._health = ctx.health
        self._progress = progress

    @property
    def trap_key(self) -> bytes:
        """Return what recipients of archives are masked with: of this database, nobody else's."""
        return f"tipd archives {self.store.store_id} {self.store.hash_seed}".encode()

    def rules(self, source: ArchiveSettings) -> Rules:
        """Return by what a source's mails are judged from now on."""
        now = self.clock.now()
        return Rules(
            source=source.name,
            now=now,
            since=now - self.sighting_keep,
            own=tuple(map(str, source.own)),
            knowledge_dirs=self._knowledge,
            trap_key=self.trap_key[:64],
        )

    def show(self, source: str, name: str, **facts: Any) -> None:
        """Show how far a source is; it counts as a sign of life."""
        self._progress[source] = {**self._progress.get(source, {}), "archive": name, **facts}
        self._health.note(archives=self._progress)
        self._health.beat()
