"""What collecting needs, the same for all sources of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tipd.config import duration

if TYPE_CHECKING:
    import random
    from datetime import timedelta
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.modules.blacklist.needs import BlacklistStore, Fetches, Workers
    from tipd.modules.blacklist.places import Places
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.nursery.contract import Context
    from tipd.store.bodies import Bodies


@dataclass(frozen=True, slots=True)
class Ground:
    """Where files lie, and which networks may be reached though they are not public."""

    places: Places
    bodies: Bodies
    credentials: Path
    allow_networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """Built once a round; `deadline` in seconds, `memory` in bytes (of one worker)."""

    store: BlacklistStore
    fetcher: Fetches
    workers: Workers
    clock: Clock
    rng: random.Random
    log: Log
    places: Places
    bodies: Bodies
    credentials: Path
    every: timedelta
    deadline: float
    memory: int
    max_rows: int
    allow_networks: tuple[str, ...]

    @classmethod
    def of(cls, ctx: Context, settings: BlacklistSettings, ground: Ground) -> Tools:
        """Gather what a context, the settings and the state folder give."""
        return cls(
            store=ctx.store,
            fetcher=ctx.fetcher,
            workers=ctx.workers,
            clock=ctx.clock,
            rng=ctx.rng,
            log=ctx.log,
            places=ground.places,
            bodies=ground.bodies,
            credentials=ground.credentials,
            every=duration(settings.every),
            deadline=duration(settings.deadline).total_seconds(),
            memory=settings.worker_memory_mb * 2**20,
            max_rows=settings.max_rows,
            allow_networks=ground.allow_networks,
        )
