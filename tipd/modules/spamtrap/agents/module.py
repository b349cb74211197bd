"""The `agents` module, a service: a task for each agent, one that removes old files, one that serves on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import trio

from tipd.config import duration
from tipd.errors import StoreAway
from tipd.model.finding import Finding
from tipd.model.indicator import Indicator
from tipd.modules.spamtrap.agents.following import Following
from tipd.modules.spamtrap.agents.marks import Marks
from tipd.modules.spamtrap.agents.needs import Ground
from tipd.modules.spamtrap.agents.proofs import AGENTS, ASIDE, Proofs
from tipd.modules.spamtrap.agents.sharing import Sharing
from tipd.modules.spamtrap.settings import inbox_of
from tipd.nursery.contract import Always, Restart

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from tipd.modules.spamtrap.settings import AgentSource, SharingSettings, SpamtrapSettings
    from tipd.nursery.contract import Cause, Context, RoundReport, Trigger

STORE_PAUSE = 2.0
EXPIRE_EVERY = 3600.0


class AgentsModule:
    """Built once per daemon."""

    name = "agents"
    triggers: tuple[Trigger, ...] = (Always(),)
    takes: tuple[type, ...] = ()
    gives: tuple[type, ...] = (Indicator, Finding)
    restart = Restart.ALWAYS

    def __init__(self, settings: SpamtrapSettings, sharing: SharingSettings, state_dir: Path) -> None:
        """Ask nobody yet."""
        self._settings = settings
        self._sharing_settings = sharing
        self._state_dir = state_dir
        self._root = state_dir / AGENTS
        self._followings: dict[str, Following] = {}
        self._going = trio.Event()
        self._going.set()
        self._facts: dict[str, Any] = {}
        self._sharing: Sharing | None = None

    # --- what others say ----------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Ask every agent at once."""
        for following in self._followings.values():
            following.poke()

    def ask(self, name: str) -> bool:
        """Ask one agent at once; say whether it is one that is followed here."""
        following = self._followings.get(name)
        if following is not None:
            following.poke()
        return following is not None

    def pause(self, reason: str) -> None:
        """Ask nobody until `resume`."""
        if self._going.is_set():
            self._going = trio.Event()

    def resume(self) -> None:
        """Go on."""
        self._going.set()

    # --- the service --------------------------------------------------------------------------------------------------

    async def run(
        self, ctx: Context, cause: Cause, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> RoundReport | None:
        """Follow all agents until cancelled."""
        task_status.started()
        marks = Marks(self._settings, self._root, ctx.store.sources, ctx.clock)
        await _declared(marks)
        ground = self._ground(ctx)
        self._facts = {}
        async with trio.open_nursery() as nursery:
            self._sharing = self._share(ctx, ground)
            if self._sharing is not None:
                nursery.start_soon(self._sharing.run)
            for source in self._settings.agents:
                if source.enabled:
                    following = self._followings[source.name] = self._follow(ctx, ground, source, marks)
                    nursery.start_soon(following.run, name=f"agents/{source.name}")
            nursery.start_soon(self._expire, ctx)
            await trio.sleep_forever()

    def _ground(self, ctx: Context) -> Ground:
        key = f"tipd archives {ctx.store.store_id} {ctx.store.hash_seed}".encode()[:64]
        return Ground(
            store=ctx.store,
            workers=ctx.workers,
            tools=ctx.fetcher.tools,
            clock=ctx.clock,
            rng=ctx.rng,
            log=ctx.log,
            settings=self._settings,
            root=self._root,
            inbox=inbox_of(self._settings, self._state_dir),
            trap_key=key,
        )

    def _share(self, ctx: Context, ground: Ground) -> Sharing | None:
        if not self._sharing_settings.enabled and not any(one.push for one in self._settings.agents):
            return None
        return Sharing(
            self._sharing_settings,
            self._settings.agents,
            state_dir=self._state_dir,
            root=self._root,
            inbox=ground.inbox,
            clock=ctx.clock,
            log=ctx.log,
            pushed=self.ask,
        )

    def _follow(self, ctx: Context, ground: Ground, source: AgentSource, marks: Marks) -> Following:
        async def ready() -> None:
            await self._going.wait()

        async def kept(view: str, upto: int) -> None:
            if self._sharing is not None:
                await self._sharing.kept(source.name, view, upto)

        return Following(
            ground,
            source,
            mark=partial(marks.mark, source.name),
            on_kept=kept,
            show=partial(self._show, ctx),
            ready=ready,
        )

    def _show(self, ctx: Context, name: str, facts: dict[str, Any]) -> None:
        self._facts[name] = facts
        ctx.health.note(agents=dict(self._facts))
        ctx.health.beat()

    # --- old files ----------------------------------------------------------------------------------------------------

    async def _expire(self, ctx: Context) -> None:
        """Remove lines that are older than they are to be kept; the manifests stay."""
        while True:
            for source in self._settings.agents:
                before = ctx.clock.now() - duration(source.keep_versions)
                try:
                    buried = await trio.to_thread.run_sync(_expired, self._root, source.name, before)
                except OSError as error:
                    ctx.log.warning("old versions cannot be removed", agent=source.name, error=str(error))
                    continue
                if buried:
                    ctx.log.info("old versions removed", agent=source.name, versions=buried)
            await trio.sleep(EXPIRE_EVERY)


async def _declared(marks: Marks) -> None:
    """Declare, as soon as the store is there."""
    while True:
        try:
            await marks.declare()
        except StoreAway:
            await trio.sleep(STORE_PAUSE)
        else:
            return


def _expired(root: Path, name: str, before: datetime) -> int:
    folder = root / name
    if not folder.is_dir():
        return 0
    views = [one.name for one in folder.iterdir() if one.is_dir() and ASIDE not in one.name.split(".")]
    return sum(len(Proofs(root, name, view).expire(before)) for view in views)
