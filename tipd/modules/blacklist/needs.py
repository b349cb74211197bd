"""What the module needs of the store, the fetcher and the workers: protocols, so that tests pass fakes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta
    from pathlib import Path

    from tipd.model.finding import NewFinding
    from tipd.net.request import Fetched, Request
    from tipd.store.ageing import Ends, Policy, Swept
    from tipd.store.history import History
    from tipd.store.proofs import ProofRow
    from tipd.store.rounds import Proof
    from tipd.store.sources import Declared, Outcome, SourceRow
    from tipd.store.switches import Off


class SourceStore(Protocol):
    """`store.sources`."""

    async def get(self, name: str) -> SourceRow | None:
        """Return one source."""
        ...

    async def declare(self, module: str, declared: Mapping[str, Declared | None]) -> list[SourceRow]:
        """Make these the module's sources."""
        ...

    async def know(
        self,
        module: str,
        off: Mapping[str, Off],
        at: datetime,
        declared: Mapping[str, Declared] | None = None,
        findings: Sequence[NewFinding] = (),
    ) -> None:
        """Make these the module's sources that are known and not collected."""
        ...

    async def lease(
        self, module: str, now: datetime, lease_for: timedelta, names: Sequence[str] | None = None
    ) -> list[SourceRow]:
        """Take those that are due, or those named."""
        ...

    async def give_back(self, module: str, until: datetime, dues: Mapping[str, datetime]) -> None:
        """End the lease that ends at `until` of these, each due then."""
        ...

    async def next_due(self, module: str) -> datetime | None:
        """Return when the next is due."""
        ...

    async def all(self, *, declared_only: bool = True) -> list[SourceRow]:
        """Return all rows."""
        ...

    async def settle(self, source_id: int, outcome: Outcome, findings: Sequence[NewFinding] = ()) -> None:
        """Store how an unchanged or failed poll ended."""
        ...


class RoundStore(Protocol):
    """`store.rounds`."""

    async def begin(self, source_id: int, *, started: datetime | None = None) -> int:
        """Begin a round."""
        ...

    async def claim(self, round_id: int, proof: Proof) -> None:
        """Store what proves a round before it writes."""
        ...

    async def apply(
        self,
        round_id: int,
        source_id: int,
        opened: Path | None,
        closed: Path | None,
        *,
        initial: bool = False,
        reason: str = "left",
        at: datetime | None = None,
        vanished: datetime | None = None,
    ) -> tuple[int, int]:
        """Write the difference."""
        ...

    async def close_all(self, round_id: int, source_id: int, *, reason: str, at: datetime | None = None) -> int:
        """Close all that is open."""
        ...

    async def finish(
        self, round_id: int, source_id: int, proof: Proof, outcome: Outcome, findings: Sequence[NewFinding] = ()
    ) -> None:
        """End the round."""
        ...

    async def end(self, round_id: int, proof: Proof) -> None:
        """End a round that asked nobody."""
        ...

    async def last_entries(self, source_id: int) -> int:
        """Return how many indicators the last whole round left."""
        ...


class IncrementStore(Protocol):
    """`store.increments`."""

    async def cursor(self, source_id: int) -> Any:
        """Return what was kept with the last rows."""
        ...

    async def keep(self, source_id: int, cursor: Any) -> None:
        """Move the cursor without rows."""
        ...

    async def apply(
        self,
        round_id: int,
        source_id: int,
        opened: Path,
        withdrawn: Path,
        *,
        cursor: Any,
        proof: Proof,
        initial: bool = False,
    ) -> tuple[int, int]:
        """Write what a page says, with the cursor behind it."""
        ...


class Teller(Protocol):
    """`store.writer`."""

    async def tell(self, findings: Sequence[NewFinding]) -> list[int]:
        """Commit findings."""
        ...


class ProofStore(Protocol):
    """`store.proofs`."""

    async def note_declaration(self, digest: bytes, name: str, text: Any, first: datetime) -> None:
        """Keep a declaration by its digest."""
        ...

    async def let_go(self, rounds: Sequence[int], *, forgotten: bool = False) -> None:
        """Note that the bodies of these rounds are not kept any more."""
        ...

    async def kept(self, source_id: int, since: datetime | None = None) -> list[ProofRow]:
        """Return the rounds whose bodies are kept."""
        ...

    async def blocked(self) -> list[int]:
        """Return the keys that are never to be taken in again."""
        ...

    async def following(self, source_id: int, at: datetime) -> datetime | None:
        """Return when the set was next read."""
        ...


class AgeingStore(Protocol):
    """`store.ageing`."""

    async def ends(self, policies: Sequence[Policy]) -> dict[int, Ends]:
        """Return when something of these sources ends next."""
        ...

    async def sweep(self, policy: Policy, now: datetime) -> Swept:
        """End what is due of one source."""
        ...

    async def set_right(self, policies: Sequence[Policy], now: datetime) -> None:
        """Let what was last seen after now age from now on."""
        ...

    async def left_over(self, policies: Sequence[Policy]) -> set[int]:
        """Return which whole lists still have rows that vanished."""
        ...

    async def forget_first(self, source_ids: Sequence[int], now: datetime) -> None:
        """Let what aged from first seen be listed again."""
        ...

    async def tell_gone(self, source_id: int, now: datetime, finding: NewFinding) -> None:
        """Note and tell that a source is gone."""
        ...


class SightingStore(Protocol):
    """`store.sightings`."""

    async def open_keys(self, source_id: int, into: Path) -> int:
        """Write the keys that are open."""
        ...

    async def says_more(self, source_id: int) -> bool:
        """Say whether anything stands beside them."""
        ...


class BlacklistStore(Protocol):
    """The part of the store that collecting touches."""

    sources: SourceStore
    writer: Teller
    rounds: RoundStore
    proofs: ProofStore
    history: History
    increments: IncrementStore
    ageing: AgeingStore
    sightings: SightingStore
    hash_seed: int
    store_id: str


class Fetches(Protocol):
    """The fetcher."""

    async def fetch(self, request: Request, into: Path) -> Fetched:
        """Fetch into a file."""
        ...


class Workers(Protocol):
    """The worker pool."""

    async def call(self, function: str, argument: Any, result_type: type[Any], *, deadline: float, memory: int) -> Any:
        """Run a function in a worker."""
        ...
