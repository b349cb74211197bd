"""The house: which part stands on which, in the order they are started; they stop in the reverse order."""

from __future__ import annotations

import gc
import math
import os
import signal
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

import trio

from tipd import log
from tipd.daemon.asked import Asked
from tipd.daemon.doors import Doors
from tipd.daemon.followers import Followers, supervise
from tipd.daemon.housekeeping import Housekeeping
from tipd.daemon.modules import build_modules, context_for
from tipd.daemon.outside import Outside
from tipd.daemon.progress import Progress
from tipd.daemon.reload import Reload
from tipd.net.fetch import Fetcher
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings
from tipd.nursery.contract import Restart
from tipd.nursery.health import Tree
from tipd.nursery.scheduler import Scheduler
from tipd.nursery.supervisor import Supervisor
from tipd.nursery.systemd import Notifier, watchdog_interval
from tipd.nursery.watchdog import Liveness, watch
from tipd.store.address import read_url
from tipd.store.postgres import ManagedPostgres
from tipd.store.settings import FindingsSettings, StoreSettings
from tipd.store.store import Store
from tipd.work.pool import WorkerPool

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator

    from tipd.clock import Clock
    from tipd.config import Config
    from tipd.nursery.blocking import Detector

MODULES_MAY_TAKE = 3.0  # seconds of a stop, beside the API's `stop_grace`
WRITER_MAY_TAKE = 2.0
MODULES_MAY_TAKE_AWAY = 0.5  # what waits for a database that is away is not waited for
STOP_MAY_TAKE = 8.0  # in all: PostgreSQL gets what is left of it
WRITER_STUCK_AFTER = 300.0  # writes wait and no batch begins: longer than any commit may take
STORE_PATIENCE = float("inf")  # a database that is away at the start is waited for


class House:
    """Everything one process of tipd is made of; `run` once."""

    def __init__(
        self, config: Config, parts: frozenset[str], *, clock: Clock, rng: random.Random, detector: Detector
    ) -> None:
        """Build what needs no nursery; nothing is started."""
        self.config = config
        self.parts = parts
        self.clock = clock
        self.rng = rng
        self.detector = detector
        self.health = Tree(clock)
        self.notifier = Notifier(os.environ, log.get("systemd"))
        self.liveness = Liveness()
        self.doors = Doors(config)
        self._end_by = math.inf  # when (trio's clock) a stop must be over
        self.workers = WorkerPool(max(2, len(os.sched_getaffinity(0))), log.get("work"))
        self.fetcher = Fetcher(config.section("net", NetSettings), clock, log.get("net"), rng)
        self.resolver = Resolver(config.section("net", NetSettings))
        self._say = log.get("daemon")

    async def run(self) -> None:
        """Start everything in order, say READY, wait for the word to stop, stop everything in order."""
        with trio.open_signal_receiver(signal.SIGTERM, signal.SIGINT, signal.SIGHUP) as signals:
            async with trio.open_nursery() as nursery:
                stop = trio.Event()
                reload = Reload(self)
                nursery.start_soon(self._listen, signals, stop, reload, nursery.cancel_scope)
                if "api" in self.parts:
                    await nursery.start(self.doors.open)
                async with self._database() as dsn, self._store(dsn) as store:
                    await self._live(store, stop, reload)
                nursery.cancel_scope.cancel()

    async def _live(self, store: Store, stop: trio.Event, reload: Reload) -> None:
        """All that stands on the store, and the order in which it comes and goes."""
        followers = Followers(self, store)
        scheduler = self._scheduler(store, followers)
        keeper = self._housekeeping(store)
        outside = Outside(self, store, followers, scheduler, keeper)
        supervisor = Supervisor(self.health, log.get("supervisor"), self.rng)
        async with trio.open_nursery() as nursery:
            await nursery.start(self.workers.run)
            await nursery.start(self._feed_watchdog, scheduler, store)
            followers.start(nursery, supervisor)
            store.writer.subscribe(lambda _seq, kinds: scheduler.wake(kinds))
            await nursery.start(supervise, supervisor, "housekeeping", partial(keeper.run, scheduler), Restart.ALWAYS)
            if "fastflux" in self.parts:
                await nursery.start(supervise, supervisor, "resolver", self.resolver.run, Restart.ALWAYS)
            await nursery.start(scheduler.run)
            asked = Asked(store, scheduler, log.get("daemon"))
            nursery.start_soon(supervise, supervisor, "asks", asked.run, Restart.ON_FAILURE)
            if "api" in self.parts:
                nursery.start_soon(supervise, supervisor, "archive", outside.archive.run, Restart.ALWAYS)
                nursery.start_soon(supervise, supervisor, "forget", outside.forgetter.run, Restart.ALWAYS)
                await nursery.start(outside.serve)
            reload.begin(scheduler, followers)
            for name in scheduler.first():  # what was declared or switched while nobody looked counts at once
                scheduler.run_now(name)
            # What stands now stays: a full collection over all of it would hold the loop for 30 ms, again and again.
            gc.freeze()
            await self.notifier.ready(f"collecting with {', '.join(scheduler.names()) or 'no module'}")
            self._say.info("ready", parts=sorted(self.parts), store_id=store.store_id)
            await stop.wait()
            await self.notifier.stopping("stopping")
            await self._leave(scheduler, outside, there=store.available)
            nursery.cancel_scope.cancel()

    async def _leave(self, scheduler: Scheduler, outside: Outside, *, there: bool) -> None:
        """Triggers stop; the stream and the API say goodbye while modules get their deadline."""
        scheduler.stop()
        async with trio.open_nursery() as goodbyes:
            goodbyes.start_soon(outside.close)
            goodbyes.start_soon(scheduler.drain, MODULES_MAY_TAKE if there else MODULES_MAY_TAKE_AWAY)

    @asynccontextmanager
    async def _database(self) -> AsyncIterator[str]:
        """Give the address of the database: the one that is configured, or our own server's."""
        settings = self.config.section("store", StoreSettings)
        address = read_url(settings)
        if address is not None:
            yield address
            return
        server = ManagedPostgres(
            self.config.state_dir, settings, log.get("postgres"), self.health.node("postgres"), self.rng
        )
        async with trio.open_nursery() as nursery:
            address = await nursery.start(server.run)
            try:
                yield address
            finally:
                server.hurry(self._end_by)
            nursery.cancel_scope.cancel()

    @asynccontextmanager
    async def _store(self, dsn: str) -> AsyncIterator[Store]:
        node = self.health.node("store")
        self.doors.why = "tipd is starting: it waits for the database"
        await self.notifier.status(self.doors.why)
        settings = self.config.section("store", StoreSettings)
        async with Store.open(
            dsn,
            settings,
            clock=self.clock,
            log=log.get("store"),
            rng=self.rng,
            patience=STORE_PATIENCE,
            drain_within=WRITER_MAY_TAKE,
        ) as store:
            node.state = "running"
            self.health.channel("writer", store.writer)
            yield store

    def _scheduler(self, store: Store, followers: Followers) -> Scheduler:
        modules, disabled = build_modules(self.config, self.parts)
        return Scheduler(
            modules,
            context_for(self, store, followers.asns),
            schedule=store.schedule,
            findings=store.findings,
            clock=self.clock,
            rng=self.rng,
            health=self.health,
            log=log.get("scheduler"),
            disabled=disabled,
            writer=store.writer,
        )

    def _housekeeping(self, store: Store) -> Housekeeping:
        return Housekeeping(
            store,
            log.get("housekeeping"),
            self.health.node("housekeeping"),
            self.health.node("store"),
            store_settings=self.config.section("store", StoreSettings),
            findings_settings=self.config.section("findings", FindingsSettings),
            state_dir=self.config.state_dir,
        )

    async def _feed_watchdog(
        self, scheduler: Scheduler, store: Store, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        interval = watchdog_interval(os.environ, os.getpid())
        if interval is None:
            task_status.started()
            return
        progress = Progress(store.writer, WRITER_STUCK_AFTER)
        self.liveness.add("scheduler", scheduler.alive)
        self.liveness.add("store", lambda: progress.alive(available=store.available))
        await watch(
            self.notifier,
            self.liveness,
            log.get("watchdog"),
            self.health,
            interval=interval,
            task_status=task_status,
        )

    async def _listen(
        self,
        signals: AsyncIterator[int],
        stop: trio.Event,
        reload: Reload,
        scope: trio.CancelScope,
    ) -> None:
        """SIGHUP reloads; SIGTERM and SIGINT stop; a stop while we still start ends the start."""
        async for number in signals:
            if number == signal.SIGHUP:
                await reload.run()
                continue
            self._say.info("stopping", signal=signal.Signals(number).name)
            self._end_by = min(self._end_by, trio.current_time() + STOP_MAY_TAKE)
            if stop.is_set() or not reload.begun:
                scope.cancel()
                return
            stop.set()
