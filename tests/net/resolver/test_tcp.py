"""One question over TCP."""

import pytest
import trio
from support.dns.responder import Close, Raw, Trickle, responder

from tipd.net.resolver import tcp


async def test_an_answer_in_pieces_is_whole_and_ends_where_it_says():
    long = bytes(range(256)) * 100
    async with responder(lambda q: [Trickle(q.wire + long, step=9000, pause=0.0), Raw(b"\0\5later")]) as server:
        query = b"ab" + bytes(10) + b"\1a\0\0\1\0\1"
        assert await tcp.exchange(server.address, server.port, query) == query + long


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\x10", b"\0\x10half"])
async def test_a_connection_that_ends_early_is_an_error(sent: bytes):
    async with responder(lambda q: [Raw(sent), Close()]) as server:
        with pytest.raises(tcp.Broken):
            await tcp.exchange(server.address, server.port, b"ab" + bytes(10) + b"\1a\0\0\1\0\1")


async def test_nobody_listens():
    with trio.socket.socket() as bound:
        await bound.bind(("127.0.0.1", 0))
        with pytest.raises(OSError):
            await tcp.exchange("127.0.0.1", bound.getsockname()[1], b"ab")
