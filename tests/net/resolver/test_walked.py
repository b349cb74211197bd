"""Chains and negative answers, read record by record as dnspython reads them; what is odd is left to it."""

import itertools
import struct

import dns.message
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns.names import wire_names
from support.dns.wire import (
    AA,
    NXDOMAIN,
    QR,
    QUESTION,
    RA,
    RD,
    SERVFAIL,
    TC,
    Asked,
    a,
    cname,
    ns,
    opt,
    record,
    reply,
    soa,
)  # fmt: skip

from tipd.model.dns import AAAA, MX, A, Outcome, text_name, wire_name
from tipd.net.resolver import wire
from tipd.net.resolver.reading import LONGEST_CHAIN, MOST_PLAIN_RECORDS, Reading
from tipd.net.resolver.unusual import read
from tipd.net.resolver.walked import walked

NAME = wire_name("www.example.org")
ONE = a(QUESTION, "192.0.2.1")
ALIAS = cname(QUESTION, "c.example.net", 30)


def asked(name: bytes = NAME, rtype: int = A) -> Asked:
    return Asked(b"\x12\x34" + wire.head(recursion=True, edns=True) + name + wire.kind(rtype) + wire.EDNS)


def told(packet: bytes, name: bytes = NAME, rtype: int = A) -> Reading | None:
    return walked(packet, 16 + len(name), name, rtype, "here")


READ = {
    "an address": reply(asked(), ONE),
    "the name in full": reply(asked(), a("www.example.org", "192.0.2.1")),
    "differing TTLs": reply(asked(), [*ONE, *a(QUESTION, "192.0.2.2", ttl=5)]),
    "a chain": reply(asked(), [ALIAS, *a("c.example.net", "192.0.2.1", ttl=90)]),
    "a chain into compressed names": reply(asked(), [cname(QUESTION, b"\1c\xc0\x10"), *a(b"\xc0\x2d", "192.0.2.1")]),
    "records of other names": reply(asked(), [*ONE, *a("x.example.org", "192.0.2.2")]),
    "a chain to nothing": reply(asked(), [ALIAS], [soa("example.net")]),
    "no data": reply(asked(), [], [soa("example.org", 900, 30)], flags=QR | AA),
    "no name": reply(asked(), [], [soa("", 900, 30)], rcode=NXDOMAIN),
    "no name at the end of a chain": reply(asked(), [ALIAS], [soa("example.net")], rcode=NXDOMAIN),
    "nothing at all": reply(asked()),
    "another zone's SOA": reply(asked(), [], [soa("example.com")], rcode=NXDOMAIN),
    "servers and glue": reply(asked(), ONE, [ns("example.org", "ns.a")], a("ns.a", "192.0.2.53", "2001:db8::1")),
    "a policy zone beside it": reply(asked(), ONE, [], [soa("rpz.local"), opt()]),
    "no EDNS": reply(asked(), ONE, counts=(1, 1, 0, 0))[:-11],
}  # fmt: skip
LEFT_ALONE = {
    "an error": reply(asked(), rcode=SERVFAIL),
    "truncated": reply(asked(), ONE, flags=QR | TC),
    "a question": reply(asked(), ONE, flags=RD),
    "two questions": reply(asked(), ONE, counts=(2, 1, 0, 1)),
    "an extended error": reply(asked(), ONE, [], [opt(15)]),
    "two EDNS records": reply(asked(), ONE, [], [opt(), opt()]),
    "a referral": reply(asked(), [], [ns("example.org", "ns.example.org")]),
    "a TTL out of range": reply(asked(), a(QUESTION, "192.0.2.1", ttl=2**31)),
    "two aliases": reply(asked(), [ALIAS, ALIAS]),
    "a circle": reply(asked(), [cname(QUESTION, "www.example.org")]),
    "another type": reply(asked(), [record(QUESTION, MX, b"\0\0\1a\0")]),
    "another class": reply(asked(), [ONE[0][:4] + b"\0\3" + ONE[0][6:]]),
    "a wrong length": reply(asked(), [record(QUESTION, A, b"\1\2\3")]),
    "bytes behind an alias": reply(asked(), [record(QUESTION, 5, b"\1a\0\0")]),
    "a short SOA": reply(asked(), [], [record("example.org", 6, b"\1a\0\1b\0" + bytes(19))]),
    "bytes that are left": reply(asked(), ONE) + b"\0",
    "too short": reply(asked(), ONE)[:-1],
    "more records than there are": reply(asked(), ONE, counts=(1, 5, 0, 1)),
    "a name that points at itself": reply(asked(), [record(b"\xc0\x21", A, b"\1\2\3\4")]),
    "a name that points ahead": reply(asked(), [record(b"\xc0\x40", A, b"\1\2\3\4"), *ONE]),
    "a label of 64 bytes": reply(asked(), [record(b"\x40" + b"x" * 64 + b"\0", A, b"\1\2\3\4")]),
    "a name of 256 bytes": reply(asked(), [record((b"\x3f" + b"x" * 63) * 4 + b"\0", A, b"\1\2\3\4")]),
    "too many records": reply(asked(), ONE * (MOST_PLAIN_RECORDS + 1)),
}


@pytest.mark.parametrize("what", READ)
def test_it_reads_what_dnspython_reads(what: str) -> None:
    assert told(READ[what]) == read(READ[what], NAME, A, "here")


@pytest.mark.parametrize("what", LEFT_ALONE)
def test_what_is_odd_is_left_alone(what: str) -> None:
    assert told(LEFT_ALONE[what]) is None


def test_other_types_are_left_alone() -> None:
    assert told(reply(asked(rtype=MX)), rtype=MX) is None


@pytest.mark.parametrize(("length", "ends"), [(LONGEST_CHAIN, True), (LONGEST_CHAIN + 1, False)])
def test_long_chains(length: int, ends: bool) -> None:
    names = ["www.example.org", *(f"c{number}.example" for number in range(length))]
    chain = [cname(owner, name) for owner, name in itertools.pairwise(names)]
    found = told(reply(asked(), [*chain, *a(names[-1], "192.0.2.1")]))
    assert (found is not None) is ends
    if found is not None:
        assert found.answer.cname == tuple(names[1:])


@given(
    st.lists(wire_names(), min_size=1, max_size=6, unique_by=bytes.lower),
    st.sampled_from([A, AAAA]),
    st.integers(0, 5),
    st.lists(st.integers(0, 2**31 - 1), min_size=8, max_size=8),
    st.sampled_from([0, NXDOMAIN]),
    st.booleans(),
    st.sampled_from([QR | RD | RA, QR | AA]),
    st.randoms(use_true_random=False),
)
def test_any_chain_is_read_as_dnspython_reads_it(names, rtype, count, ttls, rcode, signed, flags, rng) -> None:
    size = 4 if rtype == A else 16
    records = [record(owner, 5, name, ttl) for owner, name, ttl in zip(names, names[1:], ttls, strict=False)]
    records += [record(names[-1], rtype, rng.randbytes(size), ttls[-1]) for _ in range(count)]
    rng.shuffle(records)
    authority = [soa("", ttls[0], ttls[1])] if signed else []
    packet = reply(asked(names[0], rtype), records, authority, rcode=rcode, flags=flags)
    found = told(packet, names[0], rtype)
    assert found is not None and found == read(packet, names[0], rtype, "here")
    assert found.answer.cname == tuple(map(text_name, names[1:]))
    if count and not rcode:
        assert found.answer.outcome is Outcome.NOERROR


@pytest.mark.parametrize("count", [129, 150, 300, 1000])
def test_many_addresses_are_a_sample_as_dnspython_reads_them(count: int) -> None:
    addresses = [f"10.{number // 250}.{number % 250}.1" for number in range(count)]
    packet = reply(asked(), [cname(QUESTION, "a.example.net", 30), *a("a.example.net", *addresses)])
    reading = walked(packet, 16 + len(NAME), NAME, A, "here")
    (rrset,) = [each for each in dns.message.from_wire(packet).answer if each.rdtype == A]
    assert reading is not None and reading.answer.cname == ("a.example.net",) and reading.answer.ttl == 30
    assert reading.answer.rdata == b"".join(sorted(each.to_wire() or b"" for each in rrset))


def test_names_that_take_long_to_read_are_left_alone() -> None:
    long = b"".join(b"\1a" for _ in range(120)) + b"\0"
    first, second = (struct.pack("!H", 0xC000 + 16 + len(NAME) + 12 + more) for more in (2, 4))
    pointing = [record(b"\1b" + to, A, bytes(4)) for to in (first, second) * 100]
    assert walked(reply(asked(), [cname(QUESTION, long), *pointing]), 16 + len(NAME), NAME, A, "here") is None
    assert walked(reply(asked(), [cname(QUESTION, long), *pointing[:20]]), 16 + len(NAME), NAME, A, "here")
    links = [record(struct.pack("!H", 0xC000 + 16 + len(NAME) + 16 * at), A, bytes(4)) for at in range(9)]
    assert walked(reply(asked(), [*a(QUESTION, "192.0.2.1"), *links]), 16 + len(NAME), NAME, A, "here") is None
    assert walked(reply(asked(), [*a(QUESTION, "192.0.2.1"), *links[:3]]), 16 + len(NAME), NAME, A, "here")
