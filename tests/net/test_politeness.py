"""Manners, on a clock of our own."""

import pytest
import trio
from trio.testing import MockClock

from tipd.net import politeness
from tipd.net.politeness import Politeness
from tipd.net.request import TooSoon


@pytest.fixture
def clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def visit(manners: Politeness, host: str, seconds: float, visits: list[tuple[float, float]]) -> None:
    async with manners.turn(host):
        start = trio.current_time()
        await trio.sleep(seconds)
        visits.append((start, trio.current_time()))


async def test_one_at_a_time_with_a_pause(clock: MockClock) -> None:
    manners, visits = Politeness(spacing=2.0), list[tuple[float, float]]()
    begin = trio.current_time()
    async with trio.open_nursery() as nursery:
        for _ in range(3):
            nursery.start_soon(visit, manners, "lists.example.org:443", 5.0, visits)
    assert [(start - begin, end - begin) for start, end in visits] == [(0, 5), (7, 12), (14, 19)]


async def test_hosts_do_not_wait_for_each_other(clock: MockClock) -> None:
    manners, visits = Politeness(spacing=2.0), list[tuple[float, float]]()
    begin = trio.current_time()
    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(visit, manners, f"{number}.example.org:443", 5.0, visits)
    assert trio.current_time() - begin == 5


async def test_a_near_host_needs_no_pause(clock: MockClock) -> None:
    manners, begin = Politeness(spacing=60.0), trio.current_time()
    for _ in range(3):
        async with manners.turn("127.0.0.1:80") as turn:
            turn.near = True
    assert trio.current_time() == begin


async def test_turn_is_given_on_after_trouble_and_cancellation(clock: MockClock) -> None:
    manners = Politeness(spacing=0.0)
    with pytest.raises(ZeroDivisionError):
        async with manners.turn("a:1"):
            raise ZeroDivisionError
    with trio.move_on_after(1):
        async with manners.turn("a:1"):
            await trio.sleep_forever()
    with trio.fail_after(1):
        async with manners.turn("a:1"):
            pass


async def test_floor_is_told_where_long_and_slept_where_short(clock: MockClock) -> None:
    manners = Politeness(spacing=0.0)
    await manners.floor("url")
    manners.asked("url", 100.0)
    await manners.floor("other")
    with pytest.raises(TooSoon) as caught:
        await manners.floor("url")
    assert caught.value.state == "rate_limited" and caught.value.retry_after == 100
    await trio.sleep(97)
    begin = trio.current_time()
    await manners.floor("url")
    assert trio.current_time() - begin == pytest.approx(3)


async def test_hold_ends_after_an_hour_at_most(clock: MockClock) -> None:
    manners = Politeness(spacing=0.0)
    manners.hold("a:1", 86400)
    with pytest.raises(TooSoon):
        async with manners.turn("a:1"):
            pass
    async with manners.turn("b:1"):
        pass
    await trio.sleep(3600)
    async with manners.turn("a:1"):
        pass


async def test_what_passed_is_forgotten_and_what_counts_is_not(
    clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(politeness, "PRUNE_ABOVE", 10)
    manners = Politeness(spacing=0.0)
    manners.hold("held:1", 3600)
    for number in range(100):
        manners.asked(number, 0.001)
        await trio.sleep(1)
        async with manners.turn(f"{number}:1"):
            pass
    assert len(manners._turns) <= 12 and len(manners._floors) <= 12
    with pytest.raises(TooSoon):
        async with manners.turn("held:1"):
            pass
