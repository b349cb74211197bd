"""A share of a core, and nothing while others need it."""

import pytest
import trio
from trio.testing import MockClock

from tipd.agent.budget import Budget, room


@pytest.fixture
def autojump_clock():
    return MockClock(autojump_threshold=0)


async def test_rest_is_as_long_as_the_share_demands(autojump_clock):
    budget = Budget(0.25, 1.0, cores=1, load=lambda: 0.0)
    begun = trio.current_time()
    await budget.rest(2.0)
    assert trio.current_time() - begun == pytest.approx(6.0)
    await Budget(0.01, 1.0, cores=1, load=lambda: 0.0).rest(10.0)  # mails that take long do not get more of the host
    assert trio.current_time() - begun == pytest.approx(996.0)
    await Budget(4.0, 1.0, cores=1, load=lambda: 0.0).rest(2.0)
    assert trio.current_time() - begun == pytest.approx(996.0)


async def test_it_pauses_while_others_need_the_cores(autojump_clock):
    begun = trio.current_time()
    budget = Budget(1.0, 0.75, cores=2, load=lambda: 1.6 if trio.current_time() - begun < 60 else 1.4)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(budget.rest, 0.0)
        await trio.sleep(30)
        assert budget.paused
    assert not budget.paused
    assert 60 <= trio.current_time() - begun <= 66


async def test_its_own_load_does_not_count(autojump_clock):
    begun = trio.current_time()
    budget = Budget(1.0, 0.5, cores=1, load=lambda: min(1.0, (trio.current_time() - begun) / 60))
    for _ in range(200):
        await trio.sleep(1.0)  # busy all the time
        with trio.move_on_after(0) as scope:
            await budget.rest(1.0)
        assert not budget.paused or scope.cancelled_caught
    assert budget.others() < 0.5


def test_room_is_what_the_disk_has_left(tmp_path):
    assert room(tmp_path) > 0
    with pytest.raises(FileNotFoundError):
        room(tmp_path / "none")
