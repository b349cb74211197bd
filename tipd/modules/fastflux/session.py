"""One stretch of tracking: from taking the lease to losing it or stopping, with all that runs meanwhile."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import trio

from tipd.errors import TipdError
from tipd.modules.fastflux.chores import Chores
from tipd.modules.fastflux.flush import Flushing
from tipd.modules.fastflux.following import Following
from tipd.modules.fastflux.kinship import Kinship
from tipd.modules.fastflux.lease_keeping import LeaseKeeping
from tipd.modules.fastflux.nameservers import Nameservers
from tipd.modules.fastflux.resume import Watched
from tipd.modules.fastflux.siblings import Siblings
from tipd.modules.fastflux.wildcards import Wildcards
from tipd.nursery.attempt import attempt, is_away
from tipd.nursery.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tipd.modules.fastflux.intake import Intake
    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.modules.fastflux.needs import FluxStore, Tracker
    from tipd.modules.fastflux.settings import FluxSettings
    from tipd.nursery.contract import Context, ModuleState

NOTE_EVERY = 2.0  # seconds between two looks at how it goes, for people
FINISH_WITHIN = 2.0  # seconds of a stop in which what gathered is stored …
GIVE_BACK_WITHIN = 0.7  # … and the lease given back
FINISH_ROWS = 20_000  # names whose progress is stored at the end; the due times of others are reckoned anew
CALM_AFTER = 600.0  # seconds after which a part that crashed counts as well again
PROBING, LOADING, PAUSED, STORE_AWAY, ELSEWHERE = "probing", "loading", "paused", "store_away", "elsewhere"
WHY_ELSEWHERE = "another process probes: of those that share a store, one does"
WHY_AWAY = "the lease on probing cannot be renewed: the database is away or very slow"


class Ground(NamedTuple):
    """What a session stands on: `ctx` of the module, its `store` and `settings`, and what is exchanged or outlives it.

    `tracker` is this session's own; `intake` goes on where it was.
    """

    ctx: Context
    store: FluxStore
    settings: FluxSettings
    knowledge: Knowledge
    tracker: Tracker
    intake: Intake


class Session:
    """Built for each stretch: what is in memory is worth nothing once another process may have probed."""

    def __init__(self, ground: Ground) -> None:
        """Nothing is begun yet."""
        ctx, flux, tracker, settings = ground.ctx, ground.store.flux, ground.tracker, ground.settings
        self._ctx = ctx
        self._store = ground.store
        self._tracker = tracker
        self._intake = ground.intake
        self._candidates = settings.candidates
        self._pause = ""
        self._lost = False
        self.lease = LeaseKeeping(flux.lease, ctx.clock, ctx.log, self._moved)
        self._flushing = Flushing(tracker, flux, settings.vantage, ctx.log)
        self._watched = Watched(flux, tracker, ctx.log)
        self._nameservers = Nameservers(
            ctx.resolver, tracker, ctx.asns, settings, clock=ctx.clock, log=ctx.log, seen=self._flushing.add
        )
        self._wildcards = Wildcards(ctx.resolver, tracker, settings, ctx.rng, ctx.log)
        self._siblings = Siblings(flux, tracker)
        self._kinship = Kinship(
            flux,
            tracker,
            ground.knowledge,
            every=settings.seconds("networks_every"),
            zone_of=self._wildcards.zone_of,
            tell=lambda findings: self._flushing.add(findings=findings),
        )
        self._following = Following(flux, tracker, settings, ctx.log)
        self._chores = Chores(flux, settings, ctx.log)

    # --- what others say ----------------------------------------------------------------------------------------------

    def know(self, knowledge: Knowledge) -> None:
        """Judge by this knowledge from now on."""
        self._tracker.know(knowledge)
        self._kinship.knowledge = knowledge

    def marks_changed(self) -> None:
        """Take the names' marks anew: a source is shown to others than before."""
        self._chores.marks_changed()

    def pause(self, reason: str) -> None:
        """Ask and take in nothing; an empty reason: go on."""
        self._pause = reason
        self._moved(self.lease.until)

    def may(self) -> bool:
        """Say whether something may be asked or taken in now."""
        return not self._pause and self._holds()

    def _holds(self) -> bool:
        return trio.current_time() < self.lease.until

    def _moved(self, until: float) -> None:
        self._tracker.allowed_until = 0.0 if self._pause else until

    # --- the stretch --------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Wait for the lease, load, track until it is lost; a stop stores what gathered and gives the lease back.

        Raises StoreAway while loading.
        """
        former = await self.lease.acquire(lambda: self._say("waiting", ELSEWHERE, WHY_ELSEWHERE))
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._keep, nursery.cancel_scope)
                self._say("running", LOADING)
                await self._let_go_unchosen()
                await self._watched.load(former)
                await self._track()
        finally:
            with trio.CancelScope(shield=True):
                await self._leave()

    async def _let_go_unchosen(self) -> None:
        """Ask no more for what lists brought in classes that the operator chooses no longer."""
        gone = await self._store.flux.let_go_unchosen(self._candidates)
        if gone:
            self._ctx.log.info("names of classes that are no candidates any more are let go", names=gone)

    async def _keep(self, scope: trio.CancelScope) -> None:
        await self.lease.keep()
        self._lost = True
        scope.cancel()

    async def _track(self) -> None:
        """Run all there is to run, for ever; a crash of what is not the tracker itself harms nobody else."""
        ends = [
            self._store.writer.subscribe(self._watched.heard),
            self._store.writer.subscribe(self._intake.heard),
        ]
        sides: dict[str, Callable[[], Awaitable[None]]] = {
            "intake": partial(self._intake.run, self.may, lambda: self._tracker.count),
            "name servers": partial(self._nameservers.run, self.may),
            "wildcards": partial(self._wildcards.run, self.may),
            "siblings": partial(self._siblings.run, self.may),
            "networks": partial(self._kinship.run, self.may),
            "walks": partial(self._following.run, self.may),
            "chores": partial(self._chores.run, self._holds),  # also while the disk is short of room: thinning helps
        }
        try:
            async with trio.open_nursery() as nursery:
                for main in (self._tracker.run, self._flushing.run, self._watched.follow, self._note):
                    nursery.start_soon(main)
                for name, side in sides.items():
                    nursery.start_soon(self._care, name, side)
        finally:
            for end in ends:
                end()

    async def _care(self, name: str, side: Callable[[], Awaitable[None]]) -> None:
        """Run one of the slower parts; where it crashes it is told, and started again after a while."""
        backoff = Backoff(1.0, 300.0, self._ctx.rng)
        while True:
            begun = trio.current_time()
            error = (await attempt(side)).error
            if error is None:
                return
            if trio.current_time() - begun > CALM_AFTER:
                backoff.reset()
            if not is_away(error):
                self._ctx.log.error("a part of the tracker crashed and is started again", part=name, exc_info=error)
            await trio.sleep(backoff.next())

    async def _leave(self) -> None:
        """Store what gathered and give the lease back; what was lost to another process is the other's to know."""
        self._tracker.allowed_until = 0.0
        if self._lost or not self._store.available:
            return
        with suppress(TipdError):
            with trio.move_on_after(FINISH_WITHIN) as scope:
                await self._flushing.finish(FINISH_ROWS)
            if scope.cancelled_caught:
                self._ctx.log.warning("not all that was observed could be stored in time")
        with trio.move_on_after(GIVE_BACK_WITHIN):
            await self.lease.give_back()

    # --- for people ---------------------------------------------------------------------------------------------------

    async def _note(self) -> None:
        while True:
            if self._pause:
                self._say("paused", PAUSED, self._pause)
            elif self.may():
                self._say("running", PROBING)
                self._ctx.health.beat()
            else:
                self._say("waiting", STORE_AWAY, WHY_AWAY)
            self._ctx.health.note(**self.facts())
            await trio.sleep(NOTE_EVERY)

    def facts(self) -> dict[str, Any]:
        """Return how it goes, JSON-ready."""
        asns = self._ctx.asns
        return {
            "tracker": self._tracker.facts(),
            "dns": self._ctx.resolver.facts(),
            "stored": self._flushing.stored,
            "flush_s": round(self._flushing.took, 3),
            "bytes": self._chores.bytes,
            "networks": self._kinship.networks,
            "wildcard_zones": len(self._wildcards.found()),
            "followed": self._following.found,
            "questions_about_name_servers": self._nameservers.questions,
            "asn_table": asns.status().get("state") if asns is not None else "none",
        }

    def _say(self, state: ModuleState, word: str, why: str | None = None) -> None:
        self._ctx.health.state = state
        self._ctx.health.note(state=word, why=why)
