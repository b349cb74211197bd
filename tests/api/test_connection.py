"""Hypercorn's connection, bounded: what `test_server.py` does not see from outside."""

from __future__ import annotations

import pytest
import trio
from hypercorn.protocol import ws_stream
from support.api import Served
from support.sockets import connect, read_all
from trio.testing import open_stream_to_socket_listener

from tipd import log
from tipd.api.connection import ReplayedStream, hypercorn_config
from tipd.api.settings import ApiSettings, limits_of


async def test_the_head_comes_first_in_pieces_as_asked() -> None:
    (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
    near = await open_stream_to_socket_listener(listener)
    far = await listener.accept()
    async with listener, near, far:
        replayed = ReplayedStream(far, b"abcdef")
        await near.send_all(b"gh")
        assert [await replayed.receive_some(4) for _ in range(3)] == [b"abcd", b"ef", b"gh"]
        assert replayed.socket is far.socket
        await replayed.aclose()
        assert replayed.closed.is_set()


async def test_an_answer_with_connection_close_closes(api: Served) -> None:
    stream = await connect(api.port)
    await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    with trio.fail_after(2):
        assert (await read_all(stream)).startswith(b"HTTP/1.1 200")


async def test_a_client_that_left_holds_nothing(api: Served) -> None:
    stream = await connect(api.port)
    await stream.send_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await stream.receive_some(1000)
    await stream.aclose()
    with trio.fail_after(2):
        while not api.app.core.connections["ended"]:
            await trio.sleep(0.01)


def test_settings_reach_hypercorn_and_extensions_do_not() -> None:
    config = hypercorn_config(limits_of(ApiSettings(keep_alive="7s")), log.get("api"))
    assert (config.keep_alive_timeout, config.include_server_header) == (7.0, False)
    assert ws_stream.server_extensions_handshake(["permessage-deflate"], []) is None


async def test_no_request_hides_behind_one_with_two_lengths(api: Served) -> None:
    stream = await connect(api.port)
    two = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    await stream.send_all(b"POST /healthz HTTP/1.1\r\nHost: x\r\n" + two + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    with trio.fail_after(5):
        answer = await read_all(stream)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "asked",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\n"
        b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0)),
    ],
    ids=["upgrade", "preface"],
)
async def test_http2_is_not_spoken_in_the_clear(api: Served, asked: bytes) -> None:
    stream = await connect(api.port)
    await stream.send_all(asked)
    with trio.fail_after(5):
        answer = await read_all(stream)
    assert answer[:12] in {b"HTTP/1.1 200", b"HTTP/1.1 400", b"HTTP/1.1 404"}
