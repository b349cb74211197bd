"""The fastflux module: a service that keeps names under watch, and judges them by what their answers change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.model.finding import Finding
from tipd.model.flux import KnownName
from tipd.nursery.contract import Always, Restart

if TYPE_CHECKING:
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

    def look(self) -> None:
        """Read the knowledge again."""

    def pause(self, reason: str) -> None:
        """Probe nothing and take nothing in until `resume`."""

    def resume(self) -> None:
        """Go on."""

    async def run(
        self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> RoundReport | None:
        """Serve; raises StoreAway where there is no database to begin with."""
        task_status.started()
        if ctx.resolver is None or not ctx.resolver.configured:
            self._say_why_waiting(ctx)
        await trio.sleep_forever()

    def _say_why_waiting(self, ctx: Context) -> None:
        ctx.health.state = "waiting"
        ctx.health.note(state=NEEDS_RESOLVER, why=WHY_WAITING)
        ctx.log.warning("fast-flux tracking waits: no resolver is named in [net] resolvers")
