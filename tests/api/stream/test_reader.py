"""Readers never wait, never mix frames, and say goodbye."""

from __future__ import annotations

import socket

import pytest
import trio
from support.api_hub import EVERYTHING

from tipd.api.auth import Caller
from tipd.api.stream import frames
from tipd.api.stream.frames import Close
from tipd.api.stream.message import message
from tipd.api.stream.reader import DirectReader, QueuedReader

CALLER = Caller("test", "token", frozenset({"stream"}))


@pytest.fixture
async def pair():
    near, far = trio.socket.socketpair()
    near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    yield near, far
    near.close()
    far.close()


async def test_frames_arrive_whole_and_in_order_through_a_small_buffer(pair) -> None:
    near, far = pair
    reader = DirectReader(near, EVERYTHING, CALLER, 10**9)
    texts = [b"%d" % number * (number % 700 + 1) for number in range(500)]
    expected = b"".join(frames.text(text) for text in texts)
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.drain)
        waited = False
        for text in texts:
            waited = waited or reader.waiting_since is not None
            assert reader.deliver(message(text))
            if len(text) > 1000 and len(text) % 3 == 0:
                received += await far.recv(5000)
        assert waited
        while len(received) < len(expected):
            received += await far.recv(5000)
        await reader.settle()
        nursery.cancel_scope.cancel()
    assert bytes(received) == expected
    assert reader.waiting_since is None


async def test_a_cut_reader_gets_the_frame_it_began_and_the_reason(pair) -> None:
    near, far = pair
    reader = DirectReader(near, EVERYTHING, CALLER, 50_000)
    frame = frames.text(b"x" * 5000)
    count = 0
    while reader.deliver(message(b"x" * 5000)):
        count += 1
    reader.cut(Close.TRY_AGAIN_LATER, "lags")
    assert reader.went.is_set()
    with trio.fail_after(5):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(reader.drain)
            received = bytearray()
            goodbye = frames.close(1013, "lags")
            while not received.endswith(goodbye):
                received += await far.recv(65536)
    whole = bytes(received[: -len(goodbye)])
    assert len(whole) % len(frame) == 0
    assert 0 < len(whole) // len(frame) < count
    assert reader.deliver(message(b"late"))  # goes nowhere


async def test_a_peer_that_is_gone_is_noticed(pair) -> None:
    near, far = pair
    far.close()
    reader = DirectReader(near, EVERYTHING, CALLER, 1000)
    assert reader.deliver(message(b"x"))
    assert reader.dead
    assert reader.went.is_set()
    with trio.fail_after(1):
        await reader.drain()
        await reader.settle()


class Way:
    """Collects; waits at the gate."""

    def __init__(self) -> None:
        self.sent: list[object] = []
        self.gate = trio.Semaphore(0)

    async def greet(self, greeting: bytes) -> None:
        self.sent.append(greeting)

    async def send(self, one, progress) -> None:
        await self.gate.acquire()
        self.sent.append(one.text)
        progress()

    async def ping(self) -> bool:
        self.sent.append("ping")
        return True

    async def pong(self, payload: bytes) -> None:
        self.sent.append(payload)

    async def close(self, code: Close, reason: str) -> None:
        self.sent.append((int(code), reason))


async def test_a_queued_reader_keeps_order_and_bounds() -> None:
    way = Way()
    reader = QueuedReader(way, EVERYTHING, CALLER, 1000)
    await reader.begin(b"101")
    async with trio.open_nursery() as nursery:

        @nursery.start_soon
        async def drain() -> None:
            await reader.drain()
            await reader.farewell()

        for number in range(3):
            assert reader.deliver(message(b"%d" % number))
            way.gate.release()
        await reader.settle()
        reader.ping()
        reader.pong(b"pong")
        await trio.testing.wait_all_tasks_blocked()
        assert reader.quiet
        assert reader.deliver(message(b"x" * 2000))  # one alone may be longer than the bound
        await trio.testing.wait_all_tasks_blocked()
        assert not reader.deliver(message(b"more"))
        reader.cut(Close.RESTART, "bye")
        way.gate.release()
    assert way.sent == [b"101", b"0", b"1", b"2", "ping", b"pong", b"x" * 2000, (1012, "bye")]


async def test_a_flood_of_pings_leaves_one_answer_waiting(pair) -> None:
    near, far = pair
    reader = DirectReader(near, EVERYTHING, CALLER, 10**9)
    while not reader.pending:
        reader.deliver(message(b"x" * 5000))
    for number in range(10_000):
        reader.pong(b"%d" % number)
    assert len(reader.pending) == 2
    reader.deliver(message(b"after"))
    reader.pong(b"last")
    assert len(reader.pending) == 4
    expected = frames.pong(b"9999") + frames.text(b"after") + frames.pong(b"last")
    received = bytearray()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(reader.drain)
        with trio.fail_after(5):
            while not received.endswith(expected):
                received += await far.recv(65536)
        await reader.settle()
        nursery.cancel_scope.cancel()
    assert not reader.pending
    assert reader._pending_bytes == 0
