import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import trio
from support.silence import SILENT
from trio.testing import MockClock

from tipd.clock import MovedClock
from tipd.errors import ConfigError, StoreAway
from tipd.nursery.contract import Restart
from tipd.nursery.health import Tree
from tipd.nursery.policy import Policy
from tipd.nursery.supervisor import Escalated, Supervisor

PATIENT = Policy(base=1, cap=60, healthy_after=100, limit=10**6, window=1)


class Child:
    """Does, at its n-th run, the n-th of `acts` (the last for ever): raise it, call it, or return."""

    def __init__(self, *acts: Exception | Callable[[], Any] | None, announce: bool = True) -> None:
        self.acts = acts
        self.announce = announce
        self.runs = 0
        self.begun: list[float] = []

    async def __call__(self, *, task_status: trio.TaskStatus[None]) -> None:
        act = self.acts[min(self.runs, len(self.acts) - 1)]
        self.runs += 1
        self.begun.append(trio.current_time())
        if self.announce:
            task_status.started()
        if isinstance(act, Exception):
            raise act
        if act is not None:
            await act()


def make(policy: Policy | None = None, **options: Any) -> tuple[Supervisor, Tree]:
    tree = Tree(MovedClock(datetime(2026, 11, 22, tzinfo=UTC)))
    return Supervisor(tree, SILENT, random.Random(5), policy=policy, **options), tree


async def test_a_child_that_ends_well_is_done(autojump_clock: MockClock) -> None:
    supervisor, tree = make()
    child = Child(None)
    await supervisor.supervise("x", child)
    assert child.runs == 1
    assert tree.node("x").state == "stopped"


async def test_a_child_that_raises_is_started_again(autojump_clock: MockClock) -> None:
    supervisor, tree = make(PATIENT)
    child = Child(ValueError("one"), ExceptionGroup("g", [KeyError(2)]), None)
    await supervisor.supervise("x", child)
    node = tree.node("x")
    assert child.runs == 3
    assert (node.state, node.restarts, node.last_error) == ("stopped", 2, "KeyError: 2")


async def test_a_module_that_crashes_a_thousand_times_harms_no_sibling(autojump_clock: MockClock) -> None:
    supervisor, tree = make(PATIENT)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await trio.sleep(1)
            ticks += 1

    crashing = Child(*[ValueError(str(n)) if n % 2 else ExceptionGroup("g", [OSError(n)]) for n in range(1000)], None)
    sibling = Child(tick)
    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: supervisor.supervise("sibling", sibling, task_status=task_status))
        await supervisor.supervise("crashing", crashing)
        assert crashing.runs == 1001
        assert sibling.runs == 1
        assert tree.node("sibling").state == "running"
        assert ticks >= int(trio.current_time()) - 1 > 1000
        nursery.cancel_scope.cancel()
    assert tree.node("crashing").restarts == 1000


async def test_delays_grow_and_are_capped(autojump_clock: MockClock) -> None:
    supervisor, _ = make(PATIENT)
    child = Child(*[ValueError()] * 400, None)
    await supervisor.supervise("x", child)
    gaps = [after - before for before, after in zip(child.begun, child.begun[1:], strict=False)]
    assert all(gap <= min(60, 2**n) + 1e-6 for n, gap in enumerate(gaps))
    assert max(gaps) > 50


async def test_a_healthy_run_makes_the_next_delay_short(autojump_clock: MockClock) -> None:
    supervisor, _ = make(PATIENT)

    async def long() -> None:
        await trio.sleep(100)
        raise ValueError("late")

    child = Child(*[ValueError()] * 30, long, None)
    await supervisor.supervise("x", child)
    assert child.begun[-1] - child.begun[-2] <= 101


async def test_always_means_also_after_a_good_end(autojump_clock: MockClock) -> None:
    supervisor, _ = make(PATIENT)
    child = Child(None, None, trio.sleep_forever)
    with trio.move_on_after(1000):
        await supervisor.supervise("x", child, restart=Restart.ALWAYS)
    assert child.runs == 3


async def test_never_means_never(autojump_clock: MockClock) -> None:
    told: list[str] = []
    supervisor, tree = make(PATIENT, on_failed=lambda name, _: told.append(name))
    child = Child(ValueError("x"))
    await supervisor.supervise("x", child, restart=Restart.NEVER)
    assert (child.runs, tree.node("x").state, told) == (1, "failed", ["x"])


async def test_escalate_ends_everything_with_the_causes_exit_code(autojump_clock: MockClock) -> None:
    supervisor, tree = make()
    with pytest.raises(Escalated, match="store failed: ConfigError: bad") as caught:
        await supervisor.supervise("store", Child(ConfigError("bad")), restart=Restart.ESCALATE)
    assert caught.value.exit_code == 78
    assert isinstance(caught.value.__cause__, ConfigError)
    assert tree.node("store").state == "failed"
    with pytest.raises(Escalated) as plain:
        await supervisor.supervise("api", Child(ValueError()), restart=Restart.ESCALATE)
    assert plain.value.exit_code == 1


async def test_an_escalation_at_the_start_reaches_who_started_it(autojump_clock: MockClock) -> None:
    supervisor, _ = make()
    child = Child(ValueError("no"), announce=False)

    async def serve(task_status: trio.TaskStatus[None]) -> None:
        await supervisor.supervise("api", child, restart=Restart.ESCALATE, task_status=task_status)

    with pytest.raises(ExceptionGroup) as caught:
        async with trio.open_nursery() as nursery:
            await nursery.start(serve)
    assert caught.group_contains(Escalated)


async def test_too_many_failures_in_a_window_are_shown_and_told_once(autojump_clock: MockClock) -> None:
    told: list[tuple[str, str]] = []
    supervisor, tree = make(
        Policy(base=1, cap=1, limit=5, window=600, rest=900),
        on_failed=lambda name, error: told.append((name, str(error))),
    )
    child = Child(ValueError("again"))
    with trio.move_on_after(20):
        await supervisor.supervise("x", child)
    assert (child.runs, tree.node("x").state, tree.failed()) == (6, "failed", ["x"])
    with trio.move_on_after(2000):
        await supervisor.supervise("x", child)
    assert told == [("x", "again")] * 2  # once each time it was supervised
    assert child.runs == 6 + 6 + 2  # then one try every 900 s


async def test_a_failed_child_that_recovers_is_shown_running(autojump_clock: MockClock) -> None:
    supervisor, tree = make(Policy(limit=0, rest=900))
    child = Child(ValueError(), trio.sleep_forever)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.supervise, "x", child)
        await trio.sleep(1)
        assert tree.node("x").state == "failed"
        assert tree.node("x").next_run is not None
        await trio.sleep(900)
        assert tree.node("x").state == "running"
        nursery.cancel_scope.cancel()
    assert tree.node("x").state == "stopped"


async def test_without_a_rest_it_gives_up_and_the_daemon_lives(autojump_clock: MockClock) -> None:
    supervisor, tree = make(Policy(base=1, cap=1, limit=2, rest=None))
    child = Child(ValueError())
    await supervisor.supervise("x", child)
    assert (child.runs, tree.node("x").state) == (3, "failed")


async def test_somebody_may_ask_for_the_next_try(autojump_clock: MockClock) -> None:
    supervisor, _ = make(Policy(limit=0, rest=10**6))
    child = Child(ValueError(), None)
    assert not supervisor.retry("x")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(supervisor.supervise, "x", child)
        await trio.sleep(5)
        assert supervisor.retry("x")
    assert child.runs == 2
    assert trio.current_time() < 6


async def test_a_store_that_is_away_is_no_failure(autojump_clock: MockClock) -> None:
    told: list[str] = []
    supervisor, tree = make(Policy(limit=3, window=10**6), on_failed=lambda name, _: told.append(name))
    child = Child(*[StoreAway("gone")] * 100, None)
    await supervisor.supervise("x", child)
    assert (child.runs, told, tree.node("x").failures) == (101, [], 0)
    assert trio.current_time() <= 100 * 30


async def test_cancelling_is_never_swallowed(autojump_clock: MockClock) -> None:
    supervisor, tree = make(PATIENT)

    async def crash_when_cancelled() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise ValueError("while cleaning up")

    async def both() -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(crash_when_cancelled)
            nursery.start_soon(trio.sleep_forever)

    for child in (Child(trio.sleep_forever), Child(crash_when_cancelled), Child(both), Child(ValueError())):
        with trio.move_on_after(0.5) as scope:
            await supervisor.supervise("x", child, restart=Restart.ALWAYS)
        assert scope.cancelled_caught
        assert tree.node("x").state == "stopped"


async def test_starting_waits_for_the_first_try_only(autojump_clock: MockClock) -> None:
    supervisor, tree = make(PATIENT)
    quiet = Child(ValueError("before it was ready"), trio.sleep_forever, announce=False)

    class Slow(Child):
        async def __call__(self, *, task_status: trio.TaskStatus[None]) -> None:
            await trio.sleep(5)
            task_status.started()
            task_status.started()  # a child that says it twice is not punished
            await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        await nursery.start(lambda task_status: supervisor.supervise("q", quiet, task_status=task_status))
        assert trio.current_time() == 0
        await nursery.start(lambda task_status: supervisor.supervise("s", Slow(), task_status=task_status))
        assert trio.current_time() == 5
        assert tree.node("s").state == "running"
        nursery.cancel_scope.cancel()


async def test_a_child_stopped_alone_while_it_starts_has_not_failed_to_start(autojump_clock: MockClock) -> None:
    supervisor, tree = make()
    scope = trio.CancelScope(deadline=trio.current_time() + 3)

    async def serve(task_status: trio.TaskStatus[None]) -> None:
        with scope:
            await supervisor.supervise("x", Child(trio.sleep_forever, announce=False), task_status=task_status)

    async with trio.open_nursery() as nursery:
        await nursery.start(serve)
    assert scope.cancelled_caught
    assert tree.node("x").state == "stopped"
