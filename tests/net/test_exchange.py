"""HTTP on a stream in memory and a clock of our own: time passes at once, every byte is ours."""

import ssl
from contextlib import suppress

import h11
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, memory_stream_pair

from tipd.net.exchange import Exchange
from tipd.net.request import FetchError, Limits

ASK = h11.Request(method="GET", target="/", headers=[("Host", "lists.example.org")])
LIMITS = Limits(answer=60, min_rate=1000, rate_window=30, max_wire=10_000_000)


@pytest.fixture
def clock() -> MockClock:
    return MockClock(autojump_threshold=0)


async def read(exchange: Exchange) -> bytes:
    body = b""
    while (data := await exchange.more()) is not None:
        body += data
    return body


async def against(*pieces: bytes, every: float = 0.0, end: bool = True) -> bytes:
    """Return the body of an answer that comes in pieces."""
    ours, theirs = memory_stream_pair()

    async def serve() -> None:
        for piece in pieces:
            await theirs.send_all(piece)
            await trio.sleep(every)
        if end:
            await theirs.aclose()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        exchange = Exchange(ours, LIMITS)
        await exchange.ask(ASK, b"")
        body = await read(exchange)
        nursery.cancel_scope.cancel()
    return body


HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n"


async def test_drip_for_ever_is_cut_after_a_window(clock: MockClock) -> None:
    begin = trio.current_time()
    with pytest.RaisesGroup(pytest.RaisesExc(FetchError, match=r"too slow, 29\d bytes of the body in 30 s")):
        await against(HEAD, *[b"x" * 10] * 1000, every=1.0)
    assert 29 <= trio.current_time() - begin <= 31


async def test_silence_in_the_body_is_cut_after_a_window(clock: MockClock) -> None:
    begin = trio.current_time()
    with pytest.RaisesGroup(pytest.RaisesExc(FetchError, match="too slow, 0 bytes")):
        await against(HEAD, end=False)
    assert trio.current_time() - begin == pytest.approx(30)


async def test_silence_before_the_answer_has_its_own_limit(clock: MockClock) -> None:
    begin = trio.current_time()
    with pytest.RaisesGroup(pytest.RaisesExc(FetchError, match="no answer within 60 s")):
        await against(b"HTTP/1.1 200 OK\r\n", end=False)
    assert trio.current_time() - begin == pytest.approx(60)


async def test_slow_but_steady_is_let_finish(clock: MockClock) -> None:
    assert len(await against(HEAD, *[bytes(20_000)] * 50, every=10.0)) == 1_000_000


async def test_a_burst_and_then_a_drip_is_cut_in_the_second_window(clock: MockClock) -> None:
    begin = trio.current_time()
    with pytest.RaisesGroup(pytest.RaisesExc(FetchError, match="too slow")):
        await against(HEAD, bytes(500_000), *[b"x"] * 1000, every=1.0)
    assert 59 <= trio.current_time() - begin <= 61


async def test_a_flood_of_tiny_chunks_lets_the_loop_go_on() -> None:
    flood = b"1\r\nx\r\n" * 200_000
    ours, theirs = memory_stream_pair()
    turns, done = 0, False

    async def serve() -> None:
        await theirs.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + flood + b"0\r\n\r\n")
        await theirs.aclose()

    async def others() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await trio.lowlevel.checkpoint()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(serve)
        nursery.start_soon(others)
        exchange = Exchange(ours, LIMITS)
        await exchange.ask(ASK, b"")
        body = await read(exchange)
        done = True
    assert body == b"x" * 200_000
    assert turns > 200_000 / 64 * 0.9


@given(st.binary(max_size=400), st.lists(st.integers(1, 50), max_size=20), st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_cut_of_the_wire_gives_the_same_body(content: bytes, cuts: list[int], chunked: bool) -> None:
    if chunked:
        wire = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        wire += b"".join(
            b"%x\r\n%s\r\n" % (len(content[i : i + 7]), content[i : i + 7]) for i in range(0, len(content), 7)
        )
        wire += b"0\r\n\r\n"
    else:
        wire = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
    pieces, position = [], 0
    for cut in [*cuts, len(wire)]:
        pieces.append(wire[position : position + cut])
        position += cut
    assert trio.run(against, *[piece for piece in pieces if piece], wire[position:] or b"") == content


@given(st.binary(min_size=1, max_size=300))
@settings(max_examples=200, deadline=None)
def test_garbage_raises_only_our_error(garbage: bytes) -> None:
    async def talk() -> None:
        with suppress(FetchError):  # also out of a group
            await against(garbage)

    trio.run(talk)


class Alerting(trio.abc.Stream):
    """A TLS stream whose other end breaks off with an alert, in place of its answer."""

    async def send_all(self, data: object) -> None:
        await trio.lowlevel.checkpoint()

    async def wait_send_all_might_not_block(self) -> None:
        await trio.lowlevel.checkpoint()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        alert = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert")
        alert.reason = "TLSV13_ALERT_CERTIFICATE_REQUIRED"
        raise trio.BrokenResourceError from alert

    async def aclose(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_a_server_that_wants_to_know_us_is_told_in_its_own_word(clock: MockClock) -> None:
    exchange = Exchange(Alerting(), LIMITS)
    with pytest.raises(FetchError, match=r"TLS: the server broke off .TLSV13_ALERT_CERTIFICATE_REQUIRED"):
        await exchange.ask(ASK, b"")
