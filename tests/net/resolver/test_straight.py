"""What is believed of a zone's own server, packet by packet."""

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns import wire
from support.dns.wire import AA, NXDOMAIN, QR, QUESTION, REFUSED, SERVFAIL, Asked, a, cname, ns, reply, soa

from tipd.model.dns import AAAA, NS, A, Outcome, text_name, wire_name
from tipd.net.resolver.bailiwick import below, within
from tipd.net.resolver.delegation import MOST_SERVERS
from tipd.net.resolver.straight import Alias, Final, Lame, Referral, Said, said

NAME, ZONE = wire_name("www.example.org"), wire_name("example.org")
ORG = wire_name("org")
SERVER = "192.0.2.53:53"


def asked(name: bytes = NAME, rtype: int = A) -> Asked:
    return Asked(struct.pack("!6H", 7, 0, 1, 0, 0, 0) + name + struct.pack("!HH", rtype, 1))


def read(packet: bytes, name: bytes = NAME, rtype: int = A, zone: bytes = ZONE) -> Said:
    return said(packet, name, rtype, zone, SERVER)


def own(*answers: bytes, rcode: int = 0, authority: tuple[bytes, ...] = (), rtype: int = A) -> bytes:
    return reply(asked(rtype=rtype), answers, authority, rcode=rcode, flags=QR | AA)


def referring(*authority: bytes, glue: tuple[bytes, ...] = (), flags: int = QR, name: bytes = NAME) -> bytes:
    return reply(asked(name), [], authority, glue, flags=flags)


def test_the_zones_word() -> None:
    told = read(own(*a(QUESTION, "192.0.2.2", "192.0.2.1", ttl=77)))
    assert isinstance(told, Final)
    assert (told.answer.outcome, told.answer.ttl, told.answer.true_ttl) == (Outcome.NOERROR, 77, True)
    assert told.answer.rdata == bytes((192, 0, 2, 1, 192, 0, 2, 2)) and told.answer.server == SERVER


@pytest.mark.parametrize(("rcode", "outcome"), [(0, Outcome.NODATA), (NXDOMAIN, Outcome.NXDOMAIN)])
def test_what_is_not_there_with_its_negative_ttl(rcode: int, outcome: Outcome) -> None:
    told = read(own(rcode=rcode, authority=(soa("example.org", 900, 30),)))
    assert isinstance(told, Final) and (told.answer.outcome, told.answer.ttl) == (outcome, 30)
    bare = read(own(rcode=rcode))
    assert isinstance(bare, Final) and (bare.answer.outcome, bare.answer.ttl) == (outcome, 0)


def test_without_authority_nothing_counts() -> None:
    for packet in (
        reply(asked(), a(QUESTION, "203.0.113.66"), flags=QR),
        reply(asked(), [], [soa("example.org")], rcode=NXDOMAIN, flags=QR),
        reply(asked(), flags=QR),
    ):
        told = read(packet)
        assert isinstance(told, Lame) and told.everywhere


@pytest.mark.parametrize(
    ("rcode", "outcome"), [(REFUSED, Outcome.REFUSED), (SERVFAIL, Outcome.SERVFAIL), (4, Outcome.SERVFAIL)]
)
def test_codes_of_trouble(rcode: int, outcome: Outcome) -> None:
    told = read(own(*a(QUESTION, "203.0.113.66"), rcode=rcode))
    assert isinstance(told, Lame) and told.outcome is outcome and told.everywhere == (rcode == REFUSED)


def test_extended_errors_of_who_refuses_are_kept() -> None:
    told = read(reply(asked(), [], [], [wire.opt(15)], rcode=REFUSED, flags=QR))
    assert isinstance(told, Lame) and told.marks.errors == (15,)


def test_a_referral_with_glue_of_the_zone_alone() -> None:
    packet = referring(
        ns("example.org", "ns1.example.org", 600),
        ns("example.org", "ns.hosting.net", 600),
        ns("example.org", "ns.other.org", 600),
        glue=(
            *a("ns1.example.org", "192.0.2.53", "2001:db8::53"),
            *a("ns.hosting.net", "203.0.113.66"),  # not for org to say
            *a("ns.other.org", "192.0.2.54"),
            *a("www.victim.org", "203.0.113.66"),  # no server of this zone
        ),
    )
    told = read(packet, zone=ORG)
    assert isinstance(told, Referral) and (told.zone, told.ttl) == (ZONE, 600)
    assert {text_name(each.name): each.addresses for each in told.servers} == {
        "ns1.example.org": ("192.0.2.53", "2001:db8::53"),
        "ns.hosting.net": (),
        "ns.other.org": ("192.0.2.54",),
    }


@pytest.mark.parametrize("owner", ["org", "", "net", "victim.org", "a.www.example.org"])
def test_a_referral_must_lead_towards_the_name(owner: str) -> None:
    told = read(referring(ns(owner, "ns.evil.org"), glue=tuple(a("ns.evil.org", "203.0.113.66"))), zone=ORG)
    assert isinstance(told, Lame)


def test_a_referral_is_one_though_it_claims_authority() -> None:
    assert isinstance(read(referring(ns("example.org", "ns.x.org"), flags=QR | AA), zone=ORG), Referral)
    signed = referring(ns("example.org", "ns.x.org"), soa("org"), flags=QR | AA)
    told = read(signed, zone=ORG)
    assert isinstance(told, Final) and told.answer.outcome is Outcome.NODATA


def test_the_zones_own_name_servers_are_an_answer() -> None:
    packet = reply(asked(ZONE, NS), [ns(QUESTION, "ns1.example.org")], flags=QR | AA)
    told = read(packet, ZONE, NS)
    assert isinstance(told, Final) and told.answer.records == ("ns1.example.org",)


def test_many_servers_are_cut() -> None:
    told = read(referring(*(ns("example.org", f"ns{each}.example.org") for each in range(60))), zone=ORG)
    assert isinstance(told, Referral) and len(told.servers) == MOST_SERVERS


def test_an_alias_out_of_the_zone_is_followed_elsewhere() -> None:
    told = read(own(cname(QUESTION, "cdn.hosting.net", 44), *a("cdn.hosting.net", "203.0.113.66")))
    assert told == Alias(("cdn.hosting.net",), wire_name("cdn.hosting.net"), 44)
    # Its code belongs to the end of the chain, of which it knows nothing (RFC 6604).
    missing = own(cname(QUESTION, "cdn.hosting.net", 44), rcode=NXDOMAIN, authority=(soa("hosting.net"),))
    assert read(missing) == told


def test_an_alias_in_the_zone() -> None:
    inside = read(own(cname(QUESTION, "b.example.org", 44), *a("b.example.org", "192.0.2.1", ttl=300)))
    assert isinstance(inside, Final)
    assert (inside.answer.cname, inside.answer.ttl) == (("b.example.org",), 44)
    alone = read(own(cname(QUESTION, "b.example.org", 44)))
    assert alone == Alias(("b.example.org",), wire_name("b.example.org"), 44)
    empty = read(own(cname(QUESTION, "b.example.org", 44), authority=(soa("example.org"),)))
    assert isinstance(empty, Final) and empty.answer.outcome is Outcome.NODATA
    missing = read(own(cname(QUESTION, "b.example.org"), rcode=NXDOMAIN, authority=(soa("example.org"),)))
    assert isinstance(missing, Final) and missing.answer.outcome is Outcome.NXDOMAIN


def test_a_circle_is_the_zones_fault() -> None:
    told = read(own(cname(QUESTION, "b.example.org"), cname("b.example.org", "www.example.org")))
    assert isinstance(told, Final) and told.answer.outcome is Outcome.SERVFAIL


def test_records_beside_the_zone_are_not_seen() -> None:
    told = read(own(*a(QUESTION, "192.0.2.1"), *a("victim.net", "203.0.113.66")))
    assert isinstance(told, Final) and told.answer.rdata == bytes((192, 0, 2, 1))


def test_too_many_records_are_not_parsed() -> None:
    told = read(reply(asked(), a(QUESTION, "192.0.2.1"), flags=QR | AA, counts=(1, 4000, 0, 0)))
    assert isinstance(told, Lame) and "4000 records" in told.why and not told.everywhere


@given(
    st.binary(max_size=300),
    st.sampled_from([NAME, ZONE]),
    st.sampled_from([ZONE, ORG, b"\0"]),
    st.sampled_from([A, AAAA, NS]),
)
def test_any_bytes_are_read_without_raising(body: bytes, name: bytes, zone: bytes, rtype: int) -> None:
    packet = struct.pack("!6H", 7, QR | AA, 1, 1, 1, 1) + name + struct.pack("!HH", rtype, 1) + body
    check(read(packet, name, rtype, zone), name, zone)


GLUE = tuple(a("ns1.example.org", "192.0.2.53", "2001:db8::53"))
GOOD = [
    referring(ns("example.org", "ns1.example.org"), ns("example.org", "ns.x.net"), glue=GLUE),
    own(*a(QUESTION, "192.0.2.2", "192.0.2.1")),
    own(cname(QUESTION, "b.example.org"), *a("b.example.org", "192.0.2.1"), authority=(soa("example.org"),)),
    own(cname(QUESTION, "b.example.net"), rcode=NXDOMAIN, authority=(soa("example.net"),)),
    reply(asked(), [], [soa("example.org")], [wire.opt(15, 4)], rcode=NXDOMAIN, flags=QR | AA),
]


def spoiled(rng: random.Random) -> bytes:
    """Return a packet with some bytes changed, put in or taken out, behind the question."""
    packet, start = bytearray(rng.choice(GOOD)), 16 + len(NAME)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(start, len(packet)) if len(packet) > start else start
        match rng.randrange(4):
            case 0 | 1:
                packet[at : at + 1] = bytes((rng.choice((0, 1, 2, 3, 5, 6, 12, 41, 46, 0xC0, rng.randrange(256))),))
            case 2:
                packet[at:at] = rng.randbytes(rng.randint(1, 8))
            case _:
                del packet[at : at + rng.randint(1, 8)]
        packet[6:12] = bytes((0, rng.choice((packet[7], rng.randrange(4))))) + packet[8:12]
    return bytes(packet)


def try_spoiled(count: int, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(count):
        packet, zone, rtype = spoiled(rng), rng.choice([ZONE, ORG, b"\0"]), rng.choice([A, A, AAAA, NS])
        check(read(packet, NAME, rtype, zone), NAME, zone)


def test_spoiled_packets_never_lead_out_of_the_zone() -> None:
    try_spoiled(2_000, 1)


@pytest.mark.long
def test_many_spoiled_packets_never_lead_out_of_the_zone() -> None:
    try_spoiled(200_000, 2)


def check(told: Said, name: bytes, zone: bytes) -> None:
    """Whatever was read: no referral but towards the name, no glue but of the zone."""
    if isinstance(told, Referral):
        assert below(told.zone, zone) and within(name, told.zone)
        assert all(within(each.name, zone) for each in told.servers if each.addresses)
