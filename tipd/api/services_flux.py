"""What the API needs of the store where fast-flux tracking is concerned, as a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from datetime import datetime

    from tipd.model.flux import NewName, State
    from tipd.model.tracked import Added, Network, Pivot, Seen, StoredRun, Tracked, TrackedDetail


class Flux(Protocol):
    """Tracked names and passive DNS. Every call shows only names whose mark is not stricter than `max_tlp`."""

    async def add(self, names: Sequence[NewName], *, initial: bool = False, max_tlp: Tlp = Tlp.RED) -> Added:
        """Take names under watch, at most 10,000; those that are there gain evidence, tags and note."""
        ...

    async def edit(
        self,
        name: str,
        *,
        add_tags: Sequence[str] = (),
        remove_tags: Sequence[str] = (),
        note: str | None = None,
        by: str = "",
    ) -> bool:
        """Change tags and note; False where there is no such name."""
        ...

    async def drop(self, name: str, reason: str, by: str) -> bool:
        """Let a name go; False where there is none such, or it was let go before."""
        ...

    async def list(
        self,
        *,
        state: Sequence[State] = (),
        tag: Sequence[str] = (),
        tier: Sequence[str] = (),
        apex: str | None = None,
        text: str | None = None,
        after: str = "",
        limit: int = 1000,
        max_tlp: Tlp,
    ) -> Sequence[Tracked]:
        """Return names in the order of their bytes, those after `after`; `text`: a part of the name."""
        ...

    async def get(self, name: str, *, max_tlp: Tlp, at: datetime | None = None) -> TrackedDetail | None:
        """Return all that is known of a name, now or as of a moment; None where there is none that may be shown."""
        ...

    async def runs(self, name: str, *, since: datetime | None = None, limit: int = 10_000) -> Sequence[StoredRun]:
        """Return stored look-ups, ascending, those that began after `since`."""
        ...

    async def pivot(
        self,
        value: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tag: Sequence[str] = (),
        limit: int = 1000,
        max_tlp: Tlp,
    ) -> Pivot:
        """Return where an address, a network, an AS (`AS64500`) or a name leads."""
        ...

    async def pdns(self, value: str, *, max_tlp: Tlp, limit: int = 1000) -> Sequence[Seen]:
        """Return passive DNS of a name, an address or a network, the latest first."""
        ...

    def export(
        self,
        *,
        state: Sequence[State] = (),
        tag: Sequence[str] = (),
        of: str = "names",
        max_tlp: Tlp,
        public: bool = False,
    ) -> AsyncIterator[Sequence[Any]]:
        """Yield pages of rows as `Sightings.export` does: names, or (`of="nodes"`) addresses that such names have.

        A row has `kind`, `value`, `sources` (names that the caller may see), `since` and `context` (`state`, `tier`,
        `score`, `tags`; of an address `asn` and the first ten `names`). `public`: names that are marked clear and that
        a person, or a source that may be passed on, brought.
        """
        ...

    async def count(self, *, state: Sequence[State] = (), of: str = "names", max_tlp: Tlp, public: bool = False) -> int:
        """Return how many rows such an export has."""
        ...

    async def counts(self, *, max_tlp: Tlp) -> dict[State, int]:
        """Return how many names stand in each state; a state without any may be left out."""
        ...

    async def revision(self) -> int:
        """Return a number that grows with every change of names, tags, notes and marks by people."""
        ...

    async def networks(self, *, max_tlp: Tlp, after: int = 0, limit: int = 100) -> Sequence[Network]:
        """Return networks of names that share addresses, by their ids."""
        ...
