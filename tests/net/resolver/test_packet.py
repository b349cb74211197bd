"""The common answer: read as dnspython reads it, and left alone wherever a byte is unusual."""

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns.names import wire_names
from support.dns.wire import AA, QR, QUESTION, RA, RD, TC, Asked, a, cname, opt, record, reply

from tipd.model.dns import AAAA, MOST_TTL, NS, A, Answer, Outcome, wire_name
from tipd.net.resolver import wire
from tipd.net.resolver.packet import quick
from tipd.net.resolver.unusual import read

NAME = wire_name("www.example.org")


def asked(name: bytes = NAME, rtype: int = A, *, edns: bool = True) -> Asked:
    return Asked(b"\x12\x34" + wire.head(recursion=True, edns=edns) + name + wire.kind(rtype) + wire.EDNS * edns)


def told(packet: bytes, name: bytes = NAME, rtype: int = A) -> Answer | None:
    return quick(packet, 16 + len(name), rtype, "here")


def test_addresses_are_distinct_and_sorted() -> None:
    packet = reply(asked(), a(QUESTION, "192.0.2.9", "192.0.2.1", "192.0.2.9", ttl=30))
    rdata = ip_address("192.0.2.1").packed + ip_address("192.0.2.9").packed
    assert told(packet) == Answer(Outcome.NOERROR, rdata, 30, False, (), (), "here")


@pytest.mark.parametrize("count", [1, 2, 5, 90])
@pytest.mark.parametrize("edns", [True, False])
def test_any_number_of_addresses(count: int, edns: bool) -> None:
    addresses = [f"192.0.2.{number}" for number in range(count)]
    answer = told(reply(asked(edns=edns), a(QUESTION, *addresses), flags=QR | AA | RD))
    assert answer is not None and answer.true_ttl
    assert answer.rdata == b"".join(ip_address(each).packed for each in addresses)


def test_ipv6() -> None:
    answer = told(reply(asked(rtype=AAAA), a(QUESTION, "2001:db8::2", "2001:db8::1")), rtype=AAAA)
    assert answer is not None
    assert answer.rdata == ip_address("2001:db8::1").packed + ip_address("2001:db8::2").packed


@pytest.mark.parametrize(("ttl", "expected"), [(0, 0), (MOST_TTL, MOST_TTL), (2**31, 0), (2**32 - 1, 0)])
def test_a_ttl_with_the_highest_bit_is_none(ttl: int, expected: int) -> None:
    answer = told(reply(asked(), a(QUESTION, "192.0.2.1", ttl=ttl)))
    assert answer is not None and answer.ttl == expected


ONE = a(QUESTION, "192.0.2.1")
LEFT_ALONE = {
    "no record": reply(asked()),
    "an error": reply(asked(), ONE, rcode=2),
    "truncated": reply(asked(), ONE, flags=QR | RD | RA | TC),
    "a question": reply(asked(), ONE, flags=RD),
    "an alias": reply(asked(), [cname(QUESTION, "a.example.net"), *a("a.example.net", "192.0.2.1")]),
    "another name": reply(asked(), [*ONE, *a("www.example.net", "192.0.2.1")]),
    "the name in full": reply(asked(), a("www.example.org", "192.0.2.1")),
    "differing TTLs": reply(asked(), [*ONE, *a(QUESTION, "192.0.2.2", ttl=61)]),
    "another type": reply(asked(), [record(QUESTION, NS, b"\1a\0\0")]),
    "a wrong length": reply(asked(), [record(QUESTION, A, b"\1\2\3\4", length=5)]),
    "another class": reply(asked(), [ONE[0][:4] + b"\0\3" + ONE[0][6:]]),
    "authority": reply(asked(), ONE, [record("example.org", NS, b"\1a\0")]),
    "additional": reply(asked(), ONE, [], [*a("b.example", "192.0.2.1")]),
    "an extended error": reply(asked(), ONE, [], [opt(15)]),
    "a high rcode": reply(asked(), ONE, [], [opt()[:5] + b"\1" + opt()[6:]]),
    "EDNS of another version": reply(asked(), ONE, [], [opt()[:6] + b"\1" + opt()[7:]]),
    "bytes that are left": reply(asked(), ONE) + b"\0",
    "too short": reply(asked(), ONE)[:-12],
    "more records than there are": reply(asked(), ONE, counts=(1, 2, 0, 1)),
}


@pytest.mark.parametrize("why", LEFT_ALONE)
def test_what_is_unusual_is_left_alone(why: str) -> None:
    assert told(LEFT_ALONE[why]) is None


def test_other_types_are_left_alone() -> None:
    assert told(reply(asked(rtype=NS), [record(QUESTION, NS, b"\1a\0")]), rtype=NS) is None


@given(
    wire_names(),
    st.sampled_from([A, AAAA]).flatmap(
        lambda rtype: st.tuples(
            st.just(rtype),
            st.lists(st.binary(min_size=(n := 4 if rtype == A else 16), max_size=n), min_size=1, max_size=40),
        )
    ),
    st.integers(0, 2**32 - 1),
    st.sampled_from([QR, QR | RD | RA, QR | AA]),
    st.booleans(),
)
def test_it_says_what_dnspython_says(
    name: bytes, records: tuple[int, list[bytes]], ttl: int, flags: int, edns: bool
) -> None:
    rtype, addresses = records
    packet = reply(
        asked(name, rtype, edns=edns), [record(QUESTION, rtype, each, ttl) for each in addresses], flags=flags
    )
    answer = told(packet, name, rtype)
    assert answer is not None
    assert answer == read(packet, name, rtype, "here").answer
