"""What the module needs of the store: protocols, so that tests pass fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tipd.modules.spamtrap.archives.leasing import LeaseStore
from tipd.modules.spamtrap.archives.tools import SpamStore as Taking
from tipd.modules.spamtrap.declaring import SourceStore as Declaring

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from tipd.model.finding import NewFinding
    from tipd.modules.spamtrap.removal import RoundStore
    from tipd.store.sources import Outcome


class SourceStore(Declaring, LeaseStore, Protocol):
    """`store.sources`."""

    async def settle(self, source_id: int, outcome: Outcome, findings: Sequence[NewFinding] = ()) -> None:
        """Store how a run ended."""
        ...


class SpamStore(Taking, Protocol):
    """`store.spam`."""

    async def age(self, now: datetime, *, sighting_keep: timedelta) -> int:
        """End what was last seen so long ago."""
        ...

    async def prune(self, keep: timedelta) -> Any:
        """Drop mails taken in longer ago."""
        ...


class SpamtrapStore(Protocol):
    """The part of the store that the module touches."""

    sources: SourceStore
    rounds: RoundStore
    spam: SpamStore
    store_id: str
    hash_seed: int
