"""DNS messages byte by byte, so that they can be as wrong as a test wants them."""

from __future__ import annotations

import ipaddress
import struct
from dataclasses import dataclass
from functools import cached_property

from tipd.model.dns import AAAA, CNAME, NS, SOA, A, text_name, wire_name

QR, AA, TC, RD, RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
OPT = 41
QUESTION = b"\xc0\x0c"  # a pointer at the question's name


@dataclass(frozen=True)
class Asked:
    """A query as it came, over which protocol, from whom and to which of the servers."""

    wire: bytes
    tcp: bool = False
    peer: tuple[str, int] = ("", 0)
    server: tuple[str, int] = ("", 0)

    @property
    def id(self) -> int:
        return int.from_bytes(self.wire[:2])

    @property
    def flags(self) -> int:
        return int.from_bytes(self.wire[2:4])

    @cached_property
    def question(self) -> bytes:
        """The question as it was sent, its case too."""
        at = 12
        while self.wire[at]:
            at += 1 + self.wire[at]
        return self.wire[12 : at + 5]

    @property
    def name(self) -> str:
        """The name in lower case."""
        return text_name(self.question[:-4])

    @property
    def rtype(self) -> int:
        return int.from_bytes(self.question[-4:-2])

    @property
    def edns(self) -> bool:
        return self.wire[10:12] != b"\0\0"

    def __str__(self) -> str:
        return f"{self.name} {self.rtype}"


def encoded(name: str | bytes) -> bytes:
    """Return a name's wire form; bytes are taken as they are (pointers, broken labels)."""
    return name if isinstance(name, bytes) else wire_name(name)


def record(name: str | bytes, rtype: int, rdata: bytes, ttl: int = 60, *, length: int | None = None) -> bytes:
    """Return a record of class IN; `length` instead of the true one."""
    fixed = struct.pack("!HHIH", rtype, 1, ttl, len(rdata) if length is None else length)
    return encoded(name) + fixed + rdata


def a(name: str | bytes, *addresses: str, ttl: int = 60) -> list[bytes]:
    """Return A or AAAA records, as the addresses are."""
    packed = [ipaddress.ip_address(address).packed for address in addresses]
    return [record(name, A if len(each) == 4 else AAAA, each, ttl) for each in packed]


def cname(name: str | bytes, target: str | bytes, ttl: int = 60) -> bytes:
    return record(name, CNAME, encoded(target), ttl)


def ns(name: str | bytes, target: str | bytes, ttl: int = 60) -> bytes:
    return record(name, NS, encoded(target), ttl)


def soa(name: str | bytes, ttl: int = 60, minimum: int = 60) -> bytes:
    numbers = struct.pack("!5I", 1, 3600, 600, 86400, minimum)
    return record(name, SOA, wire_name("ns.invalid") + wire_name("root.invalid") + numbers, ttl)


def opt(*errors: int, payload: int = 1232, options: bytes = b"") -> bytes:
    """Return an OPT record with these extended errors (RFC 8914)."""
    told = b"".join(struct.pack("!HHH", 15, 2, code) for code in errors) + options
    return b"\0" + struct.pack("!HHIH", OPT, payload, 0, len(told)) + told


def reply(
    asked: Asked,
    answers: list[bytes] | tuple[bytes, ...] = (),
    authority: list[bytes] | tuple[bytes, ...] = (),
    additional: list[bytes] | tuple[bytes, ...] = (),
    *,
    rcode: int = NOERROR,
    flags: int = QR | RD | RA,
    identity: int | None = None,
    question: bytes | None = None,
    counts: tuple[int, int, int, int] | None = None,
) -> bytes:
    """Return an answer to the query; whatever is named may be wrong. An OPT is added where the query had one."""
    more = list(additional)
    if asked.edns and not any(each.startswith(b"\0\0\x29") for each in more):
        more.append(opt())
    told = counts or (1, len(answers), len(authority), len(more))
    head = struct.pack("!HH4H", asked.id if identity is None else identity, flags | rcode, *told)
    body = asked.question if question is None else question
    return head + body + b"".join((*answers, *authority, *more))
