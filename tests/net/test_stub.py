"""Asking name servers: a nano one stands on loopback, and answers as it is told."""

import random
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
import trio

from tipd.net import stub
from tipd.net.resolve import ResolveError
from tipd.net.stub import StubResolver

type Answer = Callable[[dns.message.Message], bytes | None]


async def bound() -> tuple[trio.socket.SocketType, list[trio.SocketListener]]:
    """Return a datagram socket and listeners on one port that was free for both."""
    while True:
        sock = trio.socket.socket(type=trio.socket.SOCK_DGRAM)
        await sock.bind(("127.0.0.1", 0))
        try:
            return sock, await trio.open_tcp_listeners(sock.getsockname()[1], host="127.0.0.1")
        except OSError:  # another program has it for TCP
            sock.close()


@asynccontextmanager
async def name_server(udp: Answer, tcp: Answer | None = None) -> AsyncIterator[tuple[str, int]]:
    """Answer each query by a function of the query; None: not at all."""
    sock, listeners = await bound()
    port = sock.getsockname()[1]

    async def over_udp() -> None:
        while True:
            wire, peer = await sock.recvfrom(65535)
            answer = udp(dns.message.from_wire(wire))
            if answer is not None:
                await sock.sendto(answer, peer)

    async def over_tcp(stream: trio.SocketStream) -> None:
        length = struct.unpack("!H", await stream.receive_some(2))[0]
        answer = tcp(dns.message.from_wire(await stream.receive_some(length))) if tcp else None
        if answer is not None:
            await stream.send_all(struct.pack("!H", len(answer)) + answer)

    with sock:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(over_udp)
            nursery.start_soon(trio.serve_listeners, over_tcp, listeners)
            yield "127.0.0.1", port
            nursery.cancel_scope.cancel()


def zone(*lines: str, rcode: dns.rcode.Rcode = dns.rcode.NOERROR, cut: bool = False) -> Answer:
    """Answer from records that stand in a zone's words: `name type data`."""

    def answer(query: dns.message.Message) -> bytes:
        reply = dns.message.make_response(query)
        reply.set_rcode(rcode)
        if cut:
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        for line in lines:
            name, kind, data = line.split()
            if kind in {"CNAME", dns.rdatatype.to_text(query.question[0].rdtype)}:
                reply.answer.append(dns.rrset.from_text(name, 60, "IN", kind, data))
        return reply.to_wire(max_size=65535)

    return answer


def resolver(*servers: tuple[str, int]) -> StubResolver:
    return StubResolver(servers, random.Random(1))


async def test_both_families_in_turn() -> None:
    records = [f"lists.example.org. A 192.0.2.{i}" for i in (1, 2, 3)] + ["lists.example.org. AAAA 2001:db8::1"]
    async with name_server(zone(*records)) as server:
        found = await resolver(server).resolve("lists.example.org")
    assert found[0] == "2001:db8::1" and sorted(found[1:]) == ["192.0.2.1", "192.0.2.2", "192.0.2.3"]


async def test_alias_chain_is_followed_and_other_names_do_not_count() -> None:
    records = (
        "lists.example.org. CNAME cdn.example.net.",
        "cdn.example.net. A 192.0.2.1",
        "evil.example.com. A 192.0.2.66",
    )
    async with name_server(zone(*records)) as server:
        assert await resolver(server).resolve("lists.example.org") == ["192.0.2.1"]


async def test_alias_circle_is_no_address() -> None:
    records = "a.example.org. CNAME b.example.org.", "b.example.org. CNAME a.example.org."
    async with name_server(zone(*records)) as server:
        with pytest.raises(ResolveError, match="has no address"):
            await resolver(server).resolve("a.example.org")


async def test_no_such_name_and_no_address() -> None:
    async with name_server(zone(rcode=dns.rcode.NXDOMAIN)) as server:
        with pytest.raises(ResolveError, match=r"nowhere\.example\.org: there is no such name"):
            await resolver(server).resolve("nowhere.example.org")
    async with name_server(zone()) as server:
        with pytest.raises(ResolveError, match="has no address"):
            await resolver(server).resolve("empty.example.org")


async def test_next_server_is_asked_where_one_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stub, "TRY_SECONDS", 0.5)
    good = zone("lists.example.org. A 192.0.2.1")
    for bad in (zone(rcode=dns.rcode.SERVFAIL), lambda _query: None, lambda _query: b"junk"):
        async with name_server(bad) as first, name_server(good) as second:
            assert await resolver(first, second).resolve("lists.example.org") == ["192.0.2.1"]


async def test_all_servers_fail_and_it_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async with name_server(zone(rcode=dns.rcode.REFUSED)) as refusing:
        with pytest.raises(ResolveError, match="answered REFUSED"):
            await resolver(refusing).resolve("lists.example.org")
    monkeypatch.setattr(stub, "TRY_SECONDS", 0.02)
    async with name_server(lambda _query: None) as silent:
        with pytest.raises(ResolveError, match="did not answer"):
            await resolver(silent).resolve("lists.example.org")
    with pytest.raises(ResolveError, match=r"lists\.example\.org: 127\.0\.0\.1"):
        await resolver(silent).resolve("lists.example.org")


async def test_cut_answer_is_asked_again_over_tcp() -> None:
    async with name_server(zone(cut=True), zone("lists.example.org. A 192.0.2.1")) as server:
        assert await resolver(server).resolve("lists.example.org") == ["192.0.2.1"]


@pytest.mark.parametrize("count", [200, 4000])
async def test_thousands_of_records_are_not_even_parsed(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def many(query: dns.message.Message) -> bytes:
        asked = query.to_wire()[12:]  # question and EDNS behind the head; the record points back to the name
        question = asked[: len(asked) - 11]
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + b"\xc6\x12\x00\x01"
        return struct.pack("!6H", query.id, 0x8180, 1, count, 0, 0) + question + record * count

    parsed: list[int] = []
    async with name_server(zone(cut=True), many) as server:
        # The server stands in this process too: only what the resolver's own parser passes counts.
        monkeypatch.setattr(stub, "_parse", lambda wire: (_parse(wire), parsed.append(len(wire)))[0])
        with pytest.raises(ResolveError, match=r"an answer of \d+ (bytes|records)"):
            await resolver(server).resolve("lists.example.org")
    assert max(parsed) < 600


_parse = stub._parse


async def test_guesses_of_the_identifier_are_passed_over() -> None:
    good = zone("lists.example.org. A 192.0.2.1")

    def forged_first(query: dns.message.Message) -> bytes:
        forged = dns.message.make_response(query)
        forged.id ^= 1
        return forged.to_wire()

    calls = iter([forged_first, forged_first])

    def answer(query: dns.message.Message) -> bytes:
        return next(calls, good)(query)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stub, "TRY_SECONDS", 0.5)
        async with name_server(answer) as server:
            assert await resolver(server).resolve("lists.example.org") == ["192.0.2.1"]


async def test_localhost_is_never_asked() -> None:
    assert await resolver(("127.0.0.1", 9)).resolve("feeds.localhost") == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("host", ["x" * 64 + ".example.org", "a..b", "y." * 200])
async def test_names_that_dns_cannot_hold(host: str) -> None:
    with pytest.raises(ResolveError, match="not a name"):
        await resolver(("127.0.0.1", 9)).resolve(host)
