"""The fastflux module: a service that keeps names under watch, and judges them by what their answers change."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import trio

from tipd.errors import ConfigError
from tipd.model.finding import Finding
from tipd.model.flux import KnownName
from tipd.modules.fastflux.intake import Intake
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.monitor import Monitor
from tipd.modules.fastflux.session import Ground, Session
from tipd.nursery.bell import Bell
from tipd.nursery.contract import Always, Restart
from tipd.store.sources import MARKS_CHANNEL

if TYPE_CHECKING:
    from tipd.modules.fastflux.needs import FluxStore
    from tipd.modules.fastflux.settings import FluxSettings
    from tipd.nursery.contract import Cause, Context, RoundReport, Trigger

MODULE = "fastflux"
NEEDS_RESOLVER = "needs_resolver"
WHY_WAITING = (
    "no resolver is named in [net] resolvers, and the system's does not count: "
    "whoever runs it would see every name that is watched"
)


class FluxModule:
    """Built once per daemon; `run` serves until it is cancelled."""

    name = MODULE
    takes: tuple[type, ...] = (Finding,)
    gives: tuple[type, ...] = (KnownName, Finding)
    restart = Restart.ON_FAILURE

    def __init__(self, settings: FluxSettings) -> None:
        """Nothing is begun yet."""
        self._settings = settings
        self.triggers: tuple[Trigger, ...] = (Always(),)
        self._bell = Bell()
        self._paused = ""
        self._session: Session | None = None
        self._listens = False
        self._knowledge = Knowledge()
        self._folders = [Path(folder).expanduser() for folder in settings.knowledge_dirs]

    # --- what others say ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Read the knowledge again."""
        self._bell.ring()

    def pause(self, reason: str) -> None:
        """Probe nothing and take nothing in until `resume`."""
        self._paused = reason
        if self._session is not None:
            self._session.pause(reason)

    def resume(self) -> None:
        """Go on."""
        self.pause("")

    # --- the service --------------------------------------------------------------------------------------------------

    async def run(
        self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> RoundReport | None:
        """Serve; raises ConfigError for faulty knowledge at the start, StoreAway where names cannot be loaded."""
        task_status.started()
        if ctx.resolver is None or not ctx.resolver.configured:
            await self._wait_for_resolver(ctx)
        self._knowledge = await trio.to_thread.run_sync(Knowledge.load, self._folders)
        store = cast("FluxStore", ctx.store)
        if not self._listens:  # once: nobody can stop listening
            store.pool.listen(MARKS_CHANNEL, self._marks_changed)
            self._listens = True
        intake = Intake(store, self._settings, ctx.log, ctx.health)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._reread, ctx)
            while True:
                await self._stretch(ctx, store, intake)

    def _marks_changed(self, _payload: str | None) -> None:
        if self._session is not None:
            self._session.marks_changed()

    async def _wait_for_resolver(self, ctx: Context) -> None:
        ctx.health.state = "waiting"
        ctx.health.note(state=NEEDS_RESOLVER, why=WHY_WAITING)
        ctx.log.warning("fast-flux tracking waits: no resolver is named in [net] resolvers")
        await trio.sleep_forever()

    async def _stretch(self, ctx: Context, store: FluxStore, intake: Intake) -> None:
        """Track until the lease is lost; another stretch begins with what the store has then."""
        tracker = Monitor(
            ctx.resolver, ctx.asns, self._knowledge, self._settings, clock=ctx.clock, rng=ctx.rng, log=ctx.log
        )
        session = Session(Ground(ctx, store, self._settings, self._knowledge, tracker, intake))
        session.pause(self._paused)
        self._session = session
        try:
            await session.run()
        finally:
            self._session = None

    async def _reread(self, ctx: Context) -> None:
        """Read the knowledge anew whenever somebody asks; what is faulty is told, and the old one stays."""
        while True:
            await self._bell.wait(float("inf"))
            try:
                self._knowledge = await trio.to_thread.run_sync(Knowledge.load, self._folders)
            except ConfigError as error:
                ctx.log.error("the knowledge is faulty, the old one stays", why=str(error))
                continue
            if self._session is not None:
                self._session.know(self._knowledge)
            ctx.log.info("the knowledge is read again")
