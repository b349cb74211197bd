"""One connection's HTTP: what hostile clients send, and those that do not read."""

import os
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import h11
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.agent_host import answer, serving

from tipd.agent.problem import Problem
from tipd.agent.server import Limits
from tipd.agent.wire import Wire
from tipd.clock import SystemClock

LIMITS = Limits(head=0.2, idle=0.2, send=0.2)


async def talk(said: bytes) -> list[object]:
    """Let a client say something and leave; return the requests that were understood, and what was wrong."""
    client, server = trio.testing.memory_stream_pair()
    wire = Wire(server, Limits(head=5, idle=5, send=5), SystemClock())
    found: list[object] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(client.receive_some, 65536)
        await client.send_all(said)
        await client.send_eof()
        try:
            while (request := await wire.request(5)) is not None:
                found.append(request.path)
                if not request.bodiless():
                    while await wire.piece(1000):
                        pass
                await wire.answer(200, (), b"")
                await wire.end_of_request()
                if not wire.next():
                    break
        except Problem as problem:
            found.append(problem.status)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            pass
        nursery.cancel_scope.cancel()
    return found


async def test_requests_are_read_one_after_the_other() -> None:
    first, last = (b"GET %s HTTP/1.1\r\nHost: h\r\n\r\n" % path for path in (b"/a", b"/d"))
    said = first + b"PUT /b%2Fc HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc" + last
    assert await talk(said) == ["/a", "/b/c", "/d"]


@pytest.mark.parametrize(
    ("said", "found"),
    [
        (b"GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n", [400]),
        (b"GET /?" + b"&".join(b"%d=1" % n for n in range(50)) + b" HTTP/1.1\r\nHost: h\r\n\r\n", [400]),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", ["/", 400]),
        (b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", [400]),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000\r\n\r\n" + b"x" * 2000, ["/", 413]),
        (b"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nfffffffff\r\n", ["/", 400]),
        (b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n", ["/"]),
        (b"\r\n\r\n\r\nGET / HTTP/1.1\r\n", [400]),
    ],
)
async def test_what_is_ambiguous_or_too_much_is_refused(said: bytes, found: list[object]) -> None:
    assert await talk(said) == found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300), st.integers(0, 60))
def test_noise_raises_nothing_else(noise: bytes, at: int) -> None:
    good = b"GET /v1/versions?since=3 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n"
    assert isinstance(trio.run(talk, good[:at] + noise + good[at:]), list)


@pytest.mark.parametrize("tls", [False, True])
async def test_a_client_that_does_not_read_is_let_go(tmp_path: Path, tls: bool) -> None:
    async with serving(tmp_path, 1, tls=tls, raw=os.urandom(32 * 2**20), limits=LIMITS) as host:
        stream = await host.connect()
        await stream.send_all(host.request("/v1/versions/1"))
        with trio.fail_after(10):
            while not host.server.readers():
                await trio.sleep(0.01)
            while host.server.readers():
                await trio.sleep(0.01)
        assert (await host.ask("/v1/versions")).status == 200


async def test_a_body_that_drips_is_let_go(tmp_path: Path) -> None:
    from tipd.agent.inbox import Inbox

    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox"), limits=LIMITS) as host:
        token = host.enroll("pusher", "redacted", pushes=("mx1",))
        stream = await host.connect()
        await stream.send_all(
            host.request("/push/mx1/redacted/1", method="PUT", token=token, Content_Length="100") + b"\0"
        )
        assert (await answer(stream)).status == 408


async def test_who_waits_to_be_asked_for_its_body_is_asked(tmp_path: Path) -> None:
    from tipd.agent.inbox import Inbox

    async with serving(tmp_path, 0, inbox=Inbox(tmp_path / "inbox")) as host:
        token = host.enroll("pusher", "redacted", pushes=("mx1",))
        stream = await host.connect()
        more = {"Content_Length": "4", "Expect": "100-continue"}
        await stream.send_all(host.request("/push/mx1/redacted/1", method="PUT", token=token, **more))
        assert (await stream.receive_some(1000)).startswith(b"HTTP/1.1 100")
        await stream.send_all(b"\0\0\0\0")
        assert (await answer(stream)).status == 422


async def test_an_idle_connection_is_let_go_without_a_word(tmp_path: Path) -> None:
    async with serving(tmp_path, 1, limits=LIMITS) as host:
        stream = await host.connect()
        assert (await host.ask("/v1/versions", stream=stream)).status == 200
        assert await stream.receive_some(1) == b""


async def test_an_answer_says_what_time_it_is(tmp_path: Path) -> None:
    async with serving(tmp_path, 1) as host:
        told = parsedate_to_datetime((await host.ask("/v1/versions")).headers["date"])
        assert abs(SystemClock().now() - told) < timedelta(minutes=1)


def test_h11_counts_what_went_past_it() -> None:
    from tipd.agent import wire

    http = h11.Connection(h11.SERVER)
    http.receive_data(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    http.next_event()
    http.send(h11.Response(status_code=200, headers=[("content-length", "10")]))
    http.send_with_data_passthrough(h11.Data(data=wire._Sized(10)))
    assert http.send(h11.EndOfMessage()) == b""
