"""One reader whose replay fails harms nobody else."""

from __future__ import annotations

import socket

import pytest
import trio
from support.api import Served, World, finding
from support.api_hub import EVERYTHING
from support.sockets import websocket

from tipd.api.auth import Caller
from tipd.api.stream.conversation import make_reader
from tipd.api.stream.reader import DirectReader


async def test_a_replay_that_fails_ends_its_reader_alone(
    world: World, api: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.findings.tell(finding(1))
    healthy = await websocket(api)
    read = world.findings.read

    async def failing(since: int, **more: object) -> object:
        if since == 0:
            raise RuntimeError("odd")
        return await read(since, **more)

    monkeypatch.setattr(world.findings, "read", failing)
    broken = await websocket(api, "?since=0")
    assert await broken.close_code() == 1011
    world.findings.tell(finding(2))
    with trio.fail_after(60):
        assert await healthy.findings(1) == [2]


async def test_a_plain_stream_is_written_to_directly_through_a_small_buffer() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    async with listener, await trio.testing.open_stream_to_socket_listener(listener) as stream:
        reader = make_reader(stream, EVERYTHING, Caller("t", "token", frozenset()), 1000)
        assert isinstance(reader, DirectReader)
        assert stream.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 64 * 1024
