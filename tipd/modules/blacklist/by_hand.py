"""A source that is kept by hand or from a script: nobody is asked, what was reported to it is its list."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tipd import __version__
from tipd.modules.blacklist.collect import Collector
from tipd.modules.blacklist.states import State, findings_of_change
from tipd.store.closing import SOURCE_REMOVED
from tipd.store.rounds import Proof
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from tipd.nursery.contract import Report

PAUSE = timedelta(days=1)


class ByHand(Collector):
    """Its turn: nothing to fetch, but what an earlier declaration had fetched is not among what was reported."""

    async def collect(self) -> Report:
        """Settle it for a day; raises StoreAway."""
        row, now = self._row, self._tools.clock.now()
        delisted = 0
        if row.last_round is not None or row.body_sha256 is not None:
            delisted = await self._end_fetched()
        outcome = Outcome(
            state=State.OK,
            at=now,
            due=now + PAUSE,
            last_round=None,
            etag=None,
            last_modified=None,
            body_sha256=None,
            read_digest=self._source.digest(),
            set_aside=None,
        )
        findings = findings_of_change(row.name, row.state, State.OK, None)
        await self._tools.store.sources.settle(row.id, outcome, findings)
        return self.settling.report(State.OK, None, error=None, delisted=delisted)

    async def _end_fetched(self) -> int:
        tools, row, now = self._tools, self._row, self._tools.clock.now()
        round_id = await tools.store.rounds.begin(row.id)
        closed = await tools.store.rounds.close_all(round_id, row.id, reason=SOURCE_REMOVED, at=now)
        proof = Proof(status=State.REMOVED, ended=now, version=__version__, entries=0, why="removal")
        await tools.store.rounds.end(round_id, proof)
        return closed
