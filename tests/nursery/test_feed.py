import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from tipd.nursery.feed import Feed


async def test_the_sender_waits_when_it_is_full(autojump_clock: trio.testing.MockClock) -> None:
    feed = Feed[int](2)
    with feed:
        await feed.send(1)
        await feed.send(2)
        with pytest.raises(trio.WouldBlock):
            feed.send_nowait(3)
        with trio.move_on_after(10) as scope:
            await feed.send(3)
        assert scope.cancelled_caught
        assert await feed.receive() == 1
        feed.send_nowait(4)
    assert [value async for value in feed] == [2, 4]  # the cancelled one was not sent


async def test_closing_lets_the_receiver_drain() -> None:
    feed = Feed[str](4)
    feed.send_nowait("a")
    feed.close()
    with pytest.raises(trio.ClosedResourceError):
        await feed.send("b")
    assert await feed.receive() == "a"
    with pytest.raises(trio.EndOfChannel):
        await feed.receive()


@given(st.integers(1, 7), st.lists(st.integers(0, 30), min_size=1, max_size=4), st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_nothing_is_lost_or_doubled(size: int, sends: list[int], receivers: int) -> None:
    async def main() -> tuple[list[tuple[int, int]], int]:
        feed = Feed[tuple[int, int]](size)
        got: list[tuple[int, int]] = []
        fullest = 0

        async def send(sender: int, count: int) -> None:
            nonlocal fullest
            for number in range(count):
                await feed.send((sender, number))
                fullest = max(fullest, feed.fill.used)

        async def receive() -> None:
            async for value in feed:
                got.append(value)
                await trio.lowlevel.checkpoint()

        async with trio.open_nursery() as outer:
            for _ in range(receivers):
                outer.start_soon(receive)
            with feed:
                async with trio.open_nursery() as inner:
                    for sender, count in enumerate(sends):
                        inner.start_soon(send, sender, count)
        assert feed.passed == len(got)
        return got, fullest

    got, fullest = trio.run(main)
    assert fullest <= size
    assert sorted(got) == [(sender, number) for sender, count in enumerate(sends) for number in range(count)]
    if receivers == 1:
        assert all(got.index(pair) > got.index((pair[0], pair[1] - 1)) for pair in got if pair[1])


async def test_the_fill_says_who_waits(autojump_clock: trio.testing.MockClock) -> None:
    feed = Feed[int](1)
    feed.send_nowait(1)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(feed.send, 2)
        await trio.testing.wait_all_tasks_blocked()
        fill = feed.fill
        assert (fill.kind, fill.size, fill.used, fill.senders, fill.readers) == ("feed", 1, 1, 1, 0)
        assert feed.receive_nowait() == 1


@pytest.mark.parametrize("size", [0, -1])
def test_a_feed_has_a_bound(size: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Feed[int](size)
