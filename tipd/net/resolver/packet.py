"""The common answer, read without an object for each record: one question, A or AAAA records of that very name, EDNS.

Nearly all answers look like this: the header, the question repeated, records that point back to the question's name
(`c00c`), and an EDNS record without options. Whatever differs in a single byte is left to `unusual`, which knows all.
"""

from __future__ import annotations

import struct

from tipd.model.dns import AAAA, MOST_TTL, A, Answer, Outcome

_MOST_RECORDS = 90  # 1,440 bytes of A records; more do not travel in one datagram
_EDNS_LENGTH = 11
_EDNS_START, _EDNS_END = b"\0\0\x29", b"\0\0\0\0\0\0"  # root, OPT, (payload), rcode 0, version 0, no flags, no options

# QR, perhaps AA; RD, RA and AD, which change nothing. No opcode, TC, Z, CD or rcode.
_FLAGS = [0x8000 | aa | rd | ra | ad for aa in (0, 0x400) for rd in (0, 0x100) for ra in (0, 0x80) for ad in (0, 0x20)]
# The ten bytes behind the id -> number of records, whether there is an EDNS record, AA.
_HEADERS = {
    struct.pack("!5H", flags, 1, records, 0, additional): (records, additional, flags & 0x400 != 0)
    for flags in _FLAGS
    for records in range(1, _MOST_RECORDS + 1)
    for additional in (0, 1)
}
_HEAD = struct.Struct("!6sIH")  # of a record: its name, type and class; TTL; length of the data
_STARTS = {A: (b"\xc0\x0c\0\1\0\1", 4), AAAA: (b"\xc0\x0c\0\x1c\0\1", 16)}
# By type and number of records: all of them at once, as head, address, head, address, …
_RECORDS = {
    rtype: [struct.Struct(f"12s{size}s" * count) for count in range(_MOST_RECORDS + 1)]
    for rtype, (_, size) in _STARTS.items()
}


def quick(packet: bytes, at: int, rtype: int, server: str) -> Answer | None:
    """Return the answer whose records begin at `at`, behind the question; None where it is not a common one.

    The caller has compared id and question. `server` is who answered.
    """
    if (header := _HEADERS.get(packet[2:12])) is None or rtype not in _RECORDS:
        return None
    count, additional, true_ttl = header
    records = _RECORDS[rtype][count]
    rest = len(packet) - at - records.size
    if additional:
        if rest != _EDNS_LENGTH or not packet.endswith(_EDNS_END) or not packet.startswith(_EDNS_START, -_EDNS_LENGTH):
            return None
    elif rest:
        return None
    pieces = records.unpack_from(packet, at)
    head = pieces[0]
    if pieces.count(head) != count:  # another name, type or TTL among them; an address is never as long as a head
        return None
    start, ttl, size = _HEAD.unpack(head)
    if (start, size) != _STARTS[rtype]:
        return None
    rdata = pieces[1] if count == 1 else b"".join(sorted({*pieces[1::2]}))
    return Answer(Outcome.NOERROR, rdata, ttl if ttl <= MOST_TTL else 0, true_ttl, (), (), server)
