"""One sink: reads the log from its own cursor, gathers what it is to tell, and tells it until it is taken.

The cursor moves when a message was taken, so a receiver that was away for a day gets everything, in order, in groups.
Where the message ends is stored before it is sent first: what is repeated, also after a crash, is the same message,
but for what was forgotten, allowed or marked as stricter since: that is read anew for each attempt.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING, NamedTuple, Protocol

import trio

from tipd.errors import GoneError, StoreAway
from tipd.model.choice import choice
from tipd.model.finding import SINK_STOPPED, NewFinding
from tipd.nursery.backoff import Backoff
from tipd.nursery.bell import Bell
from tipd.watching.group import Gap, Group

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.model.annotate import Annotations
    from tipd.model.finding import Finding
    from tipd.nursery.health import Node
    from tipd.watching.settings import SinkSettings
    from tipd.watching.ways import Way

PAGE = 1000  # findings read at once
POLL = 5.0  # seconds: a notification is a hint and may be lost
RENEW = 20.0  # seconds between two renewals of the lease, of 40
AWAY = 2.0  # seconds between two looks at a store that is away
SLOWEST = 300.0  # seconds between two attempts, but for what a receiver asks for
SHORTEST = 0.01  # seconds worth waiting: less may be nothing to a clock
STRIDE = 10_000  # the stored cursor lags behind by this where there is nothing to tell


class FindingLog(Protocol):
    """The log, read by position."""

    async def read(
        self, since: int, *, limit: int = 1000, kinds: Sequence[str] = (), initial: bool = True
    ) -> Sequence[Finding]:
        """Return findings with seq > since, ascending; raises GoneError or StoreAway."""
        ...

    async def bounds(self) -> tuple[int, int]:
        """Return the first and the last `seq` there are."""
        ...


class Place(Protocol):
    """Where a sink stands, as stored."""

    @property
    def seq(self) -> int:
        """Up to here was told."""
        ...

    @property
    def pending(self) -> int | None:
        """Where the message ends that was begun."""
        ...

    @property
    def stopped(self) -> datetime | None:
        """Since when its receiver is gone for good."""
        ...

    @property
    def why(self) -> str | None:
        """Why it is stopped."""
        ...


class Rows(Protocol):
    """The stored state of sinks (`tipd.store.sinks.Sinks`)."""

    async def hold(self, name: str, holder: UUID, target: bytes) -> Place | None:
        """Take or renew the lease; None where another process has it."""
        ...

    async def begin(self, name: str, holder: UUID, until: int | None) -> bool:
        """Note where the message ends that is sent from now on."""
        ...

    async def move(self, name: str, holder: UUID, seq: int, to: int) -> bool:
        """Move the cursor; False: the sink is another's."""
        ...

    async def stop(self, name: str, holder: UUID, at: datetime, why: str, finding: NewFinding) -> None:
        """Note that the receiver is gone for good."""
        ...

    async def release(self, name: str, holder: UUID) -> None:
        """Give the lease back."""
        ...


class Delivered(Enum):
    """How it ended with a message."""

    TAKEN = auto()
    STOPPED = auto()
    TOO_LARGE = auto()
    AGAIN = auto()


class Ground(NamedTuple):
    """What all sinks of a process stand on; `store_id` says whose log it is now."""

    log: FindingLog
    rows: Rows
    annotations: Annotations
    store_id: StoreId
    clock: Clock
    rng: random.Random
    say: Log


class StoreId(Protocol):
    """Says whose log it is."""

    def __call__(self) -> str:
        """Return the store's id as it is now."""
        ...


class Sink:
    """Tells one receiver; `run` until cancelled."""

    def __init__(self, settings: SinkSettings, way: Way, ground: Ground, node: Node) -> None:
        """Nothing is read or sent yet."""
        self.settings = settings
        self.way = way
        self.bell = Bell()  # something was committed
        self.again = Bell()  # somebody wants it to look again whether it may tell
        self._ground = ground
        self._node = node
        self._holder = uuid.uuid4()
        self._target = hashlib.sha256(settings.target.encode()).digest()
        self._told = 0  # the stored cursor
        self._read = 0  # the log was read up to here, nothing between was for this sink
        self._gap: Gap | None = None
        self._backoff = Backoff(1.0, SLOWEST, ground.rng)
        self._most = settings.most  # less for a while after a receiver called a message too large

    @property
    def name(self) -> str:
        """What it is called."""
        return self.settings.name

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hold the sink and tell; wait where another process does, or where it is stopped."""
        task_status.started()
        self._node.note(target=shown(self.settings), max_tlp=self.settings.max_tlp)
        try:
            while True:
                await self.again.wait(await self._turn())
        finally:
            with trio.move_on_after(1) as scope:
                scope.shield = True
                await self._release()

    async def _turn(self) -> float:
        """Tell as long as it is ours; return the seconds to wait before looking again."""
        try:
            place = await self._ground.rows.hold(self.name, self._holder, self._target)
            if place is None:
                self._node.state = "paused"
                self._node.note(why="another process tells it")
                return RENEW
            if place.stopped is not None:
                self._node.state = "stopped"
                self._node.note(why=place.why, stopped=place.stopped)
                return RENEW
            self._node.state = "running"
            self._node.note(why=None, stopped=None, position=place.seq)
            await self._tell(place)
        except StoreAway:
            self._node.state = "backoff"
        return AWAY

    async def _release(self) -> None:
        try:
            await self._ground.rows.release(self.name, self._holder)
        except StoreAway:
            return  # it ends by itself

    async def _tell(self, place: Place) -> None:
        """Tell until the sink is lost or stopped. Raises StoreAway."""
        away: list[StoreAway] = []
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._renew, nursery.cancel_scope)
            try:
                await self._go_on(place)
            except StoreAway as error:
                away.append(error)
            nursery.cancel_scope.cancel()
        if away:
            raise away[0]

    async def _renew(self, scope: trio.CancelScope) -> None:
        """Keep the lease; where it is lost or the sink was stopped, end the telling."""
        while True:
            await trio.sleep(RENEW)
            try:
                place = await self._ground.rows.hold(self.name, self._holder, self._target)
            except StoreAway:
                continue
            if place is None or place.stopped is not None:
                scope.cancel()

    async def _go_on(self, place: Place) -> None:
        self._told = self._read = place.seq
        self._gap, pending = None, place.pending
        while True:
            group = await self._gather(pending)
            if group.findings:
                if group.last != pending and not await self._ground.rows.begin(self.name, self._holder, group.last):
                    return
                delivered = await self._deliver(group)
                if delivered is Delivered.STOPPED:
                    return
                if delivered is not Delivered.TAKEN:
                    # Read again, not repeated from memory: what was marked, allowed or forgotten meanwhile is so here.
                    self._read, pending = self._told, group.last
                    if delivered is Delivered.TOO_LARGE:
                        self._shorten(group)
                        pending = None
                    continue
                self._gap = None
            self._calm()
            if not await self._move(group.last):
                return
            pending = None

    def _shorten(self, group: Group) -> None:
        """Gather half as many from now on; a shorter message is another message."""
        self._most = max(1, len(group.findings) // 2)
        self._ground.say.warning("a receiver takes less at once", sink=self.name, findings=self._most)

    async def _move(self, to: int) -> bool:
        moved = await self._ground.rows.move(self.name, self._holder, self._told, to)
        if moved:
            self._told = to
            self._read = max(self._read, to)
            self._node.note(position=to)
        return moved

    # --- gathering --------------------------------------------------------------------------------------------------

    async def _gather(self, pending: int | None) -> Group:
        """Wait for findings, and for more of them until the first has waited for `group`; `pending`: up to there."""
        settings = self.settings
        wanted = choice(
            frozenset(settings.kinds), max_tlp=settings.mark, watches=frozenset(settings.watch), initial=False
        )
        found: list[Finding] = []
        begun = trio.current_time()
        while True:
            page, end = await self._page(pending)
            for finding in self._ground.annotations.annotated(page):
                if wanted.admits(finding):
                    if not found:
                        begun = trio.current_time()
                    found.append(finding)
                    if len(found) >= self._most:
                        self._read = finding.seq
                        return self._group(found, finding.seq)
            self._read = max(self._read, end)
            if pending is not None and self._read >= pending:
                return self._group(found, pending)
            if len(page) < PAGE:
                wait = self._wait(found, begun)
                if wait < SHORTEST:
                    return self._group(found, self._read)
                await self._idle(found)
                await self.bell.wait(min(wait, POLL))

    async def _page(self, pending: int | None) -> tuple[list[Finding], int]:
        """Return the next findings, up to `pending`, and how far the log was read with them."""
        log = self._ground.log
        while True:
            try:
                _, last = await log.bounds()
                rows = list(await log.read(self._read, limit=PAGE, kinds=tuple(self.settings.kinds), initial=False))
            except GoneError as gone:
                await self._skip(gone)
                continue
            end = rows[-1].seq if len(rows) == PAGE else max(last, rows[-1].seq if rows else last)
            if pending is not None and end >= pending:
                return [row for row in rows if row.seq <= pending], pending
            return rows, end

    async def _skip(self, gone: GoneError) -> None:
        """Go on where the log does: retention passed us, or it began anew."""
        if self._read > gone.last:
            self._ground.say.warning("the log of findings began anew, the sink goes on at its end", sink=self.name)
            self._read = gone.last
            if not await self._move(gone.last):
                raise StoreAway("the sink is another's")
            return
        if self._gap is None:
            self._gap = Gap(self._read, gone.first)
            self._ground.say.warning("retention removed what a sink had not told", sink=self.name, since=self._read)
        self._read = gone.first - 1

    def _wait(self, found: Sequence[Finding], begun: float) -> float:
        """Return how long to wait for more, in seconds; with nothing found, for ever."""
        if not found:
            return float("inf")
        group = self.settings.seconds("group")
        passed = (self._ground.clock.now() - found[0].at).total_seconds()
        # Of two clocks the one that says it waited longer: a wall clock may have been set.
        return group - max(passed, trio.current_time() - begun)

    async def _idle(self, found: Sequence[Finding]) -> None:
        """Let the stored cursor follow now and then, so that retention does not pass it for nothing."""
        self._node.beat()
        if not found and self._gap is None and self._read - self._told >= STRIDE:
            await self._move(self._read)

    def _group(self, found: Sequence[Finding], last: int) -> Group:
        store_id = self._ground.store_id()
        return Group(
            sink=self.name, store_id=store_id, since=self._told, last=last, findings=tuple(found), gap=self._gap
        )

    # --- delivering -------------------------------------------------------------------------------------------------

    async def _deliver(self, group: Group) -> Delivered:
        """Try once; where it is to be tried again, come back when it is time."""
        node, now = self._node, self._ground.clock.now
        node.note(waiting=len(group.findings))
        outcome = await self.way.deliver(group)
        node.last_run = now()
        if outcome.taken:
            node.note(messages=int(node.facts.get("messages", 0)) + 1)
            self._most = min(self.settings.most, self._most + 1)
            return Delivered.TAKEN
        node.error(outcome.why)
        if outcome.gone:
            await self._stop(outcome.why)
            return Delivered.STOPPED
        if outcome.too_large and len(group.findings) > 1:
            return Delivered.TOO_LARGE
        node.failures += 1
        delay = max(self._backoff.next(), outcome.after)
        node.state, node.next_run = "backoff", now() + timedelta(seconds=delay)
        self._ground.say.warning("a sink's message was not taken", sink=self.name, why=outcome.why, next_s=delay)
        await trio.sleep(delay)
        return Delivered.AGAIN

    def _calm(self) -> None:
        """Nothing waits to be told: it was taken, or there is nothing left of it."""
        self._backoff = Backoff(1.0, SLOWEST, self._ground.rng)
        self._node.state, self._node.failures, self._node.next_run = "running", 0, None
        self._node.note(waiting=None)

    async def _stop(self, why: str) -> None:
        self._node.state = "stopped"
        self._node.note(why=why)
        self._ground.say.error("a sink is stopped", sink=self.name, why=why)
        told = NewFinding(kind=SINK_STOPPED, module="watching", data={"sink": self.name, "why": why})
        await self._ground.rows.stop(self.name, self._holder, self._ground.clock.now(), why, told)


def shown(settings: SinkSettings) -> str:
    """Return where a sink tells to, for people: of a URL only the host, since its path may be a secret."""
    if settings.url is not None:
        scheme, _, rest = settings.url.partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"
    return settings.command[0]
