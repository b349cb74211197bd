"""Answers that are less common, but many: chains of CNAME, no such name, no data. Read record by record.

dnspython takes 200 µs and more for one of these, this reader some ten: names on blacklists die, and content networks
hide behind aliases, so that a third of all answers may be such. Whatever is odd (another class, an option of EDNS, a
record of another type, a TTL out of range, two aliases of one name, bytes that are left) goes to `unusual`, and what is
read here is the same, to the bit, as what is read there.
"""

from __future__ import annotations

import struct

from tipd.model.dns import AAAA, CNAME, LONGEST_NAME, MOST_TTL, NS, SOA, A, Answer, Outcome, text_name
from tipd.net.resolver.bailiwick import lowered, within
from tipd.net.resolver.policy import Marks
from tipd.net.resolver.reading import LONGEST_CHAIN, MOST_PLAIN_RECORDS, Reading

_OPT, _IN = 41, 1
_HEADER = struct.Struct("!HH4H").unpack_from
_FIXED = struct.Struct("!HHIH").unpack_from
_LONG = struct.Struct("!I").unpack_from
# QR set; no opcode, no TC, no Z, no high bit of the rcode; AA, RD, RA, AD and CD as they are.
_MUST, _IS = 0xFA4C, 0x8000
_NXDOMAIN = 3
_SIZES = {A: 4, AAAA: 16}
_MOST_POINTERS = 4  # of one name, each leading to the next
_MOST_LABELS = 10_000  # of all names together: 2 ms
_SOA_NUMBERS = 20  # bytes: serial, refresh, retry, expire, minimum


class _Odd(Exception):
    """Not for this reader."""


def walked(packet: bytes, at: int, name: bytes, rtype: int, server: str) -> Reading | None:
    """Return what a packet says whose records begin at `at`, behind our question; None where it is odd."""
    size = _SIZES.get(rtype)
    _, flags, questions, *counts = _HEADER(packet)
    if size is None or flags & _MUST != _IS or flags & 3 not in (0, _NXDOMAIN) or questions != 1:
        return None
    if sum(counts) > MOST_PLAIN_RECORDS:
        return None
    walk = _Walk(packet, at, lowered(name), rtype)
    try:
        walk.sections(*counts)
        return walk.reading(server, flags)
    except (_Odd, IndexError, struct.error):
        return None


class _Walk:
    """One pass over a packet."""

    def __init__(self, packet: bytes, at: int, name: bytes, rtype: int) -> None:
        self._packet, self._at = packet, at
        self._name, self._rtype = name, rtype
        self._names: dict[int, bytes] = {12: name}  # by where they stand
        self._aliases: dict[bytes, tuple[bytes, int]] = {}
        self._addresses: dict[bytes, list[bytes]] = {}
        self._ttls: dict[bytes, int] = {}
        self._signed: dict[bytes, int] = {}  # owners of SOA records in the authority section -> negative TTL
        self._signed_beside: dict[bytes, int] = {}
        self._referred = False
        self._labels_left = _MOST_LABELS

    # --- reading ---

    def sections(self, answers: int, authority: int, additional: int) -> None:
        for _ in range(answers):
            owner, rtype, ttl, until = self._head()
            self._answer(owner, rtype, ttl, until)
        for _ in range(authority):
            owner, rtype, ttl, until = self._head()
            self._beside(owner, rtype, ttl, until, self._signed)
        options = 0
        for _ in range(additional):
            if self._packet[self._at : self._at + 3] == b"\0\0\x29":
                options += 1
                self._options()
            else:
                owner, rtype, ttl, until = self._head()
                self._beside(owner, rtype, ttl, until, self._signed_beside)
        if self._at != len(self._packet) or options > 1:
            raise _Odd

    def _head(self) -> tuple[bytes, int, int, int]:
        owner, at = self._read_name(self._at)
        rtype, rclass, ttl, length = _FIXED(self._packet, at)
        self._at = at + 10
        if rclass != _IN or ttl > MOST_TTL or self._at + length > len(self._packet):
            raise _Odd
        return owner, rtype, ttl, self._at + length

    def _answer(self, owner: bytes, rtype: int, ttl: int, until: int) -> None:
        if rtype == self._rtype:
            if until - self._at != _SIZES[rtype]:
                raise _Odd
            self._addresses.setdefault(owner, []).append(self._packet[self._at : until])
            self._ttls[owner] = min(ttl, self._ttls.get(owner, ttl))
        elif rtype == CNAME and owner not in self._aliases:
            self._aliases[owner] = (self._read_last_name(self._at, until), ttl)
        else:
            raise _Odd
        self._at = until

    def _beside(self, owner: bytes, rtype: int, ttl: int, until: int, signed: dict[bytes, int]) -> None:
        if rtype == SOA and owner not in signed:
            _, at = self._read_name(self._at)
            _, at = self._read_name(at)
            if at + _SOA_NUMBERS != until:
                raise _Odd
            (minimum,) = _LONG(self._packet, until - 4)
            signed[owner] = min(ttl, minimum if minimum <= MOST_TTL else 0)
        elif rtype == NS:
            self._read_last_name(self._at, until)
            self._referred |= signed is self._signed
        elif until - self._at != _SIZES.get(rtype, -1):
            raise _Odd
        self._at = until

    def _options(self) -> None:
        """Pass over an EDNS record that says nothing."""
        said = self._packet[self._at + 5 : self._at + 11]
        if said[:2] != b"\0\0" or said[4:] != b"\0\0":  # bits of the rcode, a version; options
            raise _Odd
        self._at += 11

    def _read_last_name(self, at: int, until: int) -> bytes:
        name, end = self._read_name(at)
        if end != until:
            raise _Odd
        return name

    def _read_name(self, at: int) -> tuple[bytes, int]:
        """Return the name at `at`, lower-case and uncompressed, and where it ends; pointers lead backwards only."""
        packet, labels, end, begun, lowest, left = self._packet, [], 0, at, at, LONGEST_NAME - 1
        if packet[at] == 0xC0 and (known := self._names.get(packet[at + 1])) is not None and packet[at + 1] < at:
            return known, at + 2
        hops = 0
        while length := packet[at]:
            if length < 0x40:
                labels.append(packet[at : at + 1 + length])
                at += 1 + length
                left -= 1 + length
                if left < 0 or (end and at >= begun):  # what a pointer leads to ends before the name that it is in
                    raise _Odd
            elif length >= 0xC0:
                end = end or at + 2
                at = (length & 0x3F) << 8 | packet[at + 1]
                hops += 1
                if at >= lowest or hops > _MOST_POINTERS:
                    raise _Odd
                lowest = at
            else:
                raise _Odd
        self._labels_left -= len(labels)
        if self._labels_left < 0:
            raise _Odd
        name = lowered(b"".join(labels) + b"\0")
        self._names[begun] = name
        return name, end or at + 1

    # --- what it means ---

    def reading(self, server: str, flags: int) -> Reading:
        end, least = self._name, MOST_TTL
        chain: list[bytes] = []
        while (alias := self._aliases.get(end)) is not None:
            if len(chain) == LONGEST_CHAIN:
                raise _Odd
            end = alias[0]
            chain.append(end)
            least = min(least, alias[1])
        texts, own = tuple(map(text_name, chain)), flags & 0x0400 != 0
        marks = Marks(
            authority=tuple(map(text_name, self._signed)),
            additional=tuple(map(text_name, self._signed_beside)),
            recursion_available=flags & 0x80 != 0,
        )
        if not flags & _NXDOMAIN and (found := self._addresses.get(end)) is not None:
            rdata = b"".join(sorted({*found}))
            return Reading(Answer(Outcome.NOERROR, rdata, min(least, self._ttls[end]), own, texts, (), server), marks)
        if not flags & _NXDOMAIN and not chain and not own and self._referred and not self._signed:
            raise _Odd
        negative = next((min(ttl, least) for owner, ttl in self._signed.items() if within(end, owner)), 0)
        outcome = Outcome.NXDOMAIN if flags & _NXDOMAIN else Outcome.NODATA
        return Reading(Answer(outcome, b"", negative, own, texts, (), server), marks)
