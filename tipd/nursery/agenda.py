"""The stored schedule of one job module: when it is due, when to try again after a failure, how often it failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import trio

from tipd.nursery.attempt import is_away
from tipd.nursery.contract import After, At, Cause, Due, Every, unit_of
from tipd.nursery.due import NEVER, cause_of, in_utc, next_due, repaired, resumed
from tipd.nursery.policy import Record

if TYPE_CHECKING:
    from tipd.nursery.contract import Module, RoundReport
    from tipd.nursery.ground import Ground
    from tipd.nursery.patience import Patience

_GAP = timedelta(seconds=1)  # at least, before a due time that a report names: it may have passed


class Agenda:
    """Due times in the wall clock's UTC, kept in the store; every call that stores returns when it is committed."""

    def __init__(self, module: Module, ground: Ground, patience: Patience) -> None:
        self.record = Record(ground.policy, ground.rng)
        self._triggers = module.triggers
        self._timed = tuple(trigger for trigger in module.triggers if isinstance(trigger, Every | At))
        self._ground = ground
        self._patience = patience
        self._retry = f"retry:{module.name}"
        self._row = Due(unit_of(module.name), None, None, 0)
        self._not_before: datetime | None = None

    async def load(self) -> None:
        """Go on from what is stored; what had to be made up is stored at once, so that a missed time shows later."""
        stored = await self._loaded(self._row.name)
        follows = any(isinstance(trigger, After) and trigger.module in self._ground.jobs for trigger in self._triggers)
        self._row = resumed(stored, self._row.name, self._timed, self._ground.clock.now(), follows=follows)
        if self._row.failures:
            retry = await self._loaded(self._retry)
            self._not_before = retry.due if retry is not None else None
            self.record = Record(self._ground.policy, self._ground.rng, failures=self._row.failures)
        if self._row != stored and self._row.due is not None:
            await self._save(self._row)

    # --- what is due -------------------------------------------------------------------------------------------------

    def held(self, now: datetime) -> bool:
        """Tell whether a failure keeps the module waiting."""
        return self._not_before is not None and now < self._not_before

    @property
    def next_run(self) -> datetime | None:
        """Return when it will run by time or by a retry; None: only when something happens."""
        if self._not_before is None:
            return self._row.due
        if self._not_before >= NEVER:
            return None
        return max(self._not_before, self._row.due or self._not_before)

    def seconds(self, now: datetime) -> float:
        """Return for how long nothing is due by time (inf: never)."""
        wake = self._not_before if self.held(now) else self._row.due
        return float("inf") if wake is None else max(0.0, (wake - now).total_seconds())

    async def due(self, now: datetime) -> Cause | None:
        """Return the cause of a timed run that is due at `now`, or None.

        The stored row decides: another process on this database may have run the module meanwhile.
        """
        fixed = repaired(self._row, now)
        if fixed is not self._row:
            self._row = fixed
            await self._save(fixed)
        due = self._row.due
        if due is None or due > now:
            return None
        stored = await self._loaded(self._row.name)
        if stored is not None and stored.due is not None and stored.due > now:
            self._row = repaired(stored, now)
            return None
        return Cause(cause_of(self._timed, due) or self._triggers[0], due)

    # --- how a round ended -------------------------------------------------------------------------------------------

    async def completed(self, *, timed: bool, started: datetime, report: RoundReport | None) -> None:
        """Store that a round that began at `started` completed now, and when the next is due."""
        now = self._ground.clock.now()
        self.record.succeed()
        self._not_before = None
        due = self._after(timed=timed, started=started, asked=report.next_due if report else None, now=now)
        await self._save(Due(self._row.name, due, now, 0))

    async def failed(self, error: Exception) -> bool:
        """Store a failure and when to try again; return whether the module counts as failed from now on.

        That the store is away counts for nothing and is stored nowhere: it is a state.
        """
        now = self._ground.clock.now()
        if is_away(error):
            self._not_before = now + timedelta(seconds=self.record.away())
            return False
        before = self.record.failed
        delay = self.record.fail(trio.current_time())
        retry = None if delay is None else now + timedelta(seconds=delay)
        self._not_before = retry or NEVER
        await self._patience.outlast(
            lambda: self._ground.schedule.save(
                self._retry, due=retry, last_run=self._row.last_run, failures=self.record.failures
            )
        )
        await self._save(replace(self._row, failures=self.record.failures))
        return self.record.failed and not before

    async def dropped(self, *, timed: bool, started: datetime) -> None:
        """Store that a round failed and is not tried again (`never`): the next is due by its trigger."""
        now = self._ground.clock.now()
        self.record.fail(trio.current_time())
        due = self._after(timed=timed, started=started, asked=None, now=now)
        await self._save(replace(self._row, due=due))

    def _after(self, *, timed: bool, started: datetime, asked: datetime | None, now: datetime) -> datetime | None:
        """Return when the next run is due: as the report asked, else by the triggers; other runs do not move it."""
        if asked is not None:
            return max(in_utc(asked), now + _GAP)
        if timed and self._row.due is not None:
            return next_due(self._timed, self._row.due, started)
        return self._row.due

    # --- the store ---------------------------------------------------------------------------------------------------

    async def _loaded(self, name: str) -> Due | None:
        return await self._patience.outlast(lambda: self._ground.schedule.load(name))

    async def _save(self, row: Due) -> None:
        await self._patience.outlast(
            lambda: self._ground.schedule.save(row.name, due=row.due, last_run=row.last_run, failures=row.failures)
        )
        self._row = row
