"""The store as the rest of tipd sees it: one attribute a noun."""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tipd.store import meta as facts
from tipd.store import opening
from tipd.store.ageing import Ageing
from tipd.store.allowed import Allowed
from tipd.store.asks import Asks
from tipd.store.audit import Audit
from tipd.store.batch import forget_writers
from tipd.store.entries import Entries
from tipd.store.findings import Findings
from tipd.store.flux.flux import Flux
from tipd.store.forgetting import Forgetting
from tipd.store.history import History
from tipd.store.identity import settle_on
from tipd.store.increments import Increments
from tipd.store.meta import Meta
from tipd.store.partitions import Partitions
from tipd.store.past import Past
from tipd.store.pool import Pool
from tipd.store.proofs import Proofs
from tipd.store.rounds import Rounds
from tipd.store.schedule import Schedule
from tipd.store.settings import StoreSettings
from tipd.store.sightings import Sightings
from tipd.store.sinks import Sinks
from tipd.store.sizes import Sizes
from tipd.store.sources import Sources
from tipd.store.spam.spam import Spam
from tipd.store.tokens import Tokens
from tipd.store.trends.trends import Trends
from tipd.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.store.connection import Connection


WRITERS_KEPT = timedelta(days=30)  # what a writer committed last: far longer than any commit stays unknown


@dataclass(slots=True)
class Store:
    """Everything durable. `hash_seed` seeds the keys of indicators; `store_id` names this log of findings.

    Both change under a running daemon only where the database was exchanged for another (a restored dump); `available`
    turns True again only after they have.
    """

    pool: Pool
    writer: Writer
    findings: Findings
    sources: Sources
    rounds: Rounds
    increments: Increments
    sightings: Sightings
    ageing: Ageing
    entries: Entries
    past: Past
    history: History
    proofs: Proofs
    forgetting: Forgetting
    schedule: Schedule
    asks: Asks
    sinks: Sinks
    tokens: Tokens
    audit: Audit
    allowed: Allowed
    partitions: Partitions
    meta: Meta
    sizes: Sizes
    trends: Trends
    flux: Flux
    spam: Spam
    clock: Clock
    hash_seed: int
    store_id: str

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        dsn: str,
        settings: StoreSettings | None = None,
        *,
        clock: Clock,
        log: Log,
        rng: random.Random | None = None,
        patience: float = 0.0,
        drain_within: float = 5.0,
    ) -> AsyncIterator[Store]:
        """Connect, examine and migrate the database (`tipd.store.opening`), start the writer, and give the store.

        Leaving it commits what waits, within `drain_within` seconds, and closes. Raises StoreAway when the database is
        not there within `patience` seconds, and what `opening.admit` raises.
        """
        settings = settings or StoreSettings()
        rng = rng or random.Random()  # noqa: S311 - spreads retries, hides nothing
        async with Pool.open(
            dsn,
            log=log,
            size=settings.pool_size,
            deadline=settings.seconds("statement_deadline"),
            rng=rng,
            patience=patience,
        ) as pool:
            identity = await opening.admit(pool, settings, log)
            seed = await pool.run(facts.hash_seed)
            commit_within = settings.seconds("commit_deadline")
            async with Writer.open(
                pool,
                clock=clock,
                log=log,
                rng=rng,
                hash_seed=seed,
                commit_within=commit_within,
                drain_within=drain_within,
            ) as writer:
                store = cls._of(pool, writer, clock, seed, identity.store_id)
                pool.check_returns(store._returned)
                await store.partitions.ensure(clock.now())
                yield store

    @classmethod
    def _of(cls, pool: Pool, writer: Writer, clock: Clock, seed: int, store_id: str) -> Store:
        ageing = Ageing(pool, writer)
        return cls(
            pool=pool,
            writer=writer,
            findings=Findings(pool, writer, clock),
            sources=Sources(pool, writer),
            rounds=Rounds(pool, writer, clock),
            increments=Increments(pool, writer, clock),
            sightings=Sightings(pool, seed),
            ageing=ageing,
            entries=Entries(pool, writer, clock, seed),
            past=Past(pool, seed),
            history=History(pool, writer, clock),
            proofs=Proofs(pool, writer),
            forgetting=Forgetting(pool, writer, clock, seed),
            schedule=Schedule(pool, writer),
            asks=Asks(pool, writer),
            sinks=Sinks(pool, writer),
            tokens=Tokens(pool, writer, clock),
            audit=Audit(pool, writer, clock),
            allowed=Allowed(pool, writer, clock),
            partitions=Partitions(writer),
            meta=Meta(pool, writer),
            sizes=Sizes(pool, writer),
            trends=Trends(pool, writer, clock),
            flux=Flux(pool, writer, clock, seed),
            spam=Spam(pool, writer, clock, ageing, seed),
            clock=clock,
            hash_seed=seed,
            store_id=store_id,
        )

    @property
    def available(self) -> bool:
        """Say whether the database is there."""
        return self.pool.available

    async def upkeep(self, keep: timedelta) -> list[str]:
        """Do what is to be done every hour: partitions ahead, retention, sizes, old writers; return what was dropped.

        Raises StoreAway, or TryAgain where readers of the log were in the way.
        """
        now = self.clock.now()
        await self.partitions.ensure(now)
        await self.flux.upkeep(now)
        dropped = await self.partitions.prune(keep, now)
        await self.sizes.note(now.date())
        await self.writer.write(forget_writers, now - WRITERS_KEPT)
        return dropped

    async def _returned(self, connection: Connection) -> None:
        """Look whether a database that was away is still the same, before anybody else uses it. Asyncio-flavoured."""
        found = await settle_on(connection)
        if found.store_id == self.store_id:
            return
        self.store_id = found.store_id
        self.hash_seed = await facts.hash_seed(connection)
        for part in (self.writer, self.sightings, self.past, self.forgetting, self.entries, self.flux, self.spam):
            part.begin_anew(self.hash_seed)
        self.tokens.begin_anew()
        self.allowed.begin_anew()
