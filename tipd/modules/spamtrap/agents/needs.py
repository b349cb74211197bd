"""What taking agents' versions needs of the store and of the rest of the house, as protocols: tests pass fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.finding import NewFinding
    from tipd.model.spam import Cursor, SpamBatch, Taken
    from tipd.modules.spamtrap.settings import SpamtrapSettings
    from tipd.net.trip import Tools
    from tipd.store.sources import Outcome, SourceRow


class SpamStore(Protocol):
    """`store.spam`, as far as agents go."""

    async def take(self, batch: SpamBatch, *, sighting_keep: timedelta) -> Taken:
        """Store a batch with its marks, in one transaction; raises StoreAway and TryAgain."""
        ...

    async def cursors(self) -> Mapping[tuple[str, str], Cursor]:
        """Return how far each agent's view was taken."""
        ...

    async def refused(self, agent: str, view: str, number: int, reason: str, detail: str) -> object:
        """Note what was refused, and tell it unless it was told within the hour."""
        ...

    async def agent(
        self, name: str, *, view: str | None = None, there: int | None = None, pinned: bool | None = None
    ) -> None:
        """Note that a source is an agent, the highest version it has, and whether its key was pinned.

        Raises ValueError where there is no such source.
        """
        ...


class SourceStore(Protocol):
    """`store.sources`, as far as agents go."""

    async def get(self, name: str) -> SourceRow | None:
        """Return a source's row."""
        ...

    async def settle(self, source_id: int, outcome: Outcome, findings: Sequence[NewFinding] = ()) -> None:
        """Store how an attempt ended."""
        ...


class ProofStore(Protocol):
    """`store.proofs`, as far as agents go."""

    async def blocked(self) -> list[int]:
        """Return the keys of what is never to be taken in again; raises StoreAway."""
        ...


class AgentStore(Protocol):
    """The store. `hash_seed` seeds keys."""

    spam: SpamStore
    sources: SourceStore
    proofs: ProofStore
    hash_seed: int


class Workers(Protocol):
    """Worker processes."""

    async def call[T](
        self, function: str, argument: Any, result_type: type[T], *, deadline: float = 60.0, memory: int = 2**29
    ) -> T:
        """Run a function in one; raises WorkerFailed."""
        ...


@dataclass(frozen=True, slots=True)
class Ground:
    """What all agents' tasks stand on. `root`: where pulled chains lie; `inbox`: where others push to."""

    store: AgentStore
    workers: Workers
    tools: Tools
    clock: Clock
    rng: random.Random
    log: Log
    settings: SpamtrapSettings
    root: Path
    inbox: Path
    trap_key: bytes = b""
