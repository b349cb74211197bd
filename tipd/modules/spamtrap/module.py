"""The spamtrap module: a job that takes what is new in archives, after the blacklists and each at its own time.

Agents are the other half (`agents/`), a service. Both tell with the module's name `spamtrap`.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import trio

from tipd.config import duration
from tipd.errors import StoreAway, TryAgain
from tipd.model.finding import Finding
from tipd.model.indicator import Indicator
from tipd.modules.spamtrap.archives.collect import Collect, Tally
from tipd.modules.spamtrap.archives.leasing import Leases
from tipd.modules.spamtrap.archives.tools import Tools
from tipd.modules.spamtrap.declaring import declare
from tipd.modules.spamtrap.removal import is_left, remove
from tipd.modules.spamtrap.states import MODULE, OK, UNREACHABLE, findings_of_change
from tipd.nursery.contract import After, Every, Report, Restart, RoundReport
from tipd.store.sources import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from tipd.modules.spamtrap.needs import SpamtrapStore
    from tipd.modules.spamtrap.settings import ArchiveSettings, SpamtrapSettings
    from tipd.nursery.contract import Cause, Context, Trigger
    from tipd.store.sources import SourceRow

CHORES_EVERY = 300.0  # seconds
PATIENCE = 3600.0  # seconds that the blacklists' first round is waited for
PRUNE_EVERY = timedelta(hours=1)
FIRST_RETRY = timedelta(minutes=15)


class SpamtrapModule:
    """Built once per daemon; each `run` takes what is due."""

    name = MODULE
    takes: tuple[type, ...] = ()
    gives: tuple[type, ...] = (Indicator, Finding)
    restart = Restart.ON_FAILURE

    def __init__(
        self,
        settings: SpamtrapSettings,
        state_dir: Path,
        *,
        follows: bool = False,
        ask_agent: Callable[[str], bool] | None = None,
    ) -> None:
        """Nothing is read or made yet. `follows`: blacklists are collected here, and go first.

        `ask_agent(name)` asks an agent at once, and says whether it is one.
        """
        self._settings = settings
        self._ask_agent = ask_agent
        self._follows = follows
        self._began: float | None = None
        self._archives = {one.name: one for one in settings.archives if one.enabled}
        self.triggers: tuple[Trigger, ...] = (After("blacklist"), Every(duration(settings.every)))
        self._scratch = state_dir / "spamtrap_spool"  # `spool` is the blacklists', who sweep it
        self._progress: dict[str, Any] = {}
        self._leases: Leases | None = None
        self._lease_file = state_dir / "spamtrap-lease.json"
        self._pruned: datetime | None = None

    def asked(self, names: Iterable[str]) -> tuple[str, ...]:
        """Have agents asked at once, though archives may be read for hours; return the names that are none."""
        ask = self._ask_agent
        return tuple(name for name in names if ask is None or not ask(name))

    async def run(
        self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> RoundReport:
        """Take what is due, or what `cause.names` asks for; raises StoreAway where there is no database."""
        task_status.started()
        store = cast("SpamtrapStore", ctx.store)
        reports = await self._declare(ctx, store)
        leases = await self._begin(ctx, store)
        names = [name for name in dict.fromkeys(cause.names) if name in self._archives]
        rows: Sequence[SourceRow] = ()
        if names or (not cause.names and self._may_begin(cause)):
            rows = await leases.take(store.sources, names, list(self._archives))
        await self._chore(ctx, store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._chores, ctx, store)
            nursery.start_soon(leases.renew, store.sources)
            reports += await self._take_all(ctx, store, rows, leases)
            nursery.cancel_scope.cancel()
        return RoundReport(reports, next_due=await self._next_due(ctx, store))

    def _may_begin(self, cause: Cause) -> bool:
        """Say whether archives may be taken now: after the blacklists' first round, however long that takes."""
        self._began = trio.current_time() if self._began is None else self._began
        if isinstance(cause.trigger, After) or trio.current_time() - self._began >= PATIENCE:
            self._follows = False
        return not self._follows

    async def _begin(self, ctx: Context, store: SpamtrapStore) -> Leases:
        """Tidy up after whoever read archives here before, once."""
        if self._leases is None:
            await trio.to_thread.run_sync(self._sweep)
            leases = Leases(self._lease_file, ctx.clock, ctx.log)
            await leases.give_back(store.sources, list(self._archives))
            self._leases = leases
        return self._leases

    def _sweep(self) -> None:
        """Remove what another run left."""
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def _declare(self, ctx: Context, store: SpamtrapStore) -> list[Report]:
        """Make archives and agents known; end what those listed that are no more."""
        at = ctx.clock.now()
        rows = await declare(store.sources, self._settings, at)
        reports: list[Report] = []
        for row in rows:
            if is_left(row):
                closed = await remove(store.rounds, row, at)
                ctx.log.info("source removed", source=row.name, delisted=closed)
                reports.append(Report(row.name, row.state, delisted=closed))
        return reports

    async def _take_all(
        self, ctx: Context, store: SpamtrapStore, rows: Sequence[SourceRow], leases: Leases
    ) -> list[Report]:
        limiter = trio.CapacityLimiter(self._settings.at_once)
        reports: list[Report] = []
        tools = Tools(ctx, self._settings, self._scratch, self._progress)

        async def one(row: SourceRow) -> None:
            async with limiter:
                reports.append(await self._take(ctx, store, tools, row))
                leases.settled(row.name)
            ctx.health.beat()

        async with trio.open_nursery() as nursery:
            for row in rows:
                nursery.start_soon(one, row, name=f"spamtrap/{row.name}")
        return reports

    async def _take(self, ctx: Context, store: SpamtrapStore, tools: Tools, row: SourceRow) -> Report:
        """Take one; whatever it raises is its own report, and harms no other."""
        source = self._archives[row.name]
        began = trio.current_time()
        try:
            try:
                tally = await Collect(tools, source).run()
            except (StoreAway, TryAgain):
                raise
            except Exception as error:
                ctx.log.exception("taking an archive crashed", source=row.name)
                tally = Tally(state=UNREACHABLE, why=f"{type(error).__name__}: {error}")
            await self._settle(ctx, store, row, source, tally)
        except (StoreAway, TryAgain) as away:
            return Report(row.name, row.state, entries=row.entries, error=str(away) or "the database is away")
        return Report(
            row.name,
            tally.state,
            entries=tally.new,
            refused=tally.refused,
            took=trio.current_time() - began,
            error=tally.why,
        )

    async def _settle(
        self, ctx: Context, store: SpamtrapStore, row: SourceRow, source: ArchiveSettings, tally: Tally
    ) -> None:
        """Store how it went, and when it is asked again: soon where it failed, its own time otherwise."""
        now, every = ctx.clock.now(), duration(source.every)
        well = tally.state == OK
        failures = 0 if well else row.failures + 1
        pause = every if well else min(every, FIRST_RETRY * 2 ** min(failures - 1, 10))
        if tally.retry_after is not None:
            pause = max(pause, timedelta(seconds=tally.retry_after))
        outcome = Outcome(
            state=tally.state,
            at=now,
            due=now + pause,
            failures=failures,
            error=tally.why,
            confirmed=well,
            changed=bool(tally.new),
            refused=dict(tally.refused),
        )
        await store.sources.settle(row.id, outcome, findings_of_change(row.name, row.state, tally.state, tally.why))

    async def _chores(self, ctx: Context, store: SpamtrapStore) -> None:
        """Do the chores again and again while archives are read."""
        while True:
            await trio.sleep(CHORES_EVERY)
            await self._chore(ctx, store)

    async def _chore(self, ctx: Context, store: SpamtrapStore) -> None:
        """End sightings past their time, drop mails past theirs; a fault of it harms no archive."""
        now = ctx.clock.now()
        try:
            ended = await store.spam.age(now, sighting_keep=duration(self._settings.sighting_keep))
            if ended:
                ctx.log.info("sightings past their time ended", number=ended)
            if self._pruned is None or not self._pruned <= now < self._pruned + PRUNE_EVERY:
                await store.spam.prune(duration(self._settings.keep_mails))
                self._pruned = now
        except (StoreAway, TryAgain):
            return
        except Exception:
            ctx.log.exception("the chores of spamtraps crashed")

    async def _next_due(self, ctx: Context, store: SpamtrapStore) -> datetime:
        """Return when the first archive is due."""
        now = ctx.clock.now()
        latest = now + duration(self._settings.every)
        dues = [row.due or now for row in await store.sources.all() if row.name in self._archives]
        return max(now, min([latest, *dues]))
