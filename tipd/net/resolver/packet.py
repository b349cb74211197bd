"""The common answer, read without an object for each record: one question, A or AAAA records of that very name, EDNS.

Nearly all answers look like this: the header, the question repeated, records that point back to the question's name
(`c00c`), and an EDNS record without options. Whatever differs in a single byte is left to `unusual`, which knows all.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tipd.model.dns import AAAA, MOST_TTL, A, Answer, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_RECORDS = 90  # 1,440 bytes of A records; more do not travel in one datagram
_MOST_HEADS = 20_000  # remembered
_EDNS_LENGTH = 11
_EDNS = struct.Struct("!BHHBBHH")  # name, type, payload, upper bits of the rcode, version, flags, length of the options
_HEAD = struct.Struct("!6sIH")  # of a record: its name, type and class; TTL; length of the data
_HEAD_LENGTH = 12
_NOERROR = Outcome.NOERROR
_OPT = 41
_STARTS = {A: (b"\xc0\x0c\0\1\0\1", 4), AAAA: (b"\xc0\x0c\0\x1c\0\1", 16)}

# QR, perhaps AA; RD, RA and AD, which change nothing. No opcode, TC, Z, CD or rcode.
_FLAGS = [0x8000 | aa | rd | ra | ad for aa in (0, 0x400) for rd in (0, 0x100) for ra in (0, 0x80) for ad in (0, 0x20)]


def _headers(size: int) -> dict[bytes, tuple[int, int, bool, Callable[[bytes, int], tuple[bytes, ...]]]]:
    """Return what the ten bytes behind the id may be: number of records, all bytes that follow, AA, how to part them.

    Parted are head, address, head, address, …: in one step, since all heads are to be the same.
    """
    parts = [struct.Struct(f"{_HEAD_LENGTH}s{size}s" * count).unpack_from for count in range(_MOST_RECORDS + 1)]
    return {
        struct.pack("!5H", flags, 1, count, 0, additional): (
            count,
            count * (_HEAD_LENGTH + size) + additional * _EDNS_LENGTH,
            flags & 0x400 != 0,
            parts[count],
        )
        for flags in _FLAGS
        for count in range(1, _MOST_RECORDS + 1)
        for additional in (0, 1)
    }


_HEADERS = {rtype: _headers(size) for rtype, (_, size) in _STARTS.items()}
_heads: dict[int, dict[bytes, int]] = {A: {}, AAAA: {}}  # heads of records met before -> TTL
_tails: set[bytes] = set()  # EDNS records met before


def quick(packet: bytes, at: int, rtype: int, server: str) -> Answer | None:
    """Return the answer whose records begin at `at`, behind the question; None where it is not a common one.

    The caller has compared id and question. `server` is who answered.
    """
    if (headers := _HEADERS.get(rtype)) is None or (header := headers.get(packet[2:12])) is None:
        return None
    count, length, true_ttl, part = header
    if len(packet) - at != length:
        return None
    if packet[11] and (tail := packet[-_EDNS_LENGTH:]) not in _tails and not _plain_edns(tail):
        return None
    pieces = part(packet, at)
    head = pieces[0]
    ttl = _heads[rtype].get(head)
    if ttl is None and (ttl := _ttl(head, rtype)) is None:
        return None
    if count == 1:
        return Answer(_NOERROR, pieces[1], ttl, true_ttl, (), (), server)
    if pieces.count(head) != count:  # another name, type or TTL among them; an address is never as long as a head
        return None
    return Answer(_NOERROR, b"".join(sorted({*pieces[1::2]})), ttl, true_ttl, (), (), server)


def _plain_edns(tail: bytes) -> bool:
    """Return whether it is an EDNS record without options that adds nothing to the rcode (RFC 6891, 6.1.3)."""
    name, rtype, _, rcode, version, _, options = _EDNS.unpack(tail)
    if name or rtype != _OPT or rcode or version or options:
        return False
    if len(_tails) < _MOST_HEADS:
        _tails.add(tail)
    return True


def _ttl(head: bytes, rtype: int) -> int | None:
    """Return the TTL of a record that has the question's name and type, None of any other."""
    start, ttl, size = _HEAD.unpack(head)
    if (start, size) != _STARTS[rtype]:
        return None
    known = _heads[rtype]
    if len(known) >= _MOST_HEADS:
        known.clear()
    known[head] = found = ttl if ttl <= MOST_TTL else 0
    return found
