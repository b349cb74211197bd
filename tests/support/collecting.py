"""A blacklist module with the real store, fetcher and workers around it."""

import random
from contextlib import asynccontextmanager

import structlog
import trio

from tipd.clock import SystemClock
from tipd.modules.blacklist.module import BlacklistModule
from tipd.modules.blacklist.settings import BlacklistSettings
from tipd.net.fetch import Fetcher
from tipd.net.settings import NetSettings
from tipd.nursery.contract import Cause, Context
from tipd.store.store import Store
from tipd.work.pool import WorkerPool

ADDRESSES = [f"192.0.2.{number}" for number in range(1, 41)]
NEAR = ("127.0.0.0/8",)


class Sink:
    def note(self, **facts):
        self.facts = facts

    def beat(self):
        pass


class House:
    """A module with everything real around it; `collect` runs one round and returns reports by source."""

    def __init__(self, folder, store, workers):
        self.folder = folder
        self.store = store
        self.workers = workers
        self.log = structlog.get_logger()
        self.sources = folder / "sources.d"
        self.sources.mkdir(exist_ok=True)
        self.clock = SystemClock()
        self.begin_anew()

    def begin_anew(self, **keys):
        settings = BlacklistSettings(catalogue=False, sources_dirs=(str(self.sources),), **keys)
        self.module = BlacklistModule(settings, self.folder / "state", NEAR)
        rng = random.Random(7)
        self.fetcher = Fetcher(NetSettings(allow_networks=NEAR), self.clock, self.log, rng)

    def declare(self, name, base, **keys):
        keys = {"url": f'"{base}/{name}.txt"', "parser": '"lines"', "kind": '"auto"', "every": '"1s"'} | keys
        (self.sources / f"{name}.toml").write_text("\n".join(f"{k} = {v}" for k, v in keys.items()))

    async def collect(self, *names, due=True):
        if due:
            await self.store.pool.run(_make_due)
            self.fetcher = Fetcher(NetSettings(allow_networks=NEAR), self.clock, self.log, random.Random(7))
        report = await self.module.run(self.context(), Cause(None, self.clock.now(), names))
        self.next_due = report.next_due
        return {each.source: each for each in report.reports}

    def context(self, fetcher=None, workers=None):
        return Context(
            self.log,
            self.clock,
            random.Random(5),
            self.store,
            fetcher or self.fetcher,
            workers or self.workers,
            Sink(),
        )

    async def findings(self, kind):
        return [finding for finding in await self.store.findings.read(0, limit=10000) if finding.kind == kind]


async def _make_due(connection):
    await connection.execute("UPDATE source SET due = NULL")


@asynccontextmanager
async def house_of(folder, dsn):
    log = structlog.get_logger()
    async with Store.open(dsn, clock=SystemClock(), log=log) as store:
        workers = WorkerPool(2, log)
        async with trio.open_nursery() as nursery:
            await nursery.start(workers.run)
            yield House(folder, store, workers)
            nursery.cancel_scope.cancel()
