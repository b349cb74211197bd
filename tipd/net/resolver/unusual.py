"""Every other answer, read by dnspython: other types, errors, extended errors, odd chains and odd compression.

What is costly is refused before it is parsed: a record costs dnspython some 50 µs, in which nothing else is done.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype

from tipd.model.dns import AAAA, CNAME, MOST_TTL, A, Answer, Outcome, text_name
from tipd.net.resolver.policy import Marks
from tipd.net.resolver.reading import LONGEST_CHAIN, MOST_RECORDS, Reading
from tipd.net.resolver.skim import Costly, skimmed
from tipd.net.resolver.texts import record_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    import dns.rrset

_COUNTS = struct.Struct("!3H")


def read(packet: bytes, name: bytes, rtype: int, server: str) -> Reading:
    """Return what a packet says that answers our question (id and question were compared). Never raises."""
    records = sum(_COUNTS.unpack_from(packet, 6))
    if records > MOST_RECORDS:
        why = f"an answer of {records} records (at most {MOST_RECORDS} are read)"
        return Reading(Answer(Outcome.SERVFAIL, server=server, why=why), final=True)
    try:
        packet = skimmed(packet, len(name) + 16, rtype)
        message = dns.message.from_wire(packet, keyring=False, ignore_trailing=True)
        return _read(message, name, rtype, server)
    except Costly as error:
        return Reading(
            Answer(Outcome.SERVFAIL, server=server, why=f"an answer that costs too much: {error}"), final=True
        )
    except (dns.exception.DNSException, ValueError, IndexError, struct.error) as error:
        why = f"an answer that cannot be read: {error}"[:200]
        return Reading(Answer(Outcome.TIMEOUT, server=server, why=why), unread=True)


def _read(message: dns.message.Message, name: bytes, rtype: int, server: str) -> Reading:
    rcode = message.rcode()
    marks = marks_of(message)
    if rcode in (dns.rcode.FORMERR, dns.rcode.BADVERS, dns.rcode.NOTIMP):
        answer = Answer(Outcome.SERVFAIL, server=server, why=dns.rcode.to_text(rcode))
        return Reading(answer, marks, formerr=True)
    if rcode == dns.rcode.REFUSED:
        return Reading(Answer(Outcome.REFUSED, server=server, why="refused"), marks)
    if rcode not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Reading(Answer(Outcome.SERVFAIL, server=server, why=dns.rcode.to_text(rcode)), marks)
    found = Found(message, name, rtype)
    trouble = found.follow()
    if trouble:
        return Reading(Answer(Outcome.SERVFAIL, cname=found.chain, server=server, why=trouble), marks, final=True)
    return Reading(found.answer(server, missing=rcode == dns.rcode.NXDOMAIN), marks)


class Found:
    """Follows the chain through a message's answer section; records of names that are not on it do not count.

    `end`: the name that the chain leads to, as far as it was followed.
    """

    def __init__(self, message: dns.message.Message, name: bytes, rtype: int) -> None:
        self._message = message
        self._rtype = rtype
        self.end = dns.name.from_wire(name, 0)[0]
        self._sets = {(each.name, int(each.rdtype)): each for each in message.answer if each.rdclass == 1}
        self._links: list[dns.name.Name] = []
        self._ttls: list[int] = []

    @property
    def ttl(self) -> int:
        """Return the least TTL along the chain, 0 where nothing was followed."""
        return _ttl(min(self._ttls, default=0))

    @property
    def chain(self) -> tuple[str, ...]:
        """Return the names that were followed, as text."""
        return tuple(text_name(link.to_wire() or b"\0") for link in self._links)

    def follow(self) -> str:
        """Walk to the chain's end; return what is wrong with the chain, or nothing."""
        seen = {self.end}
        while self._rtype != CNAME and (link := self._sets.get((self.end, CNAME))) is not None:
            if len(self._links) == LONGEST_CHAIN:
                return f"a chain of more than {LONGEST_CHAIN} CNAMEs"
            self.end = link[0].target
            self._links.append(self.end)
            self._ttls.append(link.ttl)
            if self.end in seen:
                return "a chain of CNAMEs that runs in a circle"
            seen.add(self.end)
        return ""

    def answer(self, server: str, *, missing: bool) -> Answer:
        """Return the answer at the chain's end; `missing`: the name there does not exist."""
        records = None if missing else self._sets.get((self.end, self._rtype))
        own = bool(self._message.flags & dns.flags.AA)
        if records is None:
            return self._negative(server, own, missing=missing)
        ttl = _ttl(min((*self._ttls, records.ttl)))
        if self._rtype in (A, AAAA):
            rdata = b"".join(sorted({each.to_wire() or b"" for each in records}))
            return Answer(Outcome.NOERROR, rdata, ttl, own, self.chain, (), server)
        texts = tuple(sorted({record_text(each) for each in records}))
        return Answer(Outcome.NOERROR, b"", ttl, own, self.chain, texts, server)

    def _negative(self, server: str, own: bool, *, missing: bool) -> Answer:
        # RFC 2308, 2.2: an empty answer with name servers and no SOA is a referral, which says nothing of the name.
        if not missing and not self._links and _referral(self._message, own):
            return Answer(Outcome.SERVFAIL, server=server, why="a referral instead of an answer")
        outcome = Outcome.NXDOMAIN if missing else Outcome.NODATA
        return Answer(outcome, b"", self._negative_ttl(), own, self.chain, (), server)

    def _negative_ttl(self) -> int:
        """Return the lesser of the SOA's TTL and its MINIMUM (RFC 2308, 5), of a zone that the name is in; else 0."""
        for each in self._message.authority:
            if each.rdtype == dns.rdatatype.SOA and each.rdclass == 1 and self.end.is_subdomain(each.name):
                return min(_ttl(each.ttl), _ttl(each[0].minimum), *map(_ttl, self._ttls))
        return 0


def _referral(message: dns.message.Message, own: bool) -> bool:
    types = {each.rdtype for each in message.authority}
    return not own and dns.rdatatype.NS in types and dns.rdatatype.SOA not in types


def _ttl(ttl: int) -> int:
    return ttl if 0 <= ttl <= MOST_TTL else 0


def marks_of(message: dns.message.Message) -> Marks:
    """Return what a message bears that policies are known by."""
    errors = tuple(int(each.code) for each in message.options if isinstance(each, dns.edns.EDEOption))
    authority, additional = _zones(message.authority), _zones(message.additional)
    available = bool(message.flags & dns.flags.RA)
    return Marks(errors=errors, authority=authority, additional=additional, recursion_available=available)


def _zones(section: Iterable[dns.rrset.RRset]) -> tuple[str, ...]:
    return tuple(text_name(each.name.to_wire() or b"\0") for each in section if each.rdtype == dns.rdatatype.SOA)
