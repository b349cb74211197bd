"""A stub resolver: asks the given servers for A and AAAA, over UDP and, where an answer was cut, TCP.

Answers are hostile even where the server is not: their size and the number of their records are looked at before they
are parsed (4,000 records would hold the loop for a quarter of a second). Query identifiers are drawn by dnspython from
the system's randomness, source ports by the kernel.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import trio

from tipd.net.resolve import MAX_ADDRESSES, ResolveError

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable

MAX_WIRE = 8192  # bytes of an answer; 512 A records
MAX_RECORDS = 128  # in all sections together
TRY_SECONDS = 2.0
TRIES = 2  # rounds over all servers
PAYLOAD = 1232  # what travels without fragments (DNS flag day 2020)


class StubResolver:
    """Asks `servers` (address, port) in turn; `rng` shuffles addresses of one family, as load balancing means them."""

    def __init__(self, servers: Iterable[tuple[str, int]], rng: random.Random) -> None:
        """Open nothing yet: each question has its own socket."""
        self._servers = tuple(servers)
        self._rng = rng

    async def resolve(self, host: str) -> list[str]:
        """Return at least one address, IPv6 and IPv4 in turn; raises ResolveError."""
        if host == "localhost" or host.endswith(".localhost"):
            return ["127.0.0.1", "::1"]  # RFC 6761, 6.3: never asked; the guard has its own say
        results: dict[str, list[str] | ResolveError] = {}

        async def ask(kind: str) -> None:
            try:
                results[kind] = await self._ask(host, kind)
            except ResolveError as error:
                results[kind] = error

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask, "AAAA")
            nursery.start_soon(ask, "A")
        return self._merge(host, results["AAAA"], results["A"])

    def _merge(self, host: str, v6: list[str] | ResolveError, v4: list[str] | ResolveError) -> list[str]:
        found = [answer for answer in (v6, v4) if isinstance(answer, list)]
        for addresses in found:
            self._rng.shuffle(addresses)
        longest = max((len(addresses) for addresses in found), default=0)
        merged = [addresses[i] for i in range(longest) for addresses in found if i < len(addresses)]
        if merged:
            return merged[:MAX_ADDRESSES]
        trouble = next((answer for answer in (v4, v6) if isinstance(answer, ResolveError)), None)
        raise trouble or ResolveError(f"{host}: has no address")

    async def _ask(self, host: str, kind: str) -> list[str]:
        try:
            name = dns.name.from_text(host)
        except dns.exception.DNSException:
            raise ResolveError(f"{host}: not a name DNS can hold") from None
        trouble = "no server answered"
        for server in self._servers * TRIES:
            query = dns.message.make_query(name, kind, use_edns=0, payload=PAYLOAD)
            try:
                with trio.fail_after(TRY_SECONDS):
                    reply = await _exchange(query, server)
            except trio.TooSlowError:
                trouble = f"{server[0]} did not answer"
                continue
            except (OSError, dns.exception.DNSException, _Oversized) as error:
                trouble = f"{server[0]}: {error}"
                continue
            if reply.rcode() == dns.rcode.NXDOMAIN:
                raise ResolveError(f"{host}: there is no such name")
            if reply.rcode() == dns.rcode.NOERROR:
                return _addresses(reply, kind)
            trouble = f"{server[0]} answered {dns.rcode.to_text(reply.rcode())}"
        raise ResolveError(f"{host}: {trouble}")


class _Oversized(Exception):
    """An answer with more in it than any host needs."""


def _addresses(reply: dns.message.Message, kind: str) -> list[str]:
    """Return the addresses at the end of the CNAME chain; addresses of other names in the answer do not count."""
    if not isinstance(reply, dns.message.QueryMessage):
        return []
    try:
        found = reply.resolve_chaining().answer
    except (dns.exception.DNSException, dns.message.NotQueryResponse):
        return []
    wanted = dns.rdatatype.from_text(kind)
    return [rdata.address for rdata in found or () if rdata.rdtype == wanted]


async def _exchange(query: dns.message.Message, server: tuple[str, int]) -> dns.message.Message:
    wire = query.to_wire()
    reply = await _over_udp(query, wire, server)
    return await _over_tcp(query, wire, server) if reply.flags & dns.flags.TC else reply


async def _over_udp(query: dns.message.Message, wire: bytes, server: tuple[str, int]) -> dns.message.Message:
    family = trio.socket.AF_INET6 if ":" in server[0] else trio.socket.AF_INET
    with trio.socket.socket(family, trio.socket.SOCK_DGRAM) as sock:
        await sock.connect(server)  # the kernel then drops what others send
        await sock.send(wire)
        while True:
            answer = await sock.recv(65535)
            if answer[:2] != wire[:2]:
                continue  # a late answer, or a guess: go on listening until the deadline
            reply = _parse(answer)
            if query.is_response(reply):
                return reply


async def _over_tcp(query: dns.message.Message, wire: bytes, server: tuple[str, int]) -> dns.message.Message:
    async with await trio.open_tcp_stream(*server) as stream:
        await stream.send_all(struct.pack("!H", len(wire)) + wire)
        (length,) = struct.unpack("!H", await _exactly(stream, 2))
        if length > MAX_WIRE:
            raise _Oversized(f"an answer of {length} bytes")
        reply = _parse(await _exactly(stream, length))
    if not query.is_response(reply):
        raise _Oversized("an answer to another question")
    return reply


async def _exactly(stream: trio.abc.ReceiveStream, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        piece = await stream.receive_some(length - len(data))
        if not piece:
            raise OSError("the connection closed in the middle of an answer")
        data += piece
    return bytes(data)


def _parse(wire: bytes) -> dns.message.Message:
    if len(wire) < 12 or len(wire) > MAX_WIRE:
        raise _Oversized(f"an answer of {len(wire)} bytes")
    records = sum(struct.unpack("!3H", wire[6:12]))
    if records > MAX_RECORDS:
        raise _Oversized(f"an answer of {records} records")
    return dns.message.from_wire(wire, raise_on_truncation=False)
