"""One kept-alive connection: answers read to their end, and nothing beyond believed."""

from __future__ import annotations

from dataclasses import replace

import pytest
import trio
import trio.testing
from support.http_server import head, raw, serving

from tipd.net.line import Line
from tipd.net.request import FetchError, Limits

LIMITS = Limits(answer=0.5, min_rate=1000, rate_window=0.3)


async def asked(script, most: int = 1000, limits: Limits = LIMITS) -> tuple[Line, bytes]:
    """Return the line and the body of one answer."""
    failed: FetchError | None = None
    async with serving() as server:
        server.on("/", script)
        stream = await trio.open_tcp_stream("127.0.0.1", server.port)
        async with stream:
            line = Line(stream, limits)
            try:
                await line.ask("/", {"host": "127.0.0.1"})
                return line, await line.whole(most)
            except FetchError as error:
                failed = error
    assert failed is not None
    raise failed


@pytest.mark.parametrize(
    ("script", "body", "usable"),
    [
        (raw(head(200, {"Content-Length": 5}) + b"hello"), b"hello", True),
        (raw(head(200, {"Content-Length": 5}), b"he", b"llo"), b"hello", True),
        (raw(head(200, {"Content-Length": 0})), b"", True),
        (raw(head(204)), b"", True),
        (raw(head(304, {"Content-Length": 99})), b"", True),
        (raw(head(200, {"Content-Length": 2, "Connection": "close"}) + b"ok"), b"ok", False),
        (raw(head(200, {"Transfer-Encoding": "chunked"}) + b"2\r\nok\r\n0\r\n\r\n"), b"ok", False),
        (raw(head(200) + b"until the end"), b"until the end", False),
        (raw(head(103) + head(200, {"Content-Length": 2}) + b"ok"), b"ok", True),
    ],
)
async def test_what_an_answer_is(script, body: bytes, usable: bool) -> None:
    line, read = await asked(script)
    assert (read, line.usable) == (body, usable)


@pytest.mark.parametrize(
    ("script", "state", "words"),
    [
        (raw(head(200, {"Content-Length": 5}) + b"he"), "unreachable", "truncated"),
        (raw(head(200, {"Content-Length": 5}) + b"hello, and more"), "unreachable", "nobody asked for"),
        (raw(head(200, {"Content-Length": 5}), b"he", b"llo, and more"), "unreachable", "goes on|nobody asked"),
        (raw(head(200, {"Content-Length": 2000})), "wrong_page", "longer than 1000"),
        (raw(head(200) + b"x" * 2000), "unreachable", "goes on"),
        (raw(b"SSH-2.0-x\r\n\r\n"), "unreachable", "HTTP"),
        (raw(head(101)), "unreachable", "HTTP"),
        (raw(*[head(103)] * 20), "unreachable", "preliminary"),
        (raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), "unreachable", "HTTP"),
        (raw(), "unreachable", "cut off"),
    ],
)
async def test_what_is_no_answer(script, state: str, words: str) -> None:
    with trio.fail_after(5), pytest.raises(FetchError, match=words) as raised:
        await asked(script)
    assert raised.value.state == state


async def test_silence_and_dripping_end() -> None:
    async def silent(stream: trio.abc.Stream, _seen) -> None:
        await trio.sleep_forever()

    async def drips(stream: trio.abc.Stream, _seen) -> None:
        await stream.send_all(head(200, {"Content-Length": 10**6}))
        while True:
            await stream.send_all(b"x")
            await trio.sleep(0.01)

    for script, words in ((silent, "no answer"), (drips, "too slow")):
        with trio.fail_after(5), pytest.raises(FetchError, match=words):
            await asked(script, 10**7)


async def test_a_body_that_comes_fast_enough_is_read_beyond_one_window() -> None:
    async def steady(stream: trio.abc.Stream, _seen) -> None:
        await stream.send_all(head(200, {"Content-Length": 12_000}))
        for _ in range(12):
            await stream.send_all(b"x" * 1000)
            await trio.sleep(0.05)

    _, body = await asked(steady, 20_000, replace(LIMITS, rate_window=0.2))
    assert len(body) == 12_000


async def test_a_field_that_cannot_be_sent_is_told_without_its_text() -> None:
    client, _ = trio.testing.memory_stream_pair()
    with pytest.raises(FetchError) as raised:
        await Line(client, LIMITS).ask("/", {"host": "x", "authorization": "Bearer se\ncret"})
    assert "cret" not in str(raised.value)


async def test_nothing_can_be_read_before_something_was_asked() -> None:
    client, _ = trio.testing.memory_stream_pair()
    with pytest.raises(RuntimeError):
        await Line(client, LIMITS).whole(10)
