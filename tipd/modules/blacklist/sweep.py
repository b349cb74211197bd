"""Ageing: how the sightings of each source end by time, and lists that nobody could read for too long.

Swept after each round, when what still stands in its list has been seen again, and at a due time of its own.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tipd import __version__
from tipd.config import duration
from tipd.errors import TryAgain
from tipd.model.finding import SOURCE_GONE, NewFinding
from tipd.model.kind import Kind
from tipd.modules.blacklist.ageing import Ageing
from tipd.modules.blacklist.states import MODULE
from tipd.store.ageing import Ends, Policy
from tipd.store.closing import SOURCE_GONE as REASON
from tipd.store.rounds import Proof

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.tools import Tools
    from tipd.store.sources import SourceRow

PAUSE = timedelta(minutes=1)  # between two sweeps of a source, or a tenth of its shortest span where that is less
SHORTEST = timedelta(seconds=1)
JUMP = timedelta(hours=1)


class Sweeper:
    """Sweeps what is due; keeps when it did so last."""

    def __init__(self) -> None:
        """Nothing was swept yet."""
        self._last: datetime | None = None
        self._known: dict[int, Policy] = {}

    async def sweep(self, tools: Tools, sources: Mapping[str, Source]) -> datetime | None:
        """End what is due of all declared sources; return when there is more to end, None where nothing ages.

        `sources`: declarations by name; those that are wrong just now are missing, and only end by being gone, or where
        their rows say so themselves.
        """
        now = tools.clock.now()
        rows = [row for row in await tools.store.sources.all() if row.module == MODULE]
        policies = {row.id: policy_of(sources.get(row.name), row.id) for row in rows}
        if self._last is None or self._last > now + JUMP:  # the wall clock may have stood ahead
            await tools.store.ageing.set_right(list(policies.values()), now)
        self._last = now
        changed = [policy for number, policy in policies.items() if self._known.get(number) != policy]
        await self._declared_anew(tools, changed, now)
        self._known = policies
        ends = await tools.store.ageing.ends(list(policies.values()))
        swept = False
        for row in rows:
            swept |= await self._sweep(tools, row, policies[row.id], ends.get(row.id, Ends(None, None)), now)
        if swept:
            ends = await tools.store.ageing.ends(list(policies.values()))
        return next_sweep(policies, ends, now)

    async def _declared_anew(self, tools: Tools, changed: list[Policy], now: datetime) -> None:
        """Put right what another declaration left: what it let age where it stands, and what it let vanish."""
        if later := [policy.source_id for policy in changed if not policy.first]:
            await tools.store.ageing.forget_first(later, now)
        left = await tools.store.ageing.left_over(changed)
        for policy in changed:
            if policy.source_id in left:
                await tools.store.ageing.sweep(policy, now)

    async def _sweep(self, tools: Tools, row: SourceRow, policy: Policy, ends: Ends, now: datetime) -> bool:
        """End what is due of one source; say whether there was anything."""
        if ends.gone is not None and ends.gone <= now:
            await end_gone(tools, row, now)
            return True
        if ends.aged is None or ends.aged > now:
            return False
        swept = await tools.store.ageing.sweep(policy, now)
        tools.log.info("sightings aged", source=row.name, delisted=swept.number)
        return True


def policy_of(source: Source | None, source_id: int) -> Policy:
    """Return how a source's sightings age; None: its declaration cannot be read."""
    if source is None:
        return Policy(source_id=source_id, gone=duration(Ageing().gone))
    ageing = source.ageing
    spans = {Kind(kind): duration(span) for kind, span in ageing.kinds.items()}
    if source.absence == "nothing" or ageing.from_ == "first":
        spans = dict.fromkeys(Kind, duration(source.keep)) | spans
    gone = None if source.entries else duration(ageing.gone)
    whole = source.absence == "left" and not source.entries
    return Policy(source_id=source_id, spans=spans, first=ageing.from_ == "first", gone=gone, whole=whole)


def next_sweep(policies: Mapping[int, Policy], ends: Mapping[int, Ends], now: datetime) -> datetime | None:
    """Return when to sweep next: when something ends, but not for every single row of a list that ages all day."""
    moments: list[datetime] = []
    for source_id, end in ends.items():
        pause = max(SHORTEST, min([PAUSE, *(span / 10 for span in policies[source_id].spans.values())]))
        moments += [max(moment, now + pause) for moment in end if moment is not None]
    return min(moments, default=None)


async def end_gone(tools: Tools, row: SourceRow, now: datetime) -> None:
    """End all that a source has which could not be read for too long; told once, until it is read again."""
    facts = {"entries": row.entries, "since": row.failing_since, "last_success": row.last_success, "why": row.error}
    finding = NewFinding(kind=SOURCE_GONE, module=MODULE, source=row.name, data=facts)
    try:
        await tools.store.ageing.tell_gone(row.id, now, finding)
    except TryAgain:  # told before a restart: what was left goes on
        if row.gone is None:
            return
    round_id = await tools.store.rounds.begin(row.id)
    closed = await tools.store.rounds.close_all(round_id, row.id, reason=REASON, at=now)
    await tools.store.rounds.end(round_id, Proof(status="gone", ended=now, version=__version__, why="ageing"))
    tools.log.warning("source gone", source=row.name, delisted=closed, why=row.error)
