"""The scheduler as the daemon uses it: triggers, restarts, services, stop."""

from datetime import time, timedelta
from functools import partial
from typing import Any

import pytest
import trio
import trio.testing
from support.schedule import START, Job, World, hours
from trio.testing import MockClock

from tipd.errors import StoreAway
from tipd.nursery.contract import After, Always, At, Cause, Context, Every, On, Restart, RoundReport
from tipd.nursery.due import in_utc
from tipd.nursery.policy import Policy
from tipd.nursery.scheduler import UnknownModule
from tipd.nursery.supervisor import Escalated

MINUTE = 60.0
HOUR = 3600.0
DAY = 24 * HOUR


def at(job: Job) -> list[float]:
    """Return when the job ran, in whole seconds after the start of the test."""
    return [round((run - START).total_seconds()) for run in job.runs]


async def test_every_runs_at_once_and_then_each_period(autojump_clock: MockClock) -> None:
    world, job = World(), Job("m", (Every(hours(1)),))
    await world.run(3.5 * HOUR, job)
    assert at(job) == [0, 3600, 7200, 10800]
    assert [cause.due for cause in job.causes] == [START + hours(n) for n in range(4)]
    assert {cause.trigger for cause in job.causes} == {Every(hours(1))}


async def test_a_restart_runs_nothing_early(autojump_clock: MockClock) -> None:
    world, job = World(), Job("m", (Every(hours(1)),))
    for _ in range(7):  # killed every fourteen minutes
        await world.run(14 * MINUTE, job)
    assert at(job) == [0, 3600]


async def test_missed_times_run_once(autojump_clock: MockClock) -> None:
    world = World()
    hourly, daily = Job("hourly", (Every(hours(1)),)), Job("daily", (At(time(5)),))
    await world.run(10, hourly, daily)
    await trio.sleep(3 * DAY + 30 * MINUTE)
    await world.run(HOUR, hourly, daily)
    start = 3 * 86400 + 1800 + 10
    assert at(hourly) == [0, start, 3 * 86400 + 3600]
    assert at(daily) == [start, 3 * 86400 + 3600]  # once for the missed three, then at five
    assert daily.causes[0].due == START + hours(1)


async def test_a_run_that_overlaps_is_delayed_not_doubled(autojump_clock: MockClock) -> None:
    async def long(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep(90 * MINUTE)
        return RoundReport()

    world, job = World(), Job("m", (Every(hours(1)),), long)
    await world.run(4 * HOUR, job)
    assert at(job) == [0, 5400, 10800]
    assert [cause.due for cause in job.causes] == [START, START + hours(1), START + hours(2)]


async def test_at_follows_summer_time(autojump_clock: MockClock) -> None:
    world = World(in_utc(START.replace(month=3, day=27, hour=0)))
    job = Job("m", (At(time(4), "Europe/Berlin"),))
    await world.run(4 * DAY, job, poll=HOUR)
    assert [(run.day, run.hour, run.minute) for run in job.runs] == [(27, 3, 0), (28, 3, 0), (29, 2, 0), (30, 2, 0)]


async def test_a_report_may_name_the_next_time(autojump_clock: MockClock) -> None:
    wanted = [START + hours(5), START + hours(5.5), START - hours(9), START.replace(tzinfo=None), None]

    async def body(ctx: Context, cause: Cause) -> RoundReport:
        return RoundReport(next_due=wanted.pop(0) if wanted else None)

    world, job = World(), Job("m", (Every(hours(1)),), body)
    await world.run(2 * HOUR, job)
    await world.run(6 * HOUR, job)  # it holds across a restart
    assert at(job)[:5] == [0, 18000, 19800, 19801, 19802]  # a time that has passed waits a second
    assert at(job)[5:] == [19802 + 3600, 19802 + 7200]


async def test_after_runs_once_a_round(autojump_clock: MockClock) -> None:
    world = World()
    first, then = Job("blacklist", (Every(hours(1)),)), Job("listing", (After("blacklist"),))
    await world.run(2.5 * HOUR, first, then)
    assert at(then) == [0, 3600, 7200]
    assert {cause.trigger for cause in then.causes} == {After("blacklist")}


async def test_after_survives_a_kill_between_the_two(autojump_clock: MockClock) -> None:
    async def hang(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep_forever()
        raise AssertionError

    world = World()
    first = Job("blacklist", (Every(hours(1)),))
    await world.run(10, first, Job("listing", (After("blacklist"),), hang))
    then = Job("listing", (After("blacklist"),))
    await world.run(10, first, then)
    await world.run(10, first, then)
    assert len(first.runs) == len(then.runs) == 1


async def test_after_works_across_processes(autojump_clock: MockClock) -> None:
    world = World()
    first, then = Job("blacklist", (Every(hours(1)),)), Job("listing", (After("blacklist"),))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run, 2.5 * HOUR, first)
        nursery.start_soon(world.run, 2.5 * HOUR, then)
    assert len(then.runs) == 3
    assert all(0 <= ran - due <= 30 for ran, due in zip(at(then), at(first), strict=True))


async def test_a_round_that_fails_is_not_followed(autojump_clock: MockClock) -> None:
    async def fail(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("no")

    world, then = World(), Job("listing", (After("blacklist"),))
    await world.run(HOUR, Job("blacklist", (Every(hours(1)),), fail), then)
    assert then.runs == []


async def test_on_runs_for_committed_findings_with_its_stretch(autojump_clock: MockClock) -> None:
    world, job = World(), Job("flux", (On("indicator.listed"),))
    world.findings.add("indicator.listed")
    scheduler = world.scheduler(job)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(1)
        for kinds in (["other"], ["indicator.listed", "other"], []):
            world.findings.add(kinds[0] if kinds else "indicator.listed")
            scheduler.wake(kinds)
            await trio.sleep(1)
        nursery.cancel_scope.cancel()
    assert at(job) == [0, 2, 3]
    assert [(cause.trigger, cause.since, cause.until) for cause in job.causes] == [
        (On("indicator.listed"), 0, 1),
        (On("indicator.listed"), 1, 3),
        (On("indicator.listed"), 3, 4),
    ]
    await world.run(HOUR, job)
    assert len(job.runs) == 3
    assert world.findings.cursors == {"module:flux": 4}


async def test_on_is_found_without_a_wake(autojump_clock: MockClock) -> None:
    world, job = World(), Job("flux", (On("a"),))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run, 100, job)
        await trio.sleep(45)
        world.findings.add("a")  # another process committed it
    assert at(job) == [60]


async def test_what_is_committed_during_a_run_runs_again(autojump_clock: MockClock) -> None:
    world = World()

    async def body(ctx: Context, cause: Cause) -> RoundReport:
        if len(world.findings.rows) < 5:
            world.findings.add("a")
            scheduler.wake(["a"])
        return RoundReport()

    job = Job("flux", (On("a"),), body)
    world.findings.add("a")
    scheduler = world.scheduler(job)
    with trio.move_on_after(100):
        await scheduler.run()
    assert [(cause.since, cause.until) for cause in job.causes] == [(n, n + 1) for n in range(5)]
    assert at(job) == [0] * 5


async def test_a_module_that_moves_its_cursor_goes_on_from_there(autojump_clock: MockClock) -> None:
    world = World()

    async def two_at_once(ctx: Context, cause: Cause) -> RoundReport:
        await world.findings.move_cursor("module:flux", min(cause.since + 2, cause.until))
        return RoundReport()

    for _ in range(5):
        world.findings.add("a")
    job = Job("flux", (On("a"),), two_at_once)
    await world.run(10, job)
    assert [(cause.since, cause.until) for cause in job.causes] == [(0, 5), (2, 5), (4, 5)]


async def test_findings_of_a_failed_run_are_read_again(autojump_clock: MockClock) -> None:
    async def fail_twice(ctx: Context, cause: Cause) -> RoundReport:
        if len(job.runs) < 3:
            raise ValueError("no")
        return RoundReport()

    world = World()
    job = Job("flux", (On("a"),), fail_twice)
    world.findings.add("a")
    await world.run(HOUR, job)
    assert [(cause.since, cause.until) for cause in job.causes] == [(0, 1)] * 3
    assert world.findings.cursors == {"module:flux": 1}


async def test_two_processes_share_what_is_due(autojump_clock: MockClock) -> None:
    """Not the same round twice: who is later finds in the store that it has been run."""
    world = World()

    async def slowly(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep(5)
        return RoundReport()

    one, two = Job("m", (Every(hours(1)), On("a")), slowly), Job("m", (Every(hours(1)), On("a")), slowly)
    world.findings.add("a")
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run, 10 * HOUR, one)
        await trio.sleep(20)
        nursery.start_soon(world.run, 9.5 * HOUR, two)
    runs = sorted(at(one) + at(two))
    assert set(range(0, 36000, 3600)) <= {run for run in runs if run % 3600 == 0}
    assert len([cause for cause in one.causes + two.causes if isinstance(cause.trigger, On)]) == 1


async def test_a_service_runs_from_start_to_stop(autojump_clock: MockClock) -> None:
    async def serve(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep_forever()
        raise AssertionError

    world, service = World(), Job("fastflux", (Always(),), serve)
    scheduler = world.scheduler(service)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        assert world.state("fastflux") == "running"
        await trio.sleep(DAY)
        assert await scheduler.drain(10)
    assert at(service) == [0]
    assert world.state("fastflux") == "stopped"


async def test_a_service_that_crashes_harms_no_sibling(autojump_clock: MockClock) -> None:
    async def crash(ctx: Context, cause: Cause) -> RoundReport:
        raise ExceptionGroup("g", [ValueError(1), KeyError(2)])

    world = World()
    service = Job("fastflux", (Always(),), crash)
    failing, well = Job("failing", (Every(timedelta(seconds=1)),), crash), Job("well", (Every(hours(1)),))
    patient = Policy(limit=10**6, window=1, cap=5)
    await world.run(1.5 * HOUR, service, failing, well, policy=patient)
    assert len(service.runs) > 1000
    assert len(failing.runs) > 1000
    assert at(well) == [0, 3600]
    assert world.tree.node("failing").restarts > 1000


async def test_a_failure_is_tried_again_by_backoff_and_remembered(autojump_clock: MockClock) -> None:
    async def fail(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("no")

    world, job = World(), Job("m", (Every(DAY * timedelta(seconds=1)),), fail)
    policy = Policy(base=600, cap=HOUR, limit=100)
    await world.run(HOUR, job, policy=policy)
    row, retry = world.schedule.rows["module:m"], world.schedule.rows["retry:m"]
    assert row.failures == len(job.runs) > 1
    assert row.due == START  # still due; the retry is kept apart
    runs = len(job.runs)
    assert retry.due is not None
    wait = (retry.due - world.clock.now()).total_seconds()
    await world.run(wait - 1, job, policy=policy)
    assert len(job.runs) == runs  # a restart is no reason to try sooner
    assert world.tree.node("m").failures == runs
    job.body = None
    await world.run(2, job, policy=policy)
    assert len(job.runs) == runs + 1
    assert world.schedule.rows["module:m"].failures == 0
    assert world.schedule.rows["module:m"].due == START + hours(24)


async def test_a_module_that_fails_too_often_is_failed_and_told(autojump_clock: MockClock) -> None:
    async def fail(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("a secret")

    world, job = World(), Job("m", (Every(hours(1)),), fail)
    options: dict[str, Any] = {"policy": Policy(base=1, cap=1, limit=3, rest=900), "writer": world.findings}
    await world.run(100, job, **options)
    assert len(job.runs) == 4
    assert world.tree.failed() == ["m"]
    await world.run(1000, job, **options)  # after a restart it is still failed, and not told again
    assert len(job.runs) == 5
    assert [(row.kind, row.data) for row in world.findings.rows] == [("module.failed", {"errors": ["ValueError"]})]


async def test_never_lets_the_cause_go(autojump_clock: MockClock) -> None:
    async def fail(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("no")

    world = World()
    job = Job("m", (Every(hours(1)), On("a")), fail, restart=Restart.NEVER)
    world.findings.add("a")
    await world.run(1.5 * HOUR, job)
    assert at(job) == [0, 0, 3600]
    assert world.findings.cursors == {"module:m": 1}


async def test_escalate_ends_the_run(autojump_clock: MockClock) -> None:
    async def fail(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("no")

    world = World()
    with pytest.raises(ExceptionGroup) as caught:
        await world.run(HOUR, Job("m", (Every(hours(1)),), fail, restart=Restart.ESCALATE))
    assert caught.group_contains(Escalated)
    assert world.state("m") == "failed"


async def test_a_store_that_is_away_is_waited_out(autojump_clock: MockClock) -> None:
    world, job = World(), Job("m", (Every(hours(1)), On("a"), After("x")))
    service = Job("s", (Always(),), restart=Restart.ALWAYS)
    world.schedule.away = True
    scheduler = world.scheduler(job, service)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)  # a store that is away does not hold the start up
        await trio.sleep(HOUR)
        assert job.runs == []
        assert world.tree.node("m").facts["waits_for"] == "store"
        assert scheduler.alive()
        world.schedule.away = False
        await trio.sleep(20)
        assert len(job.runs) == 1
        world.schedule.away = True
        await trio.sleep(2 * HOUR)
        assert len(job.runs) == 1
        world.schedule.away = False
        await trio.sleep(20)
        assert len(job.runs) == 2
        nursery.cancel_scope.cancel()
    assert world.tree.node("m").facts == {}


async def test_a_module_whose_store_is_away_has_not_failed(autojump_clock: MockClock) -> None:
    async def away(ctx: Context, cause: Cause) -> RoundReport:
        if trio.current_time() < HOUR:
            raise StoreAway("gone")
        return RoundReport()

    world, job = World(), Job("m", (Every(hours(10)),), away)
    await world.run(HOUR + 60, job, policy=Policy(limit=3, window=DAY))
    assert len(job.runs) > 50
    assert world.schedule.rows["module:m"].last_run is not None
    assert world.tree.failed() == []


async def test_run_now(autojump_clock: MockClock) -> None:
    world, job = World(), Job("m", (Every(hours(1)),))
    scheduler = world.scheduler(job)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(10)
        scheduler.run_now("m", ["a", "b"])
        scheduler.run_now("m", ["b", "c"])
        scheduler.run_now("m")
        await trio.sleep(HOUR)
        nursery.cancel_scope.cancel()
    assert at(job) == [0, 10, 10, 3600]  # what was asked for moves no due time
    assert [cause.names for cause in job.causes] == [(), ("a", "b", "c"), (), ()]
    assert [cause.trigger for cause in job.causes[1:3]] == [None, None]
    with pytest.raises(UnknownModule, match=r"'x'.*m"):
        scheduler.run_now("x")


async def test_run_now_passes_on_what_another_module_runs(autojump_clock: MockClock) -> None:
    class Forwarding(Job):
        passed: tuple[str, ...] = ()

        def asked(self, names: Any) -> tuple[str, ...]:
            self.passed += tuple(name for name in names if name == "agent")
            return tuple(name for name in names if name != "agent")

    world, job = World(), Forwarding("m", (Every(hours(1)),))
    scheduler = world.scheduler(job)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(10)
        scheduler.run_now("m", ["agent"])
        scheduler.run_now("m", ["agent", "own"])
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert job.passed == ("agent", "agent")
    assert [cause.names for cause in job.causes] == [(), ("own",)]


async def test_run_now_does_not_wait_for_a_backoff_and_is_not_forgotten(autojump_clock: MockClock) -> None:
    async def fail_three_times(ctx: Context, cause: Cause) -> RoundReport:
        if len(job.runs) <= 3:
            raise ValueError("no")
        return RoundReport()

    world = World()
    job = Job("m", (Every(hours(1)),), fail_three_times)
    scheduler = world.scheduler(job, policy=Policy(base=100, cap=100))
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(0.1)
        scheduler.run_now("m", ["a"])
        await trio.sleep(0.1)
        assert len(job.runs) == 2
        await trio.sleep(1000)
        nursery.cancel_scope.cancel()
    assert ("a",) in [cause.names for cause in job.causes[3:]]
    assert world.tree.node("m").restarts == 3


async def test_run_now_starts_a_failed_service(autojump_clock: MockClock) -> None:
    async def crash(ctx: Context, cause: Cause) -> RoundReport:
        raise ValueError("no")

    world, service = World(), Job("s", (Always(),), crash)
    scheduler = world.scheduler(service, policy=Policy(limit=0, rest=DAY))
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(10)
        scheduler.run_now("s")
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert at(service) == [0, 10]


async def test_pause_and_resume(autojump_clock: MockClock) -> None:
    world, job = World(), Job("m", (Every(hours(1)),))
    scheduler = world.scheduler(job)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(10)
        scheduler.pause("m", "the disk is full")
        await trio.sleep(2 * HOUR)
        assert world.state("m") == "paused"
        assert world.tree.node("m").facts == {"paused": "the disk is full"}
        scheduler.resume("m")
        await trio.sleep(10)
        nursery.cancel_scope.cancel()
    assert at(job) == [0, 7210]
    assert world.tree.node("m").facts == {}


class Living(Job):
    """A service that notes what is asked of it."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.asked: list[str] = []

    def look(self) -> None:
        self.asked.append("look")

    def pause(self, reason: str) -> None:
        self.asked.append(f"pause: {reason}")

    def resume(self) -> None:
        self.asked.append("resume")


async def test_a_service_that_runs_is_told_what_a_job_would_do_between_rounds(autojump_clock: MockClock) -> None:
    async def serve(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep_forever()
        raise AssertionError

    world, service, plain = World(), Living("s", (Always(),), serve), Job("p", (Always(),), serve)
    scheduler = world.scheduler(service, plain)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        scheduler.run_now("s")
        scheduler.pause("s", "the disk is full")
        scheduler.resume("s")
        scheduler.run_now("p")
        for ask in (partial(scheduler.pause, "p", "the disk is full"), partial(scheduler.resume, "p")):
            with pytest.raises(UnknownModule):
                ask()
        nursery.cancel_scope.cancel()
    assert service.asked == ["look", "pause: the disk is full", "resume"]
    assert len(service.runs) == 1


async def test_who_follows_another_lets_it_go_first(autojump_clock: MockClock) -> None:
    async def slow(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep(60)
        return RoundReport()

    world, first = World(), Job("blacklist", (Every(hours(1)),), slow)
    then = Job("spamtrap", (After("blacklist"), Every(hours(2))))
    alone = Job("listing", (After("elsewhere"), Every(hours(2))))
    scheduler = world.scheduler(first, then, alone)
    assert scheduler.first() == ["blacklist", "listing"]
    with trio.move_on_after(50):
        await scheduler.run()
    assert (len(first.runs), len(then.runs), len(alone.runs)) == (1, 0, 1)


async def test_a_disabled_module_is_shown_and_not_run(autojump_clock: MockClock) -> None:
    world, job, other = World(), Job("m", (Every(hours(1)),)), Job("o", (Every(hours(1)),))
    scheduler = world.scheduler(job, other, disabled={"m"})
    with trio.move_on_after(HOUR):
        await scheduler.run()
    assert job.runs == []
    assert world.state("m") == "disabled"
    assert scheduler.names() == ["o"]
    with pytest.raises(UnknownModule):
        scheduler.run_now("m")


@pytest.mark.parametrize(("takes", "ended"), [(5.0, True), (50.0, False)])
async def test_draining_gives_rounds_a_deadline(takes: float, ended: bool, autojump_clock: MockClock) -> None:
    async def body(ctx: Context, cause: Cause) -> RoundReport:
        await trio.sleep(takes)
        return RoundReport()

    world, job, idle = World(), Job("m", (Every(hours(1)),), body), Job("idle", (At(time(3)),))
    scheduler = world.scheduler(job, idle)
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.sleep(1)
        assert scheduler.alive()
        scheduler.run_now("m")
        assert await scheduler.drain(10) is ended
    assert trio.current_time() == (5 if ended else 11)
    assert len(job.runs) == 1  # what was asked for does not begin any more
    assert (world.schedule.rows["module:m"].last_run is not None) is ended
    await world.run(100, job)
    assert len(job.runs) == (1 if ended else 2)  # a round that was cut off is due again


async def test_draining_what_never_ran_is_done(autojump_clock: MockClock) -> None:
    world = World()
    scheduler = world.scheduler(Job("m", (Every(hours(1)),)))
    assert await scheduler.drain(10)
    await scheduler.run()
    assert trio.current_time() == 0


async def test_a_scheduler_that_does_not_look_up_is_dead(
    mock_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def deaf(_seconds: float) -> None:
        await trio.sleep_forever()

    world, job = World(), Job("m", (Every(hours(1)),))
    scheduler = world.scheduler(job, poll=10)
    assert scheduler.alive()  # it has not begun
    async with trio.open_nursery() as nursery:
        await nursery.start(scheduler.run)
        await trio.testing.wait_all_tasks_blocked()
        monkeypatch.setattr(scheduler._units["m"]._bell, "wait", deaf)
        mock_clock.jump(10)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(30)
        assert scheduler.alive()
        mock_clock.jump(1)
        assert not scheduler.alive()
        nursery.cancel_scope.cancel()
    assert scheduler.alive()


async def test_a_clock_that_is_set_forward_is_noticed(autojump_clock: MockClock) -> None:
    class Set:
        ahead = timedelta(0)

        def now(self) -> Any:
            return START + timedelta(seconds=trio.current_time()) + self.ahead

    clock = Set()
    world, job = World(clock=clock), Job("m", (Every(hours(10)),))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(world.run, HOUR, job)
        await trio.sleep(100)
        clock.ahead = hours(11)
    assert len(job.runs) == 2
    clock.ahead = hours(-1000)  # and back: it keeps its gap
    await world.run(11 * HOUR, job)
    assert len(job.runs) == 3


async def test_odd_reports_are_failures_of_the_module(autojump_clock: MockClock) -> None:
    async def odd(ctx: Context, cause: Cause) -> Any:
        return "done"

    world = World()
    await world.run(10, Job("m", (Every(hours(1)),), odd))
    assert world.tree.node("m").last_error == "TypeError: a round of m returned str, not a RoundReport"


@pytest.mark.parametrize(
    "modules",
    [
        [Job("a", ()), Job("a", ())],
        [Job("a", (Always(), Every(hours(1))))],
        [Job("a", (After("a"),))],
        [Job("a", (After("b"),)), Job("b", (After("c"),)), Job("c", (After("a"),))],
    ],
)
async def test_triggers_that_contradict_are_refused(modules: list[Job], autojump_clock: MockClock) -> None:
    with pytest.raises(ValueError, match=r"named|always|after itself"):
        World().scheduler(*modules)
