"""Runs the modules when their triggers say so; what is due survives a restart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from tipd.errors import TipdError
from tipd.model.finding import MODULE_FAILED, NewFinding
from tipd.nursery.attempt import causes
from tipd.nursery.contract import After, Always, Cause, Forwards, Service
from tipd.nursery.ground import Ground
from tipd.nursery.patience import Patience
from tipd.nursery.policy import Policy
from tipd.nursery.supervisor import Supervisor
from tipd.nursery.unit import Unit

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from tipd.clock import Clock
    from tipd.log import Log
    from tipd.nursery.contract import Context, FindingLog, Module, RoundReport, ScheduleStore, Writer
    from tipd.nursery.health import Tree


class UnknownModule(TipdError):
    """There is no such module here, or it is disabled, or a service, which has no rounds."""


class Scheduler:
    """The modules of this process: jobs run in rounds, services from start to stop.

    `ctx_for(name)` makes a module's context. Those named in `disabled` are shown as such and not run. With a `writer`,
    a module that begins to count as failed is told as a finding. `poll` (seconds) is how soon at the latest it is
    noticed what other processes did, and that the wall clock was set.

    Raises ValueError where two modules have one name, a service has other triggers, or modules follow each other's
    rounds in a circle.
    """

    def __init__(
        self,
        modules: Sequence[Module],
        ctx_for: Callable[[str], Context],
        *,
        schedule: ScheduleStore,
        findings: FindingLog,
        clock: Clock,
        rng: random.Random,
        health: Tree,
        log: Log,
        policy: Policy | None = None,
        disabled: Collection[str] = (),
        writer: Writer | None = None,
        poll: float = 30.0,
    ) -> None:
        _check(modules)
        self._ctx_for = ctx_for
        self._clock = clock
        self._log = log
        self._writer = writer
        self._poll = poll
        self._patience = Patience(health.node("scheduler"), log, rng)
        self._node = health.node("scheduler")
        for name in [module.name for module in modules if module.name in disabled]:
            health.node(name).state = "disabled"
        enabled = [module for module in modules if module.name not in disabled]
        policy = policy or Policy()
        self._supervisor = Supervisor(health, log, rng, policy=policy, on_failed=self._failed)
        ground = Ground(
            ctx_for=ctx_for,
            schedule=schedule,
            findings=findings,
            clock=clock,
            rng=rng,
            health=health,
            log=log,
            policy=policy,
            on_round=self._round_ended,
            on_failed=self._failed,
            poll=poll,
            jobs=frozenset(module.name for module in enabled if not _is_service(module)),
        )
        self._units = {module.name: Unit(module, ground) for module in enabled if not _is_service(module)}
        self._services = {module.name: module for module in enabled if _is_service(module)}
        self._stops: dict[str, trio.CancelScope] = {}
        self._scope = trio.CancelScope()
        self._nursery: trio.Nursery | None = None
        self._stopping = False
        self._ended = trio.Event()

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Run everything until stopped; it has started when every service has, or has failed at its first try.

        Raises (in a group) Escalated, where a module's restart word says so, and nothing else of a module's.
        """
        try:
            with self._scope:
                async with trio.open_nursery() as nursery:
                    self._nursery = nursery
                    for unit in self._units.values():
                        nursery.start_soon(unit.run, name=f"module {unit.module.name}")
                    async with trio.open_nursery() as starting:
                        for module in self._services.values():
                            starting.start_soon(nursery.start, self._serve, module)
                    self._node.state = "running"
                    task_status.started()
        finally:
            self._nursery = None
            self._node.end()
            self._ended.set()

    def names(self) -> list[str]:
        """Return the names of the modules that run here."""
        return [*self._units, *self._services]

    def first(self) -> list[str]:
        """Return the names of those that begin at a start: all but what follows a job that runs here (`After`)."""
        follows = {
            name: {trigger.module for trigger in unit.module.triggers if isinstance(trigger, After)}
            for name, unit in self._units.items()
        }
        return [name for name in self.names() if self._units.keys().isdisjoint(follows.get(name, ()))]

    def run_now(self, module: str, names: Iterable[str] = ()) -> None:
        """Ask for a round of a module now, of these submodules or of all that are due.

        It runs after the one that may be running; also while the module waits after a failure, not while it is paused.
        A service that waits for its next try is started at once, one that runs is told to look. Raises UnknownModule.
        """
        service = self._services.get(module)
        if service is None:
            unit, wanted = self._unit(module), tuple(names)
            own = unit.module.asked(wanted) if isinstance(unit.module, Forwards) else wanted
            if own or not wanted:
                unit.ask(own)
        elif not self._supervisor.retry(module) and isinstance(service, Service):
            service.look()

    def pause(self, module: str, reason: str) -> None:
        """Begin no round of this module until `resume`. Raises UnknownModule, also for a service that cannot pause."""
        service = self._services.get(module)
        if isinstance(service, Service):
            service.pause(reason)
        else:
            self._unit(module).pause(reason)

    def resume(self, module: str) -> None:
        """Begin rounds of this module again. Raises UnknownModule, also for a service that cannot pause."""
        service = self._services.get(module)
        if isinstance(service, Service):
            service.resume()
        else:
            self._unit(module).resume()

    def wake(self, finding_kinds: Iterable[str] = ()) -> None:
        """Say that findings of these kinds were committed (none given: of any); it never waits.

        A hint: the log is the truth, and is looked at every `poll` seconds all the same.
        """
        kinds = frozenset(finding_kinds)
        for unit in self._units.values():
            if unit.kinds and (not kinds or not kinds.isdisjoint(unit.kinds)):
                unit.ring()

    def alive(self) -> bool:
        """Tell whether every idle module looked up lately: a liveness check for the watchdog.

        A round may take as long as it takes, and a store that is away as long as it is; before the start and after the
        end nothing is idle.
        """
        now = trio.current_time()
        return all(unit.asleep(now) <= 3 * self._poll for unit in self._units.values())

    def stop(self) -> None:
        """Begin no round any more; `run` returns when all rounds have ended and there is no service."""
        self._stopping = True
        for unit in self._units.values():
            unit.stop()

    async def drain(self, deadline: float) -> bool:
        """Stop, cancel the services, and give rounds `deadline` seconds before they are cancelled too.

        Returns whether all ended within it; a cancelled round is due again at the next start.
        """
        self.stop()
        for scope in list(self._stops.values()):
            scope.cancel()
        if self._nursery is None:
            self._scope.cancel()  # not running: it will not begin either
            return True
        with trio.move_on_after(deadline):
            await self._ended.wait()
            return True
        self._scope.cancel()
        return False

    async def _serve(self, module: Module, *, task_status: trio.TaskStatus[None]) -> None:
        """Run a service under the supervisor, in a scope of its own so that it can be stopped alone."""
        cause = Cause(module.triggers[0], self._clock.now())

        async def once(*, task_status: trio.TaskStatus[None]) -> RoundReport | None:
            return await module.run(self._ctx_for(module.name), cause, task_status=task_status)

        with trio.CancelScope() as scope:
            self._stops[module.name] = scope
            if self._stopping:
                scope.cancel()
            await self._supervisor.supervise(module.name, once, restart=module.restart, task_status=task_status)

    def _unit(self, module: str) -> Unit:
        unit = self._units.get(module)
        if unit is None:
            raise UnknownModule(f"there is no module {module!r} with rounds here; there are {', '.join(self._units)}")
        return unit

    def _round_ended(self, module: str) -> None:
        self._node.beat()
        for unit in self._units.values():
            if module in unit.follows:
                unit.ring()

    def _failed(self, module: str, error: Exception) -> None:
        if self._writer is not None and self._nursery is not None:
            self._nursery.start_soon(self._tell, self._writer, module, error)

    async def _tell(self, writer: Writer, module: str, error: Exception) -> None:
        """Tell that a module counts as failed: the types of its errors, since their texts may hold what is secret."""
        kinds = sorted({type(cause).__name__ for cause in causes(error)})
        finding = NewFinding(kind=MODULE_FAILED, module=module, data={"errors": kinds})
        await self._patience.outlast(lambda: writer.tell([finding]))


def _is_service(module: Module) -> bool:
    return any(isinstance(trigger, Always) for trigger in module.triggers)


def _check(modules: Sequence[Module]) -> None:
    """Raise ValueError where the modules' triggers contradict each other."""
    follows: dict[str, list[str]] = {}
    for module in modules:
        if module.name in follows:
            raise ValueError(f"two modules are named {module.name!r}")
        if _is_service(module) and len(module.triggers) > 1:
            raise ValueError(f"{module.name!r} runs always, so it can have no other trigger")
        follows[module.name] = [trigger.module for trigger in module.triggers if isinstance(trigger, After)]
    for name in follows:
        _check_circle(name, follows)


def _check_circle(start: str, follows: Mapping[str, Sequence[str]]) -> None:
    seen: set[str] = set()
    ahead = list(follows[start])
    while ahead:
        name = ahead.pop()
        if name == start:
            raise ValueError(f"{start!r} runs after itself, by way of the modules it follows")
        if name not in seen:
            seen.add(name)
            ahead.extend(follows.get(name, ()))
