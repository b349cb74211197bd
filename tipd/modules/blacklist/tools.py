"""What collecting needs, the same for all sources of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from datetime import timedelta
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.modules.blacklist.needs import BlacklistStore, Fetches, Workers
    from tipd.modules.blacklist.places import Places
    from tipd.store.bodies import Bodies


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
