"""What a zone's own server says: an answer, a referral, an alias that leads elsewhere, or nothing it may say.

It is believed only in what it has authority for (RFC 2181, 5.4.1): answers need AA and names in the zone that it was
asked about; a referral must lead towards the name asked for, below that zone; glue counts for servers of the referral
whose names are in that zone, all others are looked up on their own.
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
import msgspec

from tipd.model.dns import AAAA, NS, A, Answer, Outcome
from tipd.net.resolver.bailiwick import below, lowered, within
from tipd.net.resolver.delegation import MOST_ADDRESSES, MOST_SERVERS, NameServer
from tipd.net.resolver.policy import PLAIN, Marks
from tipd.net.resolver.reading import MOST_RECORDS
from tipd.net.resolver.skim import Costly, skimmed
from tipd.net.resolver.unusual import Found, marks_of

if TYPE_CHECKING:
    import dns.rrset

_COUNTS = struct.Struct("!3H")


class Final(msgspec.Struct, frozen=True, gc=False):
    """The zone's word."""

    answer: Answer
    marks: Marks = PLAIN


class Referral(msgspec.Struct, frozen=True, gc=False):
    """Ask these: they speak for a zone further down."""

    zone: bytes
    servers: tuple[NameServer, ...]
    ttl: int


class Alias(msgspec.Struct, frozen=True, gc=False):
    """The name is another's alias, about which this server says nothing that counts; `cname` ends with that name."""

    cname: tuple[str, ...]
    end: bytes
    ttl: int


class Lame(msgspec.Struct, frozen=True, gc=False):
    """The server does not speak for the zone, or not so that it can be understood; `outcome`: what is left of it.

    `everywhere`: it does not speak for the zone at all, whichever of its names is asked for.
    """

    why: str
    outcome: Outcome = Outcome.SERVFAIL
    marks: Marks = PLAIN
    everywhere: bool = False


type Said = Final | Referral | Alias | Lame


def said(packet: bytes, name: bytes, rtype: int, zone: bytes, server: str) -> Said:
    """Return what an answer to our question (id and question were compared) says. Never raises.

    `name` is the one asked for and `zone` the one for which the server was asked, both canonical.
    """
    records = sum(_COUNTS.unpack_from(packet, 6))
    if records > MOST_RECORDS:
        return Lame(f"an answer of {records} records (at most {MOST_RECORDS} are read)")
    try:
        packet = skimmed(packet, len(name) + 16, rtype)
        message = dns.message.from_wire(packet, keyring=False, ignore_trailing=True)
        return _said(message, name, rtype, zone, server)
    except Costly as error:
        return Lame(f"an answer that costs too much: {error}")
    except (dns.exception.DNSException, ValueError, IndexError, struct.error) as error:
        return Lame(f"an answer that cannot be read: {error}"[:200])


def _said(message: dns.message.Message, name: bytes, rtype: int, zone: bytes, server: str) -> Said:
    rcode, marks = message.rcode(), marks_of(message)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        refused = rcode == dns.rcode.REFUSED
        return Lame(dns.rcode.to_text(rcode), Outcome.REFUSED if refused else Outcome.SERVFAIL, marks, refused)
    own = bool(message.flags & dns.flags.AA)
    if rcode == dns.rcode.NOERROR and not message.answer and (referral := _referral(message, name, zone)) is not None:
        return referral
    if not own:
        return Lame("an answer without authority", marks=marks, everywhere=True)
    message.answer = [each for each in message.answer if within(_wire(each.name), zone)]
    found = Found(message, name, rtype)
    if trouble := found.follow():
        return Final(Answer(Outcome.SERVFAIL, cname=found.chain, server=server, why=trouble), marks)
    end = _wire(found.end)
    if found.chain and not (within(end, zone) and _ends(message, rtype, end, zone, missing=bool(rcode))):
        return Alias(found.chain, end, found.ttl)
    return Final(found.answer(server, missing=rcode == dns.rcode.NXDOMAIN), marks)


def _ends(message: dns.message.Message, rtype: int, end: bytes, zone: bytes, *, missing: bool) -> bool:
    """Return whether the server says what is, or is not, at the end of a chain."""
    if missing or any(each.rdtype == rtype and _wire(each.name) == end for each in message.answer):
        return True
    signed = (_wire(each.name) for each in message.authority if each.rdtype == dns.rdatatype.SOA)
    return any(within(end, each) and within(each, zone) for each in signed)


def _referral(message: dns.message.Message, name: bytes, zone: bytes) -> Referral | None:
    """Return the referral, where there is one that leads from the zone towards the name, whether AA is set or not."""
    if any(each.rdtype == dns.rdatatype.SOA for each in message.authority):
        return None
    for each in message.authority:
        owner = _wire(each.name)
        if each.rdtype == NS and each.rdclass == 1 and below(owner, zone) and within(name, owner):
            names = list(dict.fromkeys(_wire(record.target) for record in each))[:MOST_SERVERS]
            glue = _glue(message, set(names), zone)
            servers = tuple(NameServer(host, tuple(glue.get(host, ())[:MOST_ADDRESSES])) for host in names)
            return Referral(owner, servers, max(each.ttl, 0))
    return None


def _glue(message: dns.message.Message, hosts: set[bytes], zone: bytes) -> dict[bytes, list[str]]:
    glue: dict[bytes, list[str]] = {}
    for each in message.additional:
        host = _wire(each.name)
        if each.rdclass == 1 and each.rdtype in (A, AAAA) and host in hosts and within(host, zone):
            glue.setdefault(host, []).extend(record.address for record in each)
    return glue


def _wire(name: dns.name.Name) -> bytes:
    return lowered(name.to_wire() or b"\0")
