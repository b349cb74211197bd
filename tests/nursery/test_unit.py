"""What the scheduler's tests do not show: the order of causes, and what a unit says about itself."""

from typing import Any

import trio
from support.schedule import START, Job, World, hours
from trio.testing import MockClock

from tipd.nursery.contract import After, Cause, Context, Every, On, RoundReport


def kinds(job: Job) -> list[str]:
    return [type(cause.trigger).__name__ for cause in job.causes]


async def test_no_trigger_starves_another(autojump_clock: MockClock) -> None:
    world = World()

    async def body(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep(100)  # longer than its own period: it is always due by time
        world.findings.add("a")
        await world.schedule.save("module:x", due=None, last_run=world.clock.now(), failures=0)
        return RoundReport()

    job = Job("m", (Every(hours(1) / 60), On("a"), After("x")), body)
    await world.run(3600, job)
    seen = kinds(job)
    assert min(seen.count(kind) for kind in ("Every", "On", "After")) >= len(seen) // 4


async def test_a_node_shows_what_happens(autojump_clock: MockClock) -> None:
    world = World()
    states: list[str] = []

    async def body(ctx: Context, cause: Cause) -> RoundReport:
        states.append(world.state("m"))
        ctx.health.note(sources=3)
        if len(job.runs) == 2:
            raise ValueError("no")
        return RoundReport()

    job = Job("m", (Every(hours(1)),), body)
    scheduler = world.scheduler(job)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(1)
        node = world.tree.node("m")
        assert (node.state, node.last_run, node.next_run) == ("waiting", START, START + hours(1))
        await trio.sleep(3610)
        shown: dict[str, Any] = node.snapshot()
        assert shown["last_error"] == "ValueError: no"
        assert (node.restarts, node.failures, node.state) == (1, 0, "waiting")
        assert node.facts == {"sources": 3}
        await scheduler.drain(1)
    assert node.state == "stopped"
    assert node.next_run is None
    assert states == ["running"] * 3


async def test_a_context_that_cannot_be_made_is_a_failure_of_that_module_only(autojump_clock: MockClock) -> None:
    world, bad, good = World(), Job("bad", (Every(hours(1)),)), Job("good", (Every(hours(1)),))
    scheduler = world.scheduler(bad, good)
    unit = scheduler._units["bad"]

    def broken(name: str) -> Context:
        if name == "bad":
            raise KeyError(name)
        return made(name)

    made = unit._ground.ctx_for
    object.__setattr__(unit._ground, "ctx_for", broken)
    with trio.move_on_after(10):
        await scheduler.run()
    assert (bad.runs, len(good.runs)) == ([], 1)
    assert world.tree.node("bad").last_error == "KeyError: 'bad'"
