import pytest
import trio
import trio.testing
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tipd.errors import TryAgain
from tipd.nursery.stream import Lagged, Reader, Stream


async def test_every_reader_gets_every_value() -> None:
    stream = Stream[int](10)
    with stream.subscribe() as one, stream.subscribe() as two:
        for value in range(3):
            stream.publish(value)
        stream.close()
        assert [value async for value in one] == [0, 1, 2]
        assert [value async for value in two] == [0, 1, 2]


async def test_a_reader_that_lags_is_cut_and_others_are_not() -> None:
    stream = Stream[int](2)
    slow, fast = stream.subscribe(), stream.subscribe()
    for value in range(3):
        stream.publish(value)
        assert await fast.receive() == value
    assert slow.waiting == 0  # what it will read again anyway is not kept
    for _ in range(2):
        with pytest.raises(Lagged):
            await slow.receive()
    assert stream.cut == 1
    assert stream.fill.readers == 1


async def test_publishing_never_waits_and_a_waiting_reader_wakes() -> None:
    stream = Stream[str](1)
    got: list[str] = []

    async def read(reader: Reader[str]) -> None:
        got.append(await reader.receive())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(read, stream.subscribe())
        await trio.testing.wait_all_tasks_blocked()
        with trio.testing.assert_no_checkpoints():
            stream.publish("news")
    assert got == ["news"]


async def test_a_cancelled_receive_takes_nothing() -> None:
    stream = Stream[int](4)
    reader = stream.subscribe()
    stream.publish(1)
    with trio.CancelScope() as scope:
        scope.cancel()
        await reader.receive()
    assert scope.cancelled_caught
    assert await reader.receive() == 1


async def test_the_end() -> None:
    stream = Stream[int](4)
    reader, closed = stream.subscribe(), stream.subscribe()
    closed.close()
    with pytest.raises(trio.ClosedResourceError):
        await closed.receive()
    stream.close()
    with pytest.raises(trio.EndOfChannel):
        await reader.receive()
    with pytest.raises(trio.ClosedResourceError):
        stream.publish(1)
    with pytest.raises(trio.ClosedResourceError):
        stream.subscribe()


def test_readers_are_bounded() -> None:
    stream = Stream[int](1, readers=1)
    first = stream.subscribe()
    with pytest.raises(TryAgain):
        stream.subscribe()
    first.close()
    stream.subscribe()
    with pytest.raises(ValueError, match="size"):
        Stream[int](0)


class Streams(RuleBasedStateMachine):
    """A stream of two places against a list of what each reader should still get, or that it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.stream = Stream[int](2)
        self.readers: list[tuple[Reader[int], list[int] | None]] = []
        self.count = 0

    @rule()
    def subscribe(self) -> None:
        self.readers.append((self.stream.subscribe(), []))

    @rule()
    def publish(self) -> None:
        self.count += 1
        self.stream.publish(self.count)
        for at, (reader, due) in enumerate(self.readers):
            if due is not None:
                self.readers[at] = (reader, [*due, self.count] if len(due) < 2 else None)

    @precondition(lambda self: self.readers)
    @rule(number=st.integers(0, 50))
    def receive(self, number: int) -> None:
        reader, due = self.readers[number % len(self.readers)]
        if due:
            assert trio.run(reader.receive) == due.pop(0)
        elif due is None:
            with pytest.raises(Lagged):
                trio.run(reader.receive)

    @invariant()
    def counts(self) -> None:
        live = [due for _, due in self.readers if due is not None]
        assert self.stream.fill.readers == len(live)
        assert self.stream.fill.used == max(map(len, live), default=0)
        assert self.stream.cut == len(self.readers) - len(live)


TestStreams = Streams.TestCase
TestStreams.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
