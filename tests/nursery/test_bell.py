import math

import trio

from tipd.nursery.bell import Bell


async def test_a_ring_before_the_wait_is_heard_once(autojump_clock: trio.testing.MockClock) -> None:
    bell = Bell()
    bell.ring()
    bell.ring()
    assert await bell.wait(math.inf)
    assert not await bell.wait(5)
    assert trio.current_time() == 5


async def test_a_ring_wakes_the_listener(autojump_clock: trio.testing.MockClock) -> None:
    bell = Bell()
    async with trio.open_nursery() as nursery:

        async def later() -> None:
            await trio.sleep(3)
            bell.ring()

        nursery.start_soon(later)
        assert await bell.wait(100)
    assert trio.current_time() == 3


async def test_no_time_at_all_still_lets_others_run(autojump_clock: trio.testing.MockClock) -> None:
    bell = Bell()
    assert not await bell.wait(-1)
    assert trio.current_time() == 0
