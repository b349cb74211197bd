"""The blacklist module: a job that runs every source that is due, each alone, and reports when all have ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

import trio

from tipd.config import duration, size
from tipd.errors import StoreAway
from tipd.model.finding import Finding
from tipd.model.indicator import Indicator
from tipd.model.tlp import tlp_of
from tipd.modules.blacklist import catalogue, keeping
from tipd.modules.blacklist.collect import collector
from tipd.modules.blacklist.credentials import folder_of, newer
from tipd.modules.blacklist.lease import Lease, note, noted
from tipd.modules.blacklist.places import Places
from tipd.modules.blacklist.removal import remove
from tipd.modules.blacklist.replay import WORD, Replay, replays_of
from tipd.modules.blacklist.states import AWAY, MODULE, State, findings_of_change, findings_of_switches
from tipd.modules.blacklist.sweep import PAUSE, Sweeper
from tipd.modules.blacklist.tools import Ground, Tools
from tipd.nursery.contract import Every, Report, Restart, RoundReport
from tipd.store.bodies import Bodies
from tipd.store.sources import Declared, Outcome
from tipd.store.switches import Off

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.catalogue import Sources
    from tipd.modules.blacklist.collect import Collector
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.needs import BlacklistStore
    from tipd.modules.blacklist.settings import BlacklistSettings
    from tipd.nursery.contract import Cause, Context, Trigger
    from tipd.store.sources import SourceRow

PRUNE_EVERY = timedelta(hours=1)
LEASE_MARGIN = timedelta(minutes=2)  # beyond the deadline: a lease must outlive whoever holds it


class BlacklistModule:
    """Built once per daemon; each `run` is a round."""

    name = MODULE
    takes: tuple[type, ...] = ()
    gives: tuple[type, ...] = (Indicator, Finding)
    restart = Restart.ON_FAILURE

    def __init__(self, settings: BlacklistSettings, state_dir: Path, allow_networks: Sequence[str] = ()) -> None:
        """`allow_networks` are those of `[net]`: sources inside them may be asked every second."""
        self._settings = settings
        self.triggers: tuple[Trigger, ...] = (Every(duration(settings.every)),)
        self._places = Places(state_dir)
        self._bodies = Bodies.below(state_dir, duration(settings.keep_bodies), size(settings.keep_bodies_size))
        self._pruned: datetime | None = None
        self._replays: dict[str, datetime | None] = {}  # of the present round, and from when on
        self._sweeper = Sweeper()
        self._credentials = folder_of(settings.credentials_dir, state_dir)
        self._allow_networks = tuple(allow_networks)
        self._deadline = duration(settings.deadline)
        self._swept = False
        self._lease: Lease | None = None  # of a round that has not settled all it took
        self._lost = False  # the store went away under the present round
        self._lease_file = state_dir / "lease.json"
        self._declared: tuple[dict[str, Declared | None], dict[str, Off]] | None = None  # and those that are off

    async def run(
        self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> RoundReport:
        """Collect what is due, or what `cause.names` asks for; raises StoreAway where there is no database."""
        task_status.started()
        store = cast("BlacklistStore", ctx.store)
        if not self._swept:
            await trio.to_thread.run_sync(self._places.sweep)
            self._lease = await trio.to_thread.run_sync(noted, self._lease_file)
            self._swept = True
        sources = await trio.to_thread.run_sync(catalogue.load, self._settings)
        tools = self._tools(ctx)
        reports = await self._declare(tools, sources)
        await self._give_back(tools, sources)
        await self._hurry_keyed(tools, sources)
        self._replays = replays_of(cause.names)
        asked = [name for name in cause.names if not name.startswith(WORD)]
        names, too_soon = await self._asked_for(tools, sources, asked)
        names += self._replays
        reports += too_soon
        rows: list[SourceRow] = []
        if names or not cause.names:
            rows = await self._take(tools, names)
        self._lost = False
        reports += await self._collect_all(ctx, tools, sources, rows)
        if self._lost:
            await self._give_back(tools, sources)
        self._lease = None
        await self._prune(tools)
        ageing = await self._sweep(tools, sources)
        ctx.health.note(sources=len(sources.ok), faults=len(sources.errors), reports=_counted(reports))
        dues = [await self._next_due(ctx, store), ageing]
        return RoundReport(reports, next_due=min(due for due in dues if due is not None))

    async def _sweep(self, tools: Tools, sources: Sources) -> datetime | None:
        """End what has aged, now that all that stands in its list was seen; a fault of it harms no source."""
        try:
            return await self._sweeper.sweep(tools, sources.enabled)
        except StoreAway:
            raise
        except Exception:
            tools.log.exception("the sweep of what has aged crashed")
            return tools.clock.now() + PAUSE

    def _collector(self, tools: Tools, source: Source, row: SourceRow) -> Collector:
        if row.name in self._replays:
            return Replay(tools, source, row, self._replays[row.name])
        return collector(tools, source, row)

    async def _prune(self, tools: Tools) -> None:
        """Let go of kept bodies that are past their time, once an hour."""
        now = tools.clock.now()
        if self._pruned is None or not self._pruned <= now < self._pruned + PRUNE_EVERY:
            self._pruned = now
            await keeping.prune(tools)

    def _tools(self, ctx: Context) -> Tools:
        ground = Ground(self._places, self._bodies, self._credentials, self._allow_networks)
        return Tools.of(ctx, self._settings, ground)

    async def _take(self, tools: Tools, names: Sequence[str]) -> list[SourceRow]:
        """Lease what is due, or these; our disk being full is no reason not to, it is only noted for the next start."""
        now, lease_for = tools.clock.now(), self._deadline + LEASE_MARGIN
        self._lease = Lease(began=now, until=now + lease_for)
        try:
            await trio.to_thread.run_sync(note, self._lease_file, self._lease)
        except OSError as error:
            tools.log.warning("the lease is not noted", error=str(error))
        return await tools.store.sources.lease(MODULE, now, lease_for, names or None)

    async def _give_back(self, tools: Tools, sources: Sources) -> None:
        """Make due again what a round took and never settled (we were killed, the store went away)."""
        if self._lease is None:
            return
        lease, now = self._lease, tools.clock.now()
        held = [row for row in await tools.store.sources.all() if row.due == lease.until]
        dues: dict[str, datetime] = {}
        for row in held:  # it may have been asked just before: its floor holds all the same
            source = sources.enabled.get(row.name)
            floor = source.floor(nearby=source.is_nearby(self._allow_networks)) if source else timedelta(0)
            dues[row.name] = max(now, lease.began + floor)
        if dues:
            await tools.store.sources.give_back(MODULE, lease.until, dues)
            tools.log.info("taken and not settled, due again", sources=sorted(dues))
        self._lease = None

    async def _next_due(self, ctx: Context, store: BlacklistStore) -> datetime:
        """Return when the first source is due: now, where one was declared and never asked."""
        now = ctx.clock.now()
        soonest = await store.sources.next_due(MODULE)
        if soonest is None and self._declared and self._declared[0]:
            return now
        latest = now + duration(self._settings.every)
        return min(soonest, latest) if soonest else latest

    async def _declare(self, tools: Tools, sources: Sources) -> list[Report]:
        """Tell the store what is declared, where that changed; close what belongs to sources that are not."""
        declared, off = await self._wanted(tools, sources)
        if (declared, off) == self._declared:
            return []
        for fault in sources.errors:
            tools.log.error("a declaration is wrong", error=fault.message)
        before = {row.name: row for row in await tools.store.sources.all(declared_only=False)}
        rows = await tools.store.sources.declare(MODULE, declared)
        reports = [
            await remove(tools, row) for row in rows if not row.declared and (row.state not in AWAY or row.entries)
        ]
        marks = {name: _declared(sources.ok[name]) for name in off if name in sources.ok}
        told = findings_of_switches(before, declared, off)
        await tools.store.sources.know(MODULE, off, tools.clock.now(), marks, told)
        await self._hurry_mended(tools, rows, sources)
        self._declared = declared, off
        return reports

    async def _wanted(self, tools: Tools, sources: Sources) -> tuple[dict[str, Declared | None], dict[str, Off]]:
        """Return what is to be collected, and what is known and is not."""
        declared: dict[str, Declared | None] = {name: _declared(source) for name, source in sources.enabled.items()}
        off = {
            name: Off(state=State.LEFT_OUT if name in sources.left_out else State.OFF, why=why)
            for name, why in sources.off.items()
        }
        # A source whose file is wrong is still declared: its set must not be delisted for a typing error.
        declared |= {fault.name: None for fault in sources.errors if fault.name and fault.name not in declared}
        if any(not fault.name for fault in sources.errors):
            # Nor all of a folder's that cannot be read just now; and what it switched off stays off.
            for row in await tools.store.sources.all(declared_only=False):
                if row.declared:
                    declared.setdefault(row.name, None)
                elif row.state == State.OFF:
                    off.setdefault(row.name, Off(state=State.OFF, why=row.error or ""))
                    declared.pop(row.name, None)
        return declared, off

    async def _hurry_mended(self, tools: Tools, rows: Sequence[SourceRow], sources: Sources) -> None:
        """Make due what waits only because its declaration was wrong, and is not any more."""
        now = tools.clock.now()
        for row in rows:
            mended = row.state == State.MISDECLARED and row.name in sources.enabled
            if mended and row.due is not None and row.due > now:
                await tools.store.sources.give_back(MODULE, row.due, {row.name: now})

    async def _hurry_keyed(self, tools: Tools, sources: Sources) -> None:
        """Make due what waits for a key that has been put into its file since."""
        now = tools.clock.now()
        for row in await tools.store.sources.all():
            source = sources.enabled.get(row.name)
            if row.state != State.NEEDS_KEY or source is None or row.due is None or row.last_attempt is None:
                continue
            names = [name for name in (source.credential, source.proxy_credential) if name]
            asked = row.last_attempt.timestamp()
            if row.due > now and await trio.to_thread.run_sync(newer, self._credentials, names, asked):
                await tools.store.sources.give_back(MODULE, row.due, {row.name: now})

    async def _asked_for(self, tools: Tools, sources: Sources, names: Sequence[str]) -> tuple[list[str], list[Report]]:
        """Part what somebody asked for into what may be asked now, and reports of the rest: the floor holds for all."""
        if not names:
            return [], []
        rows = {row.name: row for row in await tools.store.sources.all()}
        chosen: list[str] = []
        reports: list[Report] = []
        now = tools.clock.now()
        for name in dict.fromkeys(names):
            source, row = sources.enabled.get(name), rows.get(name)
            if row is None:
                reports.append(_not_asked(name, sources))
                continue
            soonest = _soonest(source, row, self._allow_networks)
            if soonest is not None and soonest > now:
                why = f"not before {soonest:%Y-%m-%d %H:%M:%S} UTC: its min_interval has not passed"
                reports.append(Report(name, row.state, entries=row.entries, error=why))
                if row.due is not None and row.due > soonest:  # what was asked for is done as soon as it may be
                    await tools.store.sources.give_back(MODULE, row.due, {name: soonest})
                continue
            chosen.append(name)
        return chosen, reports

    async def _collect_all(
        self, ctx: Context, tools: Tools, sources: Sources, rows: Sequence[SourceRow]
    ) -> list[Report]:
        limiter = trio.CapacityLimiter(self._settings.at_once)
        reports: list[Report] = []

        async def one(row: SourceRow) -> None:
            async with limiter:
                reports.append(await self._collect(tools, sources, row))
            ctx.health.beat()

        async with trio.open_nursery() as nursery:
            for row in rows:
                nursery.start_soon(one, row, name=f"blacklist/{row.name}")
        return reports

    async def _collect(self, tools: Tools, sources: Sources, row: SourceRow) -> Report:
        """Collect one; whatever it raises is its own report, and harms no other."""
        source = sources.enabled.get(row.name)
        try:
            if source is None:
                return await self._misdeclared(tools, sources, row)
            one = self._collector(tools, source, row)
            try:
                return await one.collect()
            except StoreAway:
                raise
            except Exception as error:
                tools.log.exception("collecting crashed", source=row.name)
                await one.settling.stumbled(f"{type(error).__name__}: {error}")
                return Report(row.name, row.state, entries=row.entries, error=f"{type(error).__name__}: {error}")
        except StoreAway as away:
            self._lost = True
            return Report(row.name, row.state, entries=row.entries, error=str(away) or "the database is away")

    async def _misdeclared(self, tools: Tools, sources: Sources, row: SourceRow) -> Report:
        fault = next((fault.message for fault in sources.errors if fault.name == row.name), None)
        why = fault or next((fault.message for fault in sources.errors if not fault.name), "is not declared")
        now = tools.clock.now()
        outcome = Outcome(
            state=State.MISDECLARED,
            at=now,
            due=now + duration(self._settings.every),
            failures=row.failures + 1,
            error=why,
        )
        findings = findings_of_change(row.name, row.state, State.MISDECLARED, why)
        await tools.store.sources.settle(row.id, outcome, findings)
        return Report(row.name, State.MISDECLARED, entries=row.entries, error=why)


def _declared(source: Source) -> Declared:
    return Declared(
        digest=source.digest(),
        tlp=tlp_of(source.tlp),
        redistribute=source.redistribute,
        class_=source.class_,
        licence=source.licence,
        by_hand=source.entries,
    )


def _not_asked(name: str, sources: Sources) -> Report:
    why = sources.off.get(name)
    if why is None:
        return Report(name, State.MISDECLARED, error="there is no such source")
    return Report(name, State.LEFT_OUT if name in sources.left_out else State.OFF, error=why)


def _soonest(source: Source | None, row: SourceRow, allow_networks: tuple[str, ...]) -> datetime | None:
    if source is None or row.last_attempt is None or row.state == State.NEEDS_KEY:  # its provider was not asked
        return None
    return row.last_attempt + source.floor(nearby=source.is_nearby(allow_networks))


def _counted(reports: Sequence[Report]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for report in reports:
        counts[report.status] = counts.get(report.status, 0) + 1
    return counts
