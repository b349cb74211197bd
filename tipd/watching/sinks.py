"""All sinks of a process: each supervised by itself, exchanged when the configuration changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec
import trio

from tipd.nursery.contract import Restart
from tipd.watching.group import sample
from tipd.watching.sink import Sink, shown
from tipd.watching.ways import Command, Webhook

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from tipd.net.webhook import Poster
    from tipd.nursery.health import Tree
    from tipd.nursery.supervisor import Supervisor
    from tipd.watching.settings import SinkSettings
    from tipd.watching.sink import Ground, Place
    from tipd.watching.ways import Outcome, Way


class Resumable(Protocol):
    """What the stored rows can do beside what a sink needs."""

    async def all(self) -> Mapping[str, Place]:
        """Return where every sink stands."""
        ...

    async def resume(self, name: str) -> bool:
        """Let a stopped sink go on."""
        ...


class SinkState(msgspec.Struct, frozen=True, kw_only=True):
    """How one sink is: `told` up to which finding, `behind` how many numbers the log is ahead of that."""

    name: str
    target: str
    watch: list[str]
    kinds: list[str]
    max_tlp: str
    state: str
    told: int | None
    behind: int | None
    failures: int
    last_error: str | None
    last_error_at: datetime | None
    stopped: datetime | None
    why: str | None


class _Running(NamedTuple):
    sink: Sink
    scope: trio.CancelScope
    ended: trio.Event


class Sinks:
    """Runs what the configuration names; `exchange` replaces it at any time."""

    def __init__(
        self, settings: Sequence[SinkSettings], ground: Ground, rows: Resumable, poster: Poster, health: Tree
    ) -> None:
        """Nothing runs yet."""
        self._settings = {one.name: one for one in settings}
        self._ground = ground
        self._rows = rows
        self._poster = poster
        self._health = health
        self._running: dict[str, _Running] = {}
        self._changed = trio.Event()

    def committed(self, _last_seq: int = 0, _kinds: object = ()) -> None:
        """Let every sink look at the log; never waits."""
        for running in self._running.values():
            running.sink.bell.ring()

    def exchange(self, settings: Sequence[SinkSettings]) -> None:
        """Run these from now on; those that stay as they were are left alone."""
        self._settings = {one.name: one for one in settings}
        self._changed.set()

    async def run(
        self, supervisor: Supervisor, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Run until cancelled."""
        task_status.started()
        try:
            async with trio.open_nursery() as nursery:
                while True:
                    self._changed = trio.Event()
                    self._settle(nursery, supervisor)
                    await self._changed.wait()
        finally:
            self._running.clear()

    def _settle(self, nursery: trio.Nursery, supervisor: Supervisor) -> None:
        before = dict(self._running)
        for name, running in list(self._running.items()):
            if self._settings.get(name) != running.sink.settings:
                running.scope.cancel()
                del self._running[name]
                if name not in self._settings:
                    self._health.drop(f"sinks/{name}")
        for name, settings in self._settings.items():
            if name not in self._running:
                sink = Sink(settings, self._way(settings), self._ground, self._health.node(f"sinks/{name}"))
                self._running[name] = running = _Running(sink, trio.CancelScope(), trio.Event())
                nursery.start_soon(self._run_one, supervisor, running, before.get(name))

    async def _run_one(self, supervisor: Supervisor, running: _Running, before: _Running | None) -> None:
        """Run one sink, once that which had its name has given the lease back."""
        with running.scope:
            if before is not None:
                await before.ended.wait()
            await supervisor.supervise(f"sinks/{running.sink.name}", running.sink.run, restart=Restart.ALWAYS)
        running.ended.set()

    def _way(self, settings: SinkSettings) -> Way:
        if settings.url is not None:
            return Webhook(settings, self._poster, self._ground.clock)
        return Command(settings)

    # --- for those who look -----------------------------------------------------------------------------------------

    async def states(self) -> list[SinkState]:
        """Return how every configured sink is. Raises StoreAway."""
        places = await self._rows.all()
        _, last = await self._ground.log.bounds()
        return [self._state(settings, places.get(name), last) for name, settings in self._settings.items()]

    def _state(self, settings: SinkSettings, place: Place | None, last: int) -> SinkState:
        node = self._health.node(f"sinks/{settings.name}")
        stopped = None if place is None else place.stopped
        return SinkState(
            name=settings.name,
            target=shown(settings),
            watch=settings.watch,
            kinds=settings.kinds,
            max_tlp=settings.max_tlp,
            state="stopped" if stopped else node.state,
            told=None if place is None else place.seq,
            behind=None if place is None else max(0, last - place.seq),
            failures=node.failures,
            last_error=node.last_error,
            last_error_at=node.last_error_at,
            stopped=stopped,
            why=None if place is None else place.why,
        )

    async def test(self, name: str) -> Outcome | None:
        """Send a sink's receiver a message that says it is a test; None where there is no such sink. Tried once."""
        settings = self._settings.get(name)
        if settings is None:
            return None
        ground = self._ground
        _, last = await ground.log.bounds()
        return await self._way(settings).deliver(sample(name, ground.store_id(), ground.clock.now(), last))

    async def resume(self, name: str) -> bool | None:
        """Let a stopped sink go on from where it stopped; False: it was not; None: there is no such sink."""
        if name not in self._settings:
            return None
        resumed = await self._rows.resume(name)
        if name in self._running:
            self._running[name].sink.again.ring()
        return resumed
