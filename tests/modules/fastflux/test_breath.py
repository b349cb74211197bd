"""Many names, and a loop that goes on beside them."""

import trio

from tipd.modules.fastflux.breath import AT_ONCE, unhurried


async def test_all_come_in_order_or_so_many():
    assert await unhurried(iter(range(1234))) == list(range(1234))
    assert await unhurried(range(1234), 7) == list(range(7))
    assert await unhurried(range(5), 0) == []
    assert await unhurried([]) == []


async def test_others_have_their_turn_meanwhile():
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(count)
        await unhurried(range(20 * AT_ONCE))
        nursery.cancel_scope.cancel()
    assert turns >= 15, "a turn for each hundred names, but for the first and last: who goes first is chance"
