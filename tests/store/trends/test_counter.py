"""The task that counts."""

import trio
from support.silence import SILENT
from trio.testing import wait_all_tasks_blocked

from tipd.errors import StoreAway
from tipd.store.trends.counter import LOOK_EVERY, WAIT_AWAY, Counter


class _Trends:
    """Answers what it is told to, one after the other, then nothing left."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = 0

    async def count(self, asns):
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else 0
        if isinstance(answer, Exception):
            raise answer
        return answer


class _Health:
    state = "running"
    behind = None

    def note(self, **facts):
        self.behind = facts["behind"]

    def beat(self):
        pass


async def _running(nursery, trends, settled=None):
    health = _Health()
    counter = Counter(trends, lambda: None, SILENT, health, settled)
    await nursery.start(counter.run)
    await wait_all_tasks_blocked()
    return counter, health


async def test_it_counts_until_nothing_is_left_and_again_after_a_commit(mock_clock):
    trends = _Trends(40, 20, 0)
    async with trio.open_nursery() as nursery:
        counter, health = await _running(nursery, trends)
        assert (trends.calls, health.behind) == (3, 0)
        counter.committed(5, frozenset({"indicator.listed"}))
        await wait_all_tasks_blocked()
        assert trends.calls == 3  # commits are gathered
        mock_clock.jump(6)
        await wait_all_tasks_blocked()
        assert trends.calls == 4
        mock_clock.jump(LOOK_EVERY + 1)
        await wait_all_tasks_blocked()
        assert trends.calls == 5
        nursery.cancel_scope.cancel()


async def test_a_database_that_is_away_is_waited_for(mock_clock):
    trends = _Trends(StoreAway("gone"))
    async with trio.open_nursery() as nursery:
        _, health = await _running(nursery, trends)
        assert (trends.calls, health.behind) == (1, None)
        mock_clock.jump(WAIT_AWAY + 1)
        await wait_all_tasks_blocked()
        assert (trends.calls, health.behind) == (2, 0)
        nursery.cancel_scope.cancel()


async def test_nothing_is_counted_for_good_while_the_as_table_is_being_read(mock_clock):
    trends, settled = _Trends(0), trio.Event()
    async with trio.open_nursery() as nursery:
        await _running(nursery, trends, settled)
        mock_clock.jump(LOOK_EVERY + 1)
        await wait_all_tasks_blocked()
        assert trends.calls == 0
        settled.set()
        await wait_all_tasks_blocked()
        assert trends.calls == 1
        nursery.cancel_scope.cancel()
