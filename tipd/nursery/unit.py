"""One job module on the schedule: why it runs next, its rounds, what follows a failure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import trio

from tipd.nursery.agenda import Agenda
from tipd.nursery.attempt import attempt, describe
from tipd.nursery.bell import Bell
from tipd.nursery.contract import After, Cause, On, Restart, RoundReport
from tipd.nursery.follower import FindingFollower, RoundFollower
from tipd.nursery.patience import Patience
from tipd.nursery.supervisor import Escalated

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from datetime import datetime

    from tipd.nursery.contract import Module, ModuleState, Trigger
    from tipd.nursery.ground import Ground


@dataclass(frozen=True, slots=True)
class _Work:
    """A round to run, waiting `since`; `done` stores that its cause has been dealt with."""

    cause: Cause
    since: datetime
    timed: bool = False
    done: Callable[[], Awaitable[None]] | None = None


class Unit:
    """Runs one job module, one round at a time, whenever one of its triggers says so."""

    def __init__(self, module: Module, ground: Ground) -> None:
        self.module = module
        self.kinds = tuple(trigger.finding_kind for trigger in module.triggers if isinstance(trigger, On))
        self.follows = tuple(trigger.module for trigger in module.triggers if isinstance(trigger, After))
        self.node = ground.health.node(module.name)
        self._ground = ground
        self._log = ground.log.bind(module=module.name)
        self._patience = Patience(self.node, self._log, ground.rng)
        self._agenda = Agenda(module, ground, self._patience)
        self._findings = FindingFollower(module.name, self.kinds, ground.findings, self._log)
        self._rounds = RoundFollower(module.name, self.follows, ground.schedule)
        self._bell = Bell()
        self._asked: dict[str, None] = {}
        self._asked_all = False
        self._again: Cause | None = None  # what somebody asked for and failed
        self._noticed: dict[Trigger, datetime] = {}  # since when a round or findings wait to be followed
        self._paused = False
        self._stopping = False
        self._looked_up = math.inf  # trio's time; inf: busy, which has no deadline here

    # --- what others say ---------------------------------------------------------------------------------------------

    def ring(self) -> None:
        """Look up: something may be due."""
        self._bell.ring()

    def ask(self, names: Iterable[str]) -> None:
        """Ask for a round now, of these submodules or (none named) of all that are due."""
        wanted = dict.fromkeys(names)
        self._asked.update(wanted)
        self._asked_all = self._asked_all or not wanted
        self._bell.ring()

    def pause(self, reason: str) -> None:
        """Begin no round until `resume`; one that runs ends as usual."""
        self._paused = True
        self.node.note(paused=reason)
        self._bell.ring()

    def resume(self) -> None:
        """Begin rounds again."""
        self._paused = False
        self.node.note(paused=None)
        self._bell.ring()

    def stop(self) -> None:
        """Begin no round any more; `run` returns when the one that runs has ended."""
        self._stopping = True
        self._bell.ring()

    def asleep(self, now: float) -> float:
        """Return for how many seconds of trio's time the idle unit has not looked up; 0 while it is busy."""
        return max(0.0, now - self._looked_up)

    # --- the loop ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run rounds until stopped. Raises Escalated where the module's restart word says so."""
        self.node.state = "waiting"
        try:
            await self._agenda.load()
            while not self._stopping:
                work = await self._next()
                if work is None:
                    await self._idle()
                else:
                    await self._round(work)
        finally:
            self._looked_up = math.inf
            self.node.end()

    async def _idle(self) -> None:
        """Sleep until something may be due, somebody rings, or it is time to look up (the wall clock may be set)."""
        now = self._ground.clock.now()
        self.node.next_run = self._agenda.next_run
        self.node.failures = self._agenda.record.failures
        self.node.state = self._idle_state(now)
        seconds = math.inf if self._paused else self._agenda.seconds(now)
        self._looked_up = trio.current_time()
        await self._bell.wait(min(seconds, self._ground.poll))
        self._looked_up = math.inf

    def _idle_state(self, now: datetime) -> ModuleState:
        if self._paused:
            return "paused"
        if not self._agenda.held(now):
            return "waiting"
        return "failed" if self._agenda.record.failed else "backoff"

    async def _next(self) -> _Work | None:
        """Return the round to run now: what somebody asked for, else what has been due longest."""
        if self._paused:
            return None
        now = self._ground.clock.now()
        if self._asked or self._asked_all:
            return _Work(self._take_asked(now), now)
        if self._agenda.held(now):
            return None
        if self._again is not None:
            return _Work(self._again, now)
        found = [await self._by_time(now), await self._by_round(now), await self._by_finding(now)]
        return min((work for work in found if work), key=lambda work: work.since, default=None)

    def _take_asked(self, now: datetime) -> Cause:
        if not self._asked:
            self._asked_all = False
            return Cause(None, now)
        names = tuple(self._asked)
        self._asked.clear()
        return Cause(None, now, names)

    async def _by_time(self, now: datetime) -> _Work | None:
        cause = await self._agenda.due(now)
        return None if cause is None else _Work(cause, cause.due, timed=True)

    async def _by_round(self, now: datetime) -> _Work | None:
        found = await self._patience.outlast(self._rounds.pending) if self.follows else None
        if found is None:
            return None
        trigger = After(found.module)
        since = self._noticed.setdefault(trigger, now)
        return _Work(Cause(trigger, found.ended), since, done=lambda: self._rounds.done(found))

    async def _by_finding(self, now: datetime) -> _Work | None:
        found = await self._patience.outlast(self._findings.pending) if self.kinds else None
        if found is None:
            return None
        since = self._noticed.setdefault(On(found.kind), now)
        cause = Cause(On(found.kind), since, since=found.since, until=found.until)
        return _Work(cause, since, done=lambda: self._findings.done(found))

    # --- a round -----------------------------------------------------------------------------------------------------

    async def _round(self, work: _Work) -> None:
        """Run the module once and store how it ended."""
        started = self._ground.clock.now()
        self.node.state = "running"
        self.node.last_run = started
        self.node.next_run = None
        ended = await attempt(lambda: self._call(work.cause), self._crashed)
        if work.cause.trigger is not None:
            self._noticed.pop(work.cause.trigger, None)
        if ended.error is None:
            await self._completed(work, started, ended.value)
        elif self.module.restart is Restart.ESCALATE:
            self.node.state = "failed"
            raise Escalated(self.module.name, ended.error) from ended.error
        else:
            await self._failed(work, started, ended.error)

    async def _call(self, cause: Cause) -> RoundReport | None:
        ctx = self._ground.ctx_for(self.module.name)
        report = await self.module.run(ctx, cause, task_status=trio.TASK_STATUS_IGNORED)
        if report is not None and not isinstance(report, RoundReport):
            raise TypeError(f"a round of {self.module.name} returned {type(report).__name__}, not a RoundReport")
        return report

    def _crashed(self, error: Exception) -> None:
        self.node.error(describe(error))
        self._log.error("round failed", exc_info=error)

    async def _completed(self, work: _Work, started: datetime, report: RoundReport | None) -> None:
        if work.done is not None:
            await self._patience.outlast(work.done)
        await self._agenda.completed(timed=work.timed, started=started, report=report)
        if work.cause is self._again:
            self._again = None
        self._ground.on_round(self.module.name)

    async def _failed(self, work: _Work, started: datetime, error: Exception) -> None:
        """Try again after a while; with `never`, let the cause go."""
        self.node.restarts += 1
        if self.module.restart is Restart.NEVER:
            if work.done is not None:
                await self._patience.outlast(work.done)
            await self._agenda.dropped(timed=work.timed, started=started)
            return
        if work.cause.trigger is None:
            self._again = work.cause
        if await self._agenda.failed(error):
            self._log.error("module failed too often", failures=self._agenda.record.failures)
            self._ground.on_failed(self.module.name, error)
