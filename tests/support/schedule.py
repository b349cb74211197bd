"""Stand-ins for what the scheduler needs of the store and of modules; they live as long as a test says."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import trio

from support.silence import SILENT
from tipd.clock import Clock, MovedClock
from tipd.errors import StoreAway
from tipd.model.finding import Finding, NewFinding
from tipd.nursery.contract import Cause, Context, Due, Restart, RoundReport, Trigger
from tipd.nursery.health import Tree
from tipd.nursery.policy import Policy
from tipd.nursery.scheduler import Scheduler

START = datetime(2026, 11, 22, 4, tzinfo=UTC)


class Schedule:
    """A `ScheduleStore` in memory; `away` makes it raise StoreAway, `broken` something else."""

    def __init__(self) -> None:
        self.rows: dict[str, Due] = {}
        self.away = False
        self.broken: Exception | None = None
        self.saves = 0

    async def load(self, name: str) -> Due | None:
        await self._reach()
        return self.rows.get(name)

    async def save(self, name: str, *, due: datetime | None, last_run: datetime | None, failures: int) -> None:
        await self._reach()
        self.saves += 1
        self.rows[name] = Due(name, due, last_run, failures)

    async def _reach(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("the database is away")
        if self.broken is not None:
            raise self.broken


class Findings:
    """A `FindingLog` in memory, also a `Writer`; `floor` is where retention ended."""

    def __init__(self) -> None:
        self.rows: list[Finding] = []
        self.cursors: dict[str, int] = {}
        self.floor = 0
        self.reads = 0

    async def tell(self, findings: Sequence[NewFinding]) -> Sequence[int]:
        return [self.add(finding.kind, finding.data) for finding in findings]

    def add(self, kind: str, data: dict[str, Any] | None = None) -> int:
        seq = max([self.floor, *(row.seq for row in self.rows)]) + 1
        row = Finding(seq=seq, at=START, kind=kind, module="m", source=None, subject=None, data=data or {})
        self.rows.append(row)
        return seq

    def prune(self, floor: int) -> None:
        self.floor = floor
        self.rows = [row for row in self.rows if row.seq > floor]

    async def last_seq(self) -> int:
        await trio.lowlevel.checkpoint()
        return self.rows[-1].seq if self.rows else self.floor

    async def bounds(self) -> tuple[int, int]:
        return self.floor + 1, await self.last_seq()

    async def read(self, since: int, *, limit: int = 1000, kinds: Sequence[str] = ()) -> Sequence[Finding]:
        last = await self.last_seq()
        assert self.floor <= since <= last, "read outside of the log"
        self.reads += 1
        return [row for row in self.rows if row.seq > since and (not kinds or row.kind in kinds)][:limit]

    async def cursor(self, reader: str) -> int:
        await trio.lowlevel.checkpoint()
        return self.cursors.get(reader, 0)

    async def move_cursor(self, reader: str, seq: int) -> None:
        await trio.lowlevel.checkpoint()
        self.cursors[reader] = seq


type Body = Callable[[Context, Cause], Awaitable[RoundReport | None]]


@dataclass
class Job:
    """A module that notes its causes and when they came, and does `body`."""

    name: str
    triggers: tuple[Trigger, ...]
    body: Body | None = None
    restart: Restart = Restart.ON_FAILURE
    takes: tuple[type, ...] = ()
    gives: tuple[type, ...] = ()
    causes: list[Cause] = field(default_factory=list)
    runs: list[datetime] = field(default_factory=list)

    async def run(self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None]) -> RoundReport | None:
        task_status.started()
        self.causes.append(cause)
        self.runs.append(ctx.clock.now())
        await trio.lowlevel.checkpoint()
        return await self.body(ctx, cause) if self.body else RoundReport()


class World:
    """A scheduler's surroundings that outlive it, so that a test can restart it; time is trio's own."""

    def __init__(self, start: datetime = START, clock: Clock | None = None) -> None:
        self.clock = clock or MovedClock(start)
        self.clock.now()  # MovedClock begins to move here
        self.schedule = Schedule()
        self.findings = Findings()
        self.log = SILENT
        self.tree = Tree(self.clock)

    def scheduler(self, *modules: Job, seed: int = 1, **options: Any) -> Scheduler:
        self.tree = Tree(self.clock)
        rng = random.Random(seed)

        def ctx_for(name: str) -> Context:
            return Context(
                log=self.log, clock=self.clock, rng=rng, store=None, fetcher=None, workers=None,
                health=self.tree.node(name),
            )  # fmt: skip

        options.setdefault("policy", Policy())
        return Scheduler(
            modules, ctx_for, schedule=self.schedule, findings=self.findings, clock=self.clock, rng=rng,
            health=self.tree, log=self.log, **options,
        )  # fmt: skip

    async def run(self, seconds: float, *modules: Job, **options: Any) -> None:
        """Run a fresh scheduler for so long, then kill it, as a crash of the process would."""
        scheduler = self.scheduler(*modules, **options)
        with trio.move_on_after(seconds):
            await scheduler.run()

    def state(self, name: str) -> str:
        return self.tree.node(name).state


def hours(number: float) -> timedelta:
    return timedelta(hours=number)
