"""What doors read of spam: every call tells only what came by sources marked `max_tlp` or less."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tipd.clock import Clock
    from tipd.store.pool import Pool


class Reads:
    """The reading half of `store.spam`."""

    def __init__(self, pool: Pool, clock: Clock, hash_seed: int) -> None:
        self._pool = pool
        self._clock = clock
        self._seed = hash_seed

    def begin_anew(self, hash_seed: int) -> None:
        """Forget what was known of a database that was exchanged for another."""
        self._seed = hash_seed
