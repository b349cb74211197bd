"""What doors read of tracked names and passive DNS: every call shows only what `max_tlp` allows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tipd.store.flux import asked, exports, networks, pdns, pivot, shown
from tipd.store.sightings import LONG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tipd.model.flux import State
    from tipd.model.tlp import Tlp
    from tipd.model.tracked import Network, Pivot, ScorePoint, Seen, StoredRun, Tracked, TrackedDetail
    from tipd.store.pool import Pool
    from tipd.store.sightings import Listed

_LONG_AGO, _FAR_AHEAD = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)


class Reads:
    """The reading half of `store.flux`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

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
        choice = shown.Choice(max_tlp, tuple(state), tuple(tag), tuple(tier), apex, text, after, limit)
        return await self._pool.run(shown.names, choice)

    async def get(self, name: str, *, max_tlp: Tlp, at: datetime | None = None) -> TrackedDetail | None:
        """Return all that is known of a name, now or as of a moment; None where there is none that may be shown."""
        return await self._pool.run(shown.one, name, max_tlp, at)

    async def scores(self, name: str, *, limit: int = 10_000) -> Sequence[ScorePoint]:
        """Return the latest scores of a name, ascending."""
        return await self._pool.run(shown.scores, name, limit)

    async def runs(
        self, name: str, *, since: datetime | None = None, until: datetime | None = None, limit: int = 10_000
    ) -> Sequence[StoredRun]:
        """Return stored look-ups, ascending, those that began after `since` and not after `until`."""
        span = since or _LONG_AGO, until or _FAR_AHEAD
        return await self._pool.run(shown.runs, name, *span, limit)

    async def counts(self, *, max_tlp: Tlp) -> dict[State, int]:
        """Return how many names stand in each state; a state without any is left out."""
        return await self._pool.run(shown.counts, max_tlp)

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
        """Return where an address, a network, an AS (`AS64500`) or a name leads. Raises RefusedValue."""
        question = pivot.Question(asked.read(value), since, until, tuple(tag), limit, max_tlp)
        return await self._pool.run(pivot.pivot, question)

    async def pdns(self, value: str, *, max_tlp: Tlp, limit: int = 1000) -> Sequence[Seen]:
        """Return passive DNS of a name, an address, a network or an AS, the latest first. Raises RefusedValue."""
        return await self._pool.run(pdns.of, asked.read(value), max_tlp, limit)

    async def export(
        self,
        *,
        state: Sequence[State] = (),
        tag: Sequence[str] = (),
        of: str = "names",
        max_tlp: Tlp,
        public: bool = False,
    ) -> AsyncIterator[Sequence[Listed]]:
        """Yield pages of names, or (`of="nodes"`) of the addresses that such names have (`exports`).

        `public`: only what is marked clear and a person, or a source that may be passed on, brought.
        """
        scope = exports.Scope(max_tlp, tuple(state), tuple(tag), public)
        if of == "nodes":
            for page in exports.pages(await self._pool.within(LONG, exports.nodes, scope)):
                yield page
            return
        after: int | None = 0
        while after is not None:
            rows, after = await self._pool.within(LONG, exports.names, scope, after)
            if rows:
                yield rows

    async def count(self, *, state: Sequence[State] = (), of: str = "names", max_tlp: Tlp, public: bool = False) -> int:
        """Return how many rows such an export has."""
        return await self._pool.within(LONG, exports.count, exports.Scope(max_tlp, tuple(state), (), public), of)

    async def revision(self) -> int:
        """Return a number that grows with every change of names, tags, notes and marks by people."""
        return await self._pool.run(exports.revision)

    async def networks(self, *, max_tlp: Tlp, after: int = 0, limit: int = 100) -> Sequence[Network]:
        """Return networks of names that share addresses, by their ids."""
        return await self._pool.run(networks.show, max_tlp, after, limit)
