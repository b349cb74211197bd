"""The scheduler on the real store: collecting in one process, following in another, restarts between."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import trio
from support.schedule import Job
from support.silence import SILENT
from support.stores import open_store

from tipd.clock import SystemClock
from tipd.model.finding import NewFinding
from tipd.nursery.contract import After, Cause, Context, Every, On, RoundReport
from tipd.nursery.health import Tree
from tipd.nursery.scheduler import Scheduler
from tipd.store.store import Store

HOUR = timedelta(hours=1)
NEXT = datetime(2200, 1, 1, 4, 0, 0, 123456, tzinfo=UTC)


def make(store: Store, *modules: Job) -> Scheduler:
    clock = SystemClock()
    tree = Tree(clock)
    rng = random.Random(1)

    def ctx_for(name: str) -> Context:
        return Context(
            log=SILENT, clock=clock, rng=rng, store=store, fetcher=None, workers=None, health=tree.node(name)
        )  # fmt: skip

    return Scheduler(
        modules,
        ctx_for,
        schedule=store.schedule,
        findings=store.findings,
        clock=clock,
        rng=rng,
        health=tree,
        log=SILENT,
        poll=0.05,
    )


async def until_ran(job: Job, times: int) -> None:
    with trio.fail_after(60):
        while len(job.runs) < times:
            await trio.sleep(0.02)


async def collect(ctx: Context, cause: Cause) -> RoundReport:
    await ctx.store.writer.tell([NewFinding(kind="flux.confirmed", module="collect") for _ in range(3)])
    return RoundReport(next_due=NEXT)


async def test_one_process_collects_and_another_follows(dsn: str) -> None:
    collecting = Job("collect", (Every(HOUR),), collect)
    following = Job("follow", (On("flux.confirmed"), After("collect")))
    for _ in range(2):  # the second time nothing is left to do
        async with open_store(dsn) as one, open_store(dsn) as two, trio.open_nursery() as nursery:
            nursery.start_soon(make(one, collecting).run)
            nursery.start_soon(make(two, following).run)
            await until_ran(collecting, 1)
            await until_ran(following, 2)
            await trio.sleep(0.3)  # several looks
            row = await one.schedule.load("module:collect")
            assert row is not None
            assert row.due == NEXT
            assert await two.findings.cursor("module:follow") == await two.findings.last_seq()
            nursery.cancel_scope.cancel()
    assert len(collecting.runs) == 1
    assert {type(cause.trigger) for cause in following.causes} == {On, After}
    read = sum(cause.until - cause.since for cause in following.causes)
    assert read == 3
