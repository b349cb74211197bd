"""How an attempt that brought no new set ends: unchanged, refused, failed, not asked, or by a fault of ours."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import trio

from tipd.config import duration
from tipd.modules.blacklist import due
from tipd.modules.blacklist.freshness import freshness
from tipd.modules.blacklist.keeping import names_blocked
from tipd.modules.blacklist.reader import SNAPSHOT
from tipd.modules.blacklist.states import State, findings_of_change
from tipd.nursery.contract import Report
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from pathlib import Path

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.guards import Refusal
    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.modules.blacklist.tools import Tools
    from tipd.net.request import Fetched, TooSoon
    from tipd.store.sources import SourceRow

# A source that refuses us does so for longer than a hiccup lasts: asked at its own pace, not by backoff.
_LASTING = frozenset({State.FORBIDDEN, State.GONE, State.NEEDS_KEY, State.WRONG_PAGE, State.DRIFTED})


class Settling:
    """Settles one leased source; each of its ways writes one row and says how it went."""

    def __init__(self, tools: Tools, source: Source, row: SourceRow) -> None:
        """Nothing happens yet."""
        self._tools = tools
        self._source = source
        self._row = row
        self.floor = source.floor(nearby=source.is_nearby(tools.allow_networks))
        self._every = duration(source.every) if source.every else tools.every
        self._began = trio.current_time()

    def next_due(self, at: datetime) -> datetime:
        """Return when a source that answered at that moment is asked next."""
        return due.after_success(at, self._every, self.floor)

    async def unchanged(self, fetched: Fetched) -> Report:
        """The same body, read in the same way: the whole set is confirmed."""
        row, at = self._row, self._tools.clock.now()
        state, why = freshness(self._source, row, State.UNCHANGED, None, at)
        outcome = Outcome(
            state=state,
            at=at,
            due=self.next_due(at),
            error=why,
            confirmed=True,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            set_aside=None,  # it is well again: nothing waits for a review, and no acceptance outlives its occasion
        )
        await self._tools.store.sources.settle(row.id, outcome, findings_of_change(row.name, row.state, state, why))
        return self.report(state, None, error=why)

    async def refused(self, refused: Refusal, result: ReadResult, fetched: Fetched, body: Path) -> Report:
        """A body that must not be used is set aside, but for one that names what is blocked; what is listed stays."""
        kept = None
        if not ((body.parent / SNAPSHOT).exists() and await names_blocked(self._tools, body.parent)):
            kept = await trio.to_thread.run_sync(self._tools.places.set_aside, body, self._row.name)
        aside: dict[str, Any] = {
            "path": str(kept) if kept else None,
            "sha256": fetched.sha256.hex() if fetched.sha256 else None,
            "why": refused.why,
            "when": self._tools.clock.now().isoformat(),
            "rows": result.rows,
            "entries": None if refused.unread else result.entries,
            "refused": result.refused,
            "samples": [f"{sample.line}: {sample.reason}: {sample.text}" for sample in result.samples],
        }
        return await self.failed(refused.state, refused.why, None, result=result, set_aside=aside)

    async def failed(
        self,
        state: State,
        why: str,
        retry_after: float | None,
        *,
        result: ReadResult | None = None,
        set_aside: Any = None,
        reached: bool = True,
    ) -> Report:
        """It did not answer, or not with what is due; what is listed stays."""
        row, at = self._row, self._tools.clock.now()
        lasting = state in _LASTING or result is not None
        outcome = Outcome(
            state=state,
            at=at,
            due=self._due_after_failure(at, retry_after, lasting=lasting, reached=reached),
            failures=row.failures + 1,
            error=why,
            **({"set_aside": set_aside} if set_aside else {}),
        )
        await self._tools.store.sources.settle(row.id, outcome, findings_of_change(row.name, row.state, state, why))
        self._tools.log.info("source failed", source=row.name, state=state, why=why, due=outcome.due)
        return self.report(state, result, error=why)

    async def not_asked(self, wait: TooSoon) -> Report:
        """The provider's floor has not passed: nothing is known, so nothing changes but the due time."""
        row = self._row
        now = self._tools.clock.now()
        seconds = max(wait.retry_after or 0.0, 1.0)
        outcome = Outcome(
            state=row.state,
            at=row.last_attempt or now,
            due=now + timedelta(seconds=seconds),
            failures=row.failures,
            error=row.error,
        )
        await self._tools.store.sources.settle(row.id, outcome)
        return self.report(row.state, None, error=str(wait))

    async def our_fault(self, why: str) -> Report:
        """Our disk, our process, not the source: its state stays as it was."""
        self._tools.log.error("collecting failed", source=self._row.name, error=why)
        await self.stumbled(why)
        return self.report(self._row.state, None, error=why)

    async def stumbled(self, why: str) -> None:
        """Note a fault that is ours: the state stays, the next try comes by backoff."""
        at, row = self._tools.clock.now(), self._row
        outcome = Outcome(
            state=row.state,
            at=at,
            due=self._due_after_failure(at, None, lasting=False),
            failures=row.failures + 1,
            error=why,
        )
        await self._tools.store.sources.settle(row.id, outcome)

    def report(
        self, state: str, result: ReadResult | None, *, error: str | None, listed: int = 0, delisted: int = 0
    ) -> Report:
        """Return what the round says of this source."""
        return Report(
            source=self._row.name,
            status=state,
            entries=result.entries if result else self._row.entries,
            refused=result.refused if result else {},
            took=trio.current_time() - self._began,
            error=error,
            listed=listed,
            delisted=delisted,
        )

    def _due_after_failure(
        self, at: datetime, retry_after: float | None, *, lasting: bool, reached: bool = True
    ) -> datetime:
        wait = due.after_failure(
            at,
            every=self._every,
            floor=self.floor if reached else min(self.floor, due.UNREACHED),
            failures=self._row.failures + 1,
            retry_after=retry_after,
            rng=self._tools.rng,
        )
        return max(wait, self.next_due(at)) if lasting else wait
