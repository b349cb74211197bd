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
    from tipd.nursery.attempt import Ended
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
        self._log = log
        self._rng = rng
        self._policy = policy or Policy()
        self._on_failed = on_failed
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
        record = Record(policy or self._policy, self._rng)
        node = self.health.node(name)
        status = _Status(node, task_status)
        while True:
            delay = await self._run(name, child, restart, record, node, status)
            status.release()
            if delay is None:
                break
            await self._wait(name, delay, record, node)
        node.next_run = None
        node.state = "failed" if node.state == "failed" else "stopped"

    def retry(self, name: str) -> bool:
        """Start a child that waits for its next try at once; False: it is not waiting."""
        bell = self._resting.get(name)
        if bell is not None:
            bell.ring()
        return bell is not None

    async def _run(
        self, name: str, child: Child, restart: Restart, record: Record, node: Node, status: _Status
    ) -> float | None:
        """Run the child once; return the seconds to wait before the next run, or None: there is none."""
        node.state = "starting"
        node.last_run = self.health.clock.now()
        begun = trio.current_time()

        def crashed(error: Exception) -> None:
            node.error(describe(error))
            self._log.error("child crashed", child=name, restart=restart.value, exc_info=error)

        try:
            ended = await attempt(lambda: child(task_status=status), crashed)
        except BaseException:  # cancelled, interrupted: it has stopped, and that goes on
            node.state = "stopped"
            raise
        if trio.current_time() - begun >= record.policy.healthy_after:
            record.calm()
        return self._judge(name, restart, record, node, ended)

    def _judge(self, name: str, restart: Restart, record: Record, node: Node, ended: Ended[object]) -> float | None:
        """Decide by the restart word what follows; None: nothing."""
        if ended.error is None:
            if restart is not Restart.ALWAYS:
                return None
            self._log.warning("child ended and is started again", child=name)
            return self._failure(name, record, node, RuntimeError("ended, although it is to run always"))
        if restart is Restart.ESCALATE:
            node.state = "failed"
            raise Escalated(name, ended.error) from ended.error
        if restart is Restart.NEVER:
            node.state = "failed"
            self._tell(name, ended.error)
            return None
        if is_away(ended.error):
            node.state = "backoff"
            return record.away()
        return self._failure(name, record, node, ended.error)

    def _failure(self, name: str, record: Record, node: Node, error: Exception) -> float | None:
        before = record.failed
        delay = record.fail(trio.current_time())
        node.state = "failed" if record.failed else "backoff"
        if record.failed and not before:
            self._log.error("child failed too often", child=name, failures=record.failures, next_try_s=delay)
            self._tell(name, error)
        return delay

    def _tell(self, name: str, error: Exception) -> None:
        if self._on_failed is not None:
            self._on_failed(name, error)

    async def _wait(self, name: str, delay: float, record: Record, node: Node) -> None:
        """Wait for the next try, or until somebody asks for it; counts the restart."""
        node.failures = record.failures
        node.next_run = self.health.clock.now() + timedelta(seconds=delay)
        bell = self._resting[name] = Bell()
        try:
            await bell.wait(delay)
        finally:
            del self._resting[name]
            node.next_run = None
        node.restarts += 1


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
