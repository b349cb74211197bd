"""Bodies that are used as they come: cut into lines, and held back while nobody uses them."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import trio
import trio.testing
from hypothesis import given
from hypothesis import strategies as st
from quart.wrappers.base import ClientDisconnectedError

from tipd.api.flow import KEY, MOST_WAITING, NEXT_WITHIN, Flow, Lines, pieces
from tipd.api.problem import Problem


@given(st.lists(st.binary(max_size=20), max_size=20))
def test_lines_are_the_same_however_they_come(parts: list[bytes]) -> None:
    whole = b"".join(parts)
    lines = Lines(1000, first=5)
    found = [line for part in parts for line in lines.feed(part)] + list(lines.end())
    expected = whole.split(b"\n")
    if expected[-1] == b"":
        expected.pop()
    assert found == list(enumerate(expected, start=5))


def test_a_line_without_end_stays_bounded() -> None:
    lines = Lines(10)
    for _ in range(1000):
        assert list(lines.feed(b"x" * 100)) == []
    assert list(lines.feed(b"y\nshort\n")) == [(1, b"x" * 11), (2, b"short")]


async def test_a_sender_waits_for_whoever_uses_it(autojump_clock: trio.testing.MockClock) -> None:
    flow, order = Flow(), []

    async def send() -> None:
        for number in range(3):
            await flow.room()
            order.append(number)
            flow.came(MOST_WAITING)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(send)
        await trio.testing.wait_all_tasks_blocked()
        assert order == [0]
        flow.used(MOST_WAITING)
        await trio.testing.wait_all_tasks_blocked()
        assert order == [0, 1]
        flow.used(MOST_WAITING)


class Body:
    """Pieces, and then silence where `ends` is false."""

    def __init__(self, *given: bytes, ends: bool = True) -> None:
        self.given, self.ends = list(given), ends

    def __aiter__(self) -> Body:
        return self

    async def __anext__(self) -> bytes:
        await trio.lowlevel.checkpoint()
        if self.given:
            return self.given.pop(0)
        if not self.ends:
            await trio.sleep_forever()
        raise StopAsyncIteration


async def test_what_was_used_makes_room() -> None:
    flow = Flow()
    flow.came(5)
    request = SimpleNamespace(scope={KEY: flow}, body=Body(b"abc", b"de"))
    assert [piece async for piece in pieces(request)] == [b"abc", b"de"]
    flow.came(MOST_WAITING - 1)
    with trio.fail_after(1):
        await flow.room()


async def test_a_sender_that_goes_away_is_no_error_of_ours() -> None:
    class Gone(Body):
        async def __anext__(self) -> bytes:
            await trio.lowlevel.checkpoint()
            raise ClientDisconnectedError

    with pytest.raises(Problem) as caught:
        await anext(pieces(SimpleNamespace(scope={}, body=Gone())))
    assert caught.value.status == 400


async def test_silence_is_not_waited_for(autojump_clock: trio.testing.MockClock) -> None:
    began = trio.current_time()
    with pytest.raises(Problem) as caught:
        async for _ in pieces(SimpleNamespace(scope={}, body=Body(b"abc", ends=False))):
            pass
    assert caught.value.status == 408
    assert trio.current_time() - began == NEXT_WITHIN
