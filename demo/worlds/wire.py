"""DNS messages as bytes (RFC 1035, RFC 6891, RFC 8914): read a question, write a reply with compressed names.

Written by hand, so that the daemon's resolver is tried against other code than the one it is made of.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.dns import text_name, wire_name

if TYPE_CHECKING:
    from collections.abc import Sequence

OPT = 41
EDE = 15  # the option's code (RFC 8914)
LEAST_SIZE = 512  # bytes over UDP without EDNS
_HEAD = struct.Struct("!HHHHHH")
_QR, _AA, _TC, _RD, _RA = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080


class Question(NamedTuple):
    """What a client asks; the root's name is empty. `asked`: the question section as it came, letters' case included;
    `size`: of EDNS, 0 without.
    """

    ident: int
    name: str
    rtype: int
    asked: bytes
    recursion: bool
    size: int

    @property
    def most(self) -> int:
        """How many bytes a reply over UDP may have."""
        return max(LEAST_SIZE, self.size)


class Record(NamedTuple):
    """One record; `rdata` is uncompressed wire form."""

    name: str
    rtype: int
    ttl: int
    rdata: bytes


class Reply(NamedTuple):
    """An answer on its way out. `ede`: an extended error's code, sent where the client speaks EDNS."""

    rcode: int = 0
    answer: tuple[Record, ...] = ()
    authority: tuple[Record, ...] = ()
    additional: tuple[Record, ...] = ()
    authoritative: bool = False
    ede: int | None = None
    ede_text: str = ""


def address_bytes(address: str) -> bytes:
    """Return an address as it stands in an A or AAAA record."""
    return ipaddress.ip_address(address).packed


def soa_bytes(zone: str, serial: int, negative_ttl: int) -> bytes:
    """Return the data of a zone's SOA record."""
    names = wire_name(f"ns1.{zone}" if zone else "a.root-servers.example") + wire_name("hostmaster.example")
    return names + struct.pack("!IIIII", serial, 3600, 600, 86400, negative_ttl)


def read_question(packet: bytes) -> Question | None:
    """Return the one question of a query, None for what is none."""
    try:
        ident, flags, questions, answers, authorities, additionals = _HEAD.unpack_from(packet)
        if flags & _QR or flags & 0x7800 or questions != 1 or answers or authorities:
            return None
        end = _name_end(packet)
        rtype, _ = struct.unpack_from("!HH", packet, end)
        name = text_name(packet[_HEAD.size : end])
        size = _edns_size(packet, end + 4) if additionals else 0
    except (struct.error, ValueError, IndexError):
        return None
    return Question(ident, name.removesuffix("."), rtype, packet[_HEAD.size : end + 4], bool(flags & _RD), size)


def _name_end(packet: bytes) -> int:
    """Return where the question's name ends, its zero included; raises where it does not."""
    at = _HEAD.size
    while length := packet[at]:
        if length > 63:
            raise ValueError("a compressed question")
        at += 1 + length
    return at + 1


def _edns_size(packet: bytes, at: int) -> int:
    owner, rtype, size = struct.unpack_from("!BHH", packet, at)
    return size if owner == 0 and rtype == OPT else 0


def write_reply(question: Question, reply: Reply, *, recursive: bool, most: int) -> bytes:
    """Return the message; what is longer than `most` bytes goes out empty and with TC set (RFC 2181, 9)."""
    flags = _QR | reply.rcode | (_RD if question.recursion else 0) | (_RA if recursive else 0)
    flags |= _AA if reply.authoritative else 0
    opt = _opt(reply) if question.size else b""
    sections = (reply.answer, reply.authority, reply.additional)
    counts = [len(section) for section in sections]
    body = _Body(question)
    for section in sections:
        body.add(section)
    if len(body.written) + len(opt) > most:
        flags |= _TC
        counts, body = [0, 0, 0], _Body(question)
    counts[2] += bool(opt)
    return _HEAD.pack(question.ident, flags, 1, *counts) + bytes(body.written[_HEAD.size :]) + opt


def _opt(reply: Reply) -> bytes:
    options = b""
    if reply.ede is not None:
        text = reply.ede_text.encode()
        options = struct.pack("!HHH", EDE, 2 + len(text), reply.ede) + text
    return struct.pack("!BHHIH", 0, OPT, 1232, 0, len(options)) + options


class _Body:
    """What follows the head; owners' names are compressed against all that went before."""

    def __init__(self, question: Question) -> None:
        self.written = bytearray(_HEAD.size) + question.asked
        self._places: dict[str, int] = {}
        if "\\" not in question.name:  # an escaped name's text does not say where its labels begin
            self._remember(question.name, _HEAD.size)

    def _remember(self, name: str, at: int) -> None:
        while name and at < 0x4000:
            self._places.setdefault(name, at)
            label, _, name = name.partition(".")
            at += 1 + len(label)

    def add(self, records: Sequence[Record]) -> None:
        for record in records:
            self._owner(record.name)
            self.written += struct.pack("!HHIH", record.rtype, 1, record.ttl, len(record.rdata)) + record.rdata

    def _owner(self, name: str) -> None:
        rest, start = name, len(self.written)
        while rest:
            if (place := self._places.get(rest)) is not None:
                self.written += struct.pack("!H", 0xC000 | place)
                break
            label, _, rest = rest.partition(".")
            self.written += bytes((len(label),)) + label.encode("ascii")
        else:
            self.written += b"\0"
        self._remember(name, start)
