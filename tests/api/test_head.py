"""The first head of a connection, however it arrives."""

from __future__ import annotations

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from support.sockets import upgrade
from trio.testing import memory_stream_pair

from tipd.api.head import LONGEST, read_head, stream_request
from tipd.api.problem import Problem


async def test_a_head_is_read_to_its_end_and_what_follows_is_kept() -> None:
    near, far = memory_stream_pair()
    await far.send_all(b"GET / HTTP/1.1\r\n\r\nmore")
    assert await read_head(near, 1) == b"GET / HTTP/1.1\r\n\r\nmore"


async def test_too_slow_and_too_long(autojump_clock: trio.testing.MockClock) -> None:
    near, far = memory_stream_pair()
    await far.send_all(b"GET")
    with pytest.raises(Problem) as caught:
        await read_head(near, 5)
    assert caught.value.status == 408
    await far.send_all(b"x" * (LONGEST + 1))
    with pytest.raises(Problem) as caught:
        await read_head(near, 5)
    assert caught.value.status == 431


async def test_who_leaves_gives_what_was_sent() -> None:
    near, far = memory_stream_pair()
    await far.send_all(b"GE")
    await far.aclose()
    assert await read_head(near, 5) == b"GE"


def test_an_upgrade_is_known_with_its_headers_and_the_rest() -> None:
    request = stream_request(upgrade("?since=3") + b"\x89\x80")
    assert request is not None
    assert request.target == "/api/v1/stream?since=3"
    assert request.headers["authorization"] == "Bearer tip_all"
    assert request.trailing == b"\x89\x80"


@pytest.mark.parametrize(
    "head",
    [
        upgrade().replace(b"GET", b"POST"),
        upgrade().replace(b"/stream", b"/streams"),
        upgrade(Upgrade="h2c"),
        upgrade(Connection="keep-alive"),
        upgrade(Content_Length="5"),
        upgrade().replace(b"Host:", b"Ho st:"),
    ],
)
def test_anything_else_is_hypercorns(head: bytes) -> None:
    assert stream_request(head) is None


@given(st.binary(max_size=300))
def test_no_bytes_break_it(junk: bytes) -> None:
    assert stream_request(b"GET /api/v1/stream " + junk) is None or b"pgrade" in junk
