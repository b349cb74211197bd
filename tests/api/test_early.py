"""While tipd starts, who asks is told so."""

import json
import socket
from contextlib import asynccontextmanager, suppress

import pytest
import trio

from tipd.api.early import answer_early
from tipd.api.listeners import Listener


@asynccontextmanager
async def early(why="the database is away"):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setblocking(False)
        listener = Listener(listening, "tcp", "here")
        async with trio.open_nursery() as nursery:
            await nursery.start(answer_early, [listener], None, lambda: why)
            yield listening.getsockname()[1]
            nursery.cancel_scope.cancel()


async def ask(port: int, request: bytes) -> bytes:
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request)
        answer = b""
        with trio.fail_after(60):
            while piece := await stream.receive_some():
                answer += piece
        return answer


async def test_alive_and_not_ready():
    async with early() as port:
        head, _, body = (await ask(port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert json.loads(body) == {"alive": True}
        assert f"Content-Length: {len(body)}".encode() in head
        for path in (b"/readyz", b"/api/v1/findings", b"/healthz/x", b"/"):
            head, _, body = (await ask(port, b"GET " + path + b" HTTP/1.1\r\n\r\n")).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 503 ")
            assert json.loads(body)["detail"] == "the database is away"
            assert json.loads(body)["ready"] is False


@pytest.mark.parametrize("request_", [b"\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"x" * 20000, b"GET\r\n\r\n"])
async def test_what_is_no_request_is_answered_and_let_go(request_):
    async with early() as port:
        with suppress(trio.BrokenResourceError):  # it was not worth reading to its end
            assert not (await ask(port, request_)).startswith(b"HTTP/1.1 200")
        assert (await ask(port, b"GET /healthz HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def test_many_who_say_nothing_do_not_keep_the_next_one_out_for_ever():
    async with early() as port:
        silent = [await trio.open_tcp_stream("127.0.0.1", port) for _ in range(120)]
        for stream in silent:
            await stream.aclose()
        with trio.fail_after(60):
            while not (await ask(port, b"GET /healthz HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 200"):
                await trio.sleep(0.01)


async def test_who_sends_much_is_told_too():
    async with early() as port:
        head = b"POST /api/v1/flux/import HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n"
        assert b"the database is away" in await ask(port, head + b"host.example.org\n" * 250_000)
