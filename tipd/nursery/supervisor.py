"""Keeps children running: a crash of one harms nobody else. The restart words are those of Erlang/OTP's supervisors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import trio

from tipd.errors import EXIT_NEGATIVE, TipdError
from tipd.nursery.attempt import attempt, causes, describe, is_away
from tipd.nursery.bell import Bell
from tipd.nursery.contract import Restart
from tipd.nursery.policy import Policy, Record

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from tipd.log import Log
    from tipd.nursery.health import Node, Tree


class Child(Protocol):
    """What is supervised: it calls `task_status.started()` when it is ready, and returns when it has ended."""

    async def __call__(self, *, task_status: trio.TaskStatus[None]) -> object:
        """Run."""
        ...


class Escalated(TipdError):
    """A part that everything else stands on failed: the process ends, and whoever started it starts it again.

    The exit code is that of the cause, where it has one; the cause itself is `__cause__`.
    """

    def __init__(self, name: str, cause: Exception) -> None:
        """Name the part and what happened to it."""
        super().__init__(f"{name} failed: {describe(cause)}")
        self.name = name
        codes = [inner.exit_code for inner in causes(cause) if isinstance(inner, TipdError)]
        self.exit_code = codes[0] if codes else EXIT_NEGATIVE


class Supervisor:
    """Runs children by their restart word; shows each under its name in the health tree.

    `on_failed(name, error)` is called when a child begins to count as failed; it must not wait.
    """

    def __init__(
        self,
        health: Tree,
        log: Log,
        rng: random.Random,
        *,
        policy: Policy | None = None,
        on_failed: Callable[[str, Exception], None] | None = None,
    ) -> None:
        """Take the numbers for all children from `policy`, where `supervise` is given none."""
        self.health = health
        self.log = log
        self._rng = rng
        self._policy = policy or Policy()
        self.on_failed = on_failed
        self._resting: dict[str, Bell] = {}

    async def supervise(
        self,
        name: str,
        child: Child,
        *,
        restart: Restart = Restart.ON_FAILURE,
        policy: Policy | None = None,
        task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Run `child` until it has ended for good; for `nursery.start` it counts as started after its first try.

        `always` starts it again whenever it ends, `on_failure` when it raised, `never` not at all; `escalate` raises
        `Escalated`. Where the policy has no `rest`, this returns when the child has failed too often.

        Error handling: any other `Exception` ends here; `Cancelled` and its like pass.
        """
        care = _Care(self, name, restart, Record(policy or self._policy, self._rng))
        status = _Status(care.node, task_status)
        try:
            while (delay := await care.run(child, status)) is not None:
                status.release()
                await self._wait(care, delay)
        except BaseException as error:  # cancelled, interrupted, escalated: it has stopped, and that goes on
            care.node.end()
            if not isinstance(error, Escalated):
                status.release()  # stopped alone, it must not look to `nursery.start` as if it had failed to start
            raise
        care.node.end()
        status.release()

    def retry(self, name: str) -> bool:
        """Start a child that waits for its next try at once; False: it is not waiting."""
        bell = self._resting.get(name)
        if bell is not None:
            bell.ring()
        return bell is not None

    async def _wait(self, care: _Care, delay: float) -> None:
        """Wait for the next try, or until somebody asks for it; counts the restart."""
        care.node.next_run = self.health.clock.now() + timedelta(seconds=delay)
        bell = self._resting[care.name] = Bell()
        try:
            await bell.wait(delay)
        finally:
            del self._resting[care.name]
            care.node.next_run = None
        care.node.restarts += 1

    def tell_failed(self, name: str, error: Exception) -> None:
        """Say that a child counts as failed from now on."""
        if self.on_failed is not None:
            self.on_failed(name, error)


class _Care:
    """One supervised child: what it did, and what follows."""

    def __init__(self, supervisor: Supervisor, name: str, restart: Restart, record: Record) -> None:
        self.name = name
        self.node = supervisor.health.node(name)
        self._supervisor = supervisor
        self._restart = restart
        self._record = record

    async def run(self, child: Child, status: _Status) -> float | None:
        """Run the child once; return the seconds to wait before the next run, or None: there is none."""
        self.node.state = "starting"
        self.node.last_run = self._supervisor.health.clock.now()
        begun = trio.current_time()
        ended = await attempt(lambda: child(task_status=status), self._crashed)
        if trio.current_time() - begun >= self._record.policy.healthy_after:
            self._record.calm()
        delay = self._judge(ended.error)
        self.node.failures = self._record.failures
        return delay

    def _crashed(self, error: Exception) -> None:
        self.node.error(describe(error))
        self._supervisor.log.error("child crashed", child=self.name, restart=self._restart.value, exc_info=error)

    def _judge(self, error: Exception | None) -> float | None:
        """Decide by the restart word what follows; None: nothing."""
        if error is None:
            if self._restart is not Restart.ALWAYS:
                return None
            self._supervisor.log.warning("child ended and is started again", child=self.name)
            return self._failure(RuntimeError("ended, although it is to run always"))
        if self._restart is Restart.ESCALATE:
            self.node.state = "failed"
            raise Escalated(self.name, error) from error
        if self._restart is Restart.NEVER:
            self.node.state = "failed"
            self._supervisor.tell_failed(self.name, error)
            return None
        if is_away(error):
            self.node.state = "backoff"
            return self._record.away()
        return self._failure(error)

    def _failure(self, error: Exception) -> float | None:
        before = self._record.failed
        delay = self._record.fail(trio.current_time())
        self.node.state = "failed" if self._record.failed else "backoff"
        if self._record.failed and not before:
            failures = self._record.failures
            self._supervisor.log.error("child failed too often", child=self.name, failures=failures, next_try_s=delay)
            self._supervisor.tell_failed(self.name, error)
        return delay


class _Status:
    """The `task_status` a child is given at every run; only the first `started` reaches the nursery."""

    def __init__(self, node: Node, outer: trio.TaskStatus[None]) -> None:
        self._node = node
        self._outer: trio.TaskStatus[None] | None = outer

    def started(self, value: None = None) -> None:
        """Note that the child is ready."""
        self._node.state = "running"
        self.release()

    def release(self) -> None:
        """Let `nursery.start` go on: the first try is over, well or not."""
        outer, self._outer = self._outer, None
        if outer is not None:
            outer.started()
