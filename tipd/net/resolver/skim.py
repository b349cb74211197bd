"""What reading a packet would cost, before it is read: a hostile one of 5 kB could hold dnspython for a second.

Names are what costs: a pointer of two bytes stands for a name of 127 labels, which is then compared and hashed for each
record. So labels are counted as dnspython would meet them. Records of types that nobody asked for are not read at all.
"""

from __future__ import annotations

import struct

from tipd.model.dns import AAAA, CNAME, LONGEST_NAME, NS, SOA, A

MOST_LABELS = 1000  # some 20 ms; a full referral (13 servers, 26 addresses) has 250
MOST_OPTIONS = 1024  # bytes of EDNS options; extended errors with their texts have a hundred
MOST_DATA = 4096  # bytes of an answer of another type than addresses and names (thousands of strings in a TXT)
_OPT = 41
_NAMES = {CNAME: (0,), NS: (0,), SOA: (0, 0)}  # names that the data begins with
_READ = {A, AAAA, CNAME, NS, SOA, _OPT}
_UNREAD = b"\xff\x00"  # a type for private use: its data is taken as it is
_FIXED = struct.Struct("!HHIH").unpack_from
_COUNTS = struct.Struct("!3H").unpack_from


class Costly(ValueError):
    """Reading the packet would hold up everything else."""


def skimmed(packet: bytes, at: int, rtype: int) -> bytes:
    """Return the packet, records of types that do not matter to a question of `rtype` marked so that they are not read.

    `at`: where the records begin. Raises Costly; IndexError or struct.error where the packet ends too soon.
    """
    labels = _Labels(packet)
    made = bytearray(packet)
    data = 0
    for _ in range(sum(_COUNTS(packet, 6))):
        at = labels.take(at)
        kind, _, _, length = _FIXED(packet, at)
        if kind == _OPT and length > MOST_OPTIONS:
            raise Costly(f"{length} bytes of EDNS options")
        if kind not in _READ and kind != rtype:
            made[at : at + 2] = _UNREAD
        elif kind in _NAMES and length:
            behind = at + 10
            for _ in _NAMES[kind]:
                behind = labels.take(behind)
        elif kind not in _READ:
            data += length
            if data > MOST_DATA:
                raise Costly(f"more than {MOST_DATA} bytes of data")
        at += 10 + length
    return bytes(made)


class _Labels:
    """Counts labels along pointers; where the pointers are wrong it stops, and leaves the error to who reads them."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._left = MOST_LABELS
        self._known: dict[int, int] = {}  # labels from there on

    def take(self, at: int) -> int:
        """Count the name at `at`; return where what follows it begins."""
        packet, count = self._packet, 1
        while 0 < (length := packet[at]) < 0xC0:
            at += 1 + length
            count += 1
        if length:
            count += self._beyond((length & 0x3F) << 8 | packet[at + 1], at)
        self._left -= count
        if self._left < 0:
            raise Costly(f"names of more than {MOST_LABELS} labels")
        return at + 2 if length else at + 1

    def _beyond(self, start: int, lowest: int) -> int:
        found = self._known.get(start)
        if found is not None:
            return found
        packet, at, count = self._packet, start, 0
        while at < len(packet) and count < LONGEST_NAME:
            count += 1
            if not (length := packet[at]):
                break
            if length >= 0xC0:
                if (pointed := (length & 0x3F) << 8 | packet[at + 1]) >= lowest:
                    break
                at = lowest = pointed
            else:
                at += 1 + length
        self._known[start] = count
        return count
