"""A sink on a log and rows in memory, and a receiver that does what a script says."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import trio

from support.api import FakeFindings, finding
from tipd import log
from tipd.clock import Clock
from tipd.errors import StoreAway
from tipd.model.annotate import Annotations
from tipd.model.finding import Finding, NewFinding
from tipd.nursery.health import Tree
from tipd.store.sinks import Place
from tipd.watching.group import Group
from tipd.watching.settings import SinkSettings
from tipd.watching.sink import Ground, Sink
from tipd.watching.ways import TAKEN, Outcome


@dataclass
class Row:
    """One sink as stored."""

    seq: int
    holder: UUID | None = None
    pending: int | None = None
    stopped: datetime | None = None
    why: str | None = None


@dataclass
class FakeRows:
    """What `tipd.store.sinks` keeps, in memory; `away` as the store is."""

    log: FakeFindings
    rows: dict[str, Row] = field(default_factory=dict)
    told: list[NewFinding] = field(default_factory=list)
    away: bool = False

    async def hold(self, name: str, holder: UUID, target: bytes) -> Place | None:
        await self._check()
        row = self.rows.setdefault(name, Row(self.log.last))
        if row.holder not in {None, holder}:
            return None
        row.holder = holder
        return Place(seq=row.seq, pending=row.pending, stopped=row.stopped, why=row.why)

    async def begin(self, name: str, holder: UUID, until: int | None) -> bool:
        await self._check()
        mine = self.rows[name].holder == holder
        if mine:
            self.rows[name].pending = until
        return mine

    async def move(self, name: str, holder: UUID, seq: int, to: int) -> bool:
        await self._check()
        row = self.rows[name]
        if row.holder != holder or row.seq != seq:
            return False
        row.seq, row.pending = to, None
        return True

    async def stop(self, name: str, holder: UUID, at: datetime, why: str, finding: NewFinding) -> None:
        await self._check()
        self.rows[name].stopped, self.rows[name].why = at, why
        self.told.append(finding)

    async def resume(self, name: str) -> bool:
        row = self.rows[name]
        stopped, row.stopped = row.stopped is not None, None
        return stopped

    async def release(self, name: str, holder: UUID) -> None:
        await self._check()
        if self.rows[name].holder == holder:
            self.rows[name].holder = None

    async def all(self) -> dict[str, Place]:
        return {name: Place(seq=row.seq, stopped=row.stopped, why=row.why) for name, row in self.rows.items()}

    async def _check(self) -> None:
        await trio.lowlevel.checkpoint()
        if self.away:
            raise StoreAway("away")


@dataclass
class Receiver:
    """Takes groups; `judge` says how each attempt goes."""

    judge: Callable[[Group], Outcome] = lambda _group: TAKEN
    took: float = 0.0
    attempts: list[tuple[float, Group]] = field(default_factory=list)
    taken: list[Group] = field(default_factory=list)

    async def deliver(self, group: Group) -> Outcome:
        self.attempts.append((trio.current_time(), group))
        await trio.sleep(self.took)
        outcome = self.judge(group)
        if outcome.taken:
            self.taken.append(group)
        return outcome

    @property
    def seqs(self) -> list[int]:
        return [one.seq for group in self.taken for one in group.findings]


class Bench:
    """A log, rows, and sinks on them."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.log = FakeFindings()
        self.rows = FakeRows(self.log)
        self.annotations = Annotations()
        self.health = Tree(clock)

    def ground(self) -> Ground:
        return Ground(
            log=self.log,
            rows=self.rows,
            annotations=self.annotations,
            store_id=lambda: "one",
            clock=self.clock,
            rng=random.Random(7),
            say=log.get("sinks"),
        )

    def sink(self, receiver: Receiver, **settings: Any) -> Sink:
        chosen = SinkSettings(**{"name": "hook", "command": ["true"], "max_tlp": "red", **settings})
        return Sink(chosen, receiver, self.ground(), self.health.node("sinks/hook"))

    def tell(self, *seqs: int, **more: Any) -> list[Finding]:
        """Commit findings that were made now."""
        made = [msgspec.structs.replace(finding(seq), at=self.clock.now(), **more) for seq in seqs]
        self.log.tell(*made)
        return made
