"""The layer in front of quart, with an application that reads everything."""

from __future__ import annotations

from typing import Any

import msgspec
import trio
import trio.testing

from tipd.api.flow import KEY, MOST_WAITING
from tipd.api.layers import FrontLayer
from tipd.api.proxies import Proxies
from tipd.api.settings import ApiSettings


async def ask(pieces: list[bytes], most: int, *headers: tuple[bytes, bytes], answer_first: bool = False) -> list[Any]:
    """Send a body in pieces; return what was answered, and how much the application saw."""
    sent: list[Any] = []
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    waiting.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive() -> Any:
        await trio.lowlevel.checkpoint()
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if answer_first:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        async with trio.open_nursery() as nursery:  # as quart does

            @nursery.start_soon
            async def read() -> None:
                while (await receive())["more_body"]:
                    pass
                await send({"type": "http.response.start", "status": 204, "headers": []})

    layer = FrontLayer(app, Proxies(ApiSettings()), most)
    await layer({"type": "http", "scheme": "http", "headers": list(headers), "client": ("192.0.2.1", 1)}, receive, send)
    return sent


async def test_a_body_within_the_cap_passes() -> None:
    assert [one["status"] for one in await ask([b"x" * 50, b"x" * 50], 100)] == [204]


async def test_a_body_over_the_cap_is_413() -> None:
    start, body = await ask([b"x" * 50, b"x" * 51], 100)
    assert start["status"] == 413
    assert msgspec.json.decode(body["body"])["most"] == 100


async def test_a_declared_body_over_the_cap_never_reaches_the_application() -> None:
    start, _ = await ask([], 100, (b"Content-Length", b"101"))
    assert start["status"] == 413


async def test_an_answer_that_began_is_not_begun_again() -> None:
    assert [one["status"] for one in await ask([b"x" * 101], 100, answer_first=True)] == [200]


async def test_a_path_that_uses_its_body_as_it_comes_may_have_more_and_is_held_back() -> None:
    scope = {"type": "http", "scheme": "http", "headers": [], "client": None, "method": "POST", "path": "/import"}
    came: list[int] = []

    async def receive() -> Any:
        await trio.lowlevel.checkpoint()
        came.append(1)
        return {"type": "http.request", "body": b"x" * MOST_WAITING, "more_body": len(came) < 4}

    async def app(scope: Any, receive: Any, _send: Any) -> None:
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def read() -> None:
                while (await receive())["more_body"]:
                    pass

            for number in range(1, 5):
                await trio.testing.wait_all_tasks_blocked()
                assert len(came) == number
                scope[KEY].used(MOST_WAITING)

    layer = FrontLayer(app, Proxies(ApiSettings()), 100, {"/import": 5 * MOST_WAITING})
    await layer(scope, receive, receive)
    assert len(came) == 4


async def test_a_body_framed_in_two_ways_never_reaches_the_application() -> None:
    start, body = await ask([b"x"], 100, (b"Content-Length", b"1"), (b"transfer-encoding", b"chunked"))
    assert start["status"] == 400
    assert (b"connection", b"close") in start["headers"]
    assert "Transfer-Encoding" in msgspec.json.decode(body["body"])["detail"]
