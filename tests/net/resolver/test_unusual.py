"""All other answers: chains, errors, negative ones and what cannot be read."""

import itertools
from ipaddress import ip_address

import pytest
from support.dns.wire import (
    AA,
    FORMERR,
    NXDOMAIN,
    QR,
    QUESTION,
    RA,
    RD,
    REFUSED,
    SERVFAIL,
    Asked,
    a,
    cname,
    ns,
    opt,
    record,
    reply,
    soa,
)  # fmt: skip

from tipd.model.dns import CNAME, MX, NS, TXT, A, Answer, Outcome, wire_name
from tipd.net.resolver import unusual, wire
from tipd.net.resolver.reading import LONGEST_CHAIN, MOST_RECORDS, Reading
from tipd.net.resolver.unusual import read

NAME = wire_name("www.example.org")


def asked(rtype: int = A) -> Asked:
    return Asked(b"\x12\x34" + wire.head(recursion=True, edns=True) + NAME + wire.kind(rtype) + wire.EDNS)


def reading(packet: bytes, rtype: int = A) -> Reading:
    return read(packet, NAME, rtype, "here")


def answer(packet: bytes, rtype: int = A) -> Answer:
    return reading(packet, rtype).answer


def chain(length: int, *, ttl: int = 60) -> list[bytes]:
    names = ["www.example.org", *(f"c{number}.example.net" for number in range(length))]
    return [cname(one, other, ttl) for one, other in itertools.pairwise(names)]


def test_the_addresses_at_the_end_of_the_chain_count_and_no_others() -> None:
    records = [
        *chain(2, ttl=20),
        *a("c1.example.net", "192.0.2.2", "192.0.2.1", ttl=50),
        *a("x.example.net", "192.0.2.9"),
    ]
    found = answer(reply(asked(), records + a(QUESTION, "192.0.2.8")))
    assert found.rdata == ip_address("192.0.2.1").packed + ip_address("192.0.2.2").packed
    assert (found.outcome, found.ttl, found.cname) == (Outcome.NOERROR, 20, ("c0.example.net", "c1.example.net"))


def test_the_order_of_records_is_nothing() -> None:
    records = [*a("c1.example.net", "192.0.2.1"), *reversed(chain(2))]
    assert answer(reply(asked(), records)).rdata == ip_address("192.0.2.1").packed


@pytest.mark.parametrize("length", [1, LONGEST_CHAIN])
def test_chains_end_somewhere(length: int) -> None:
    found = answer(reply(asked(), [*chain(length), *a(f"c{length - 1}.example.net", "192.0.2.1")]))
    assert (found.outcome, len(found.cname)) == (Outcome.NOERROR, length)


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (chain(50), "more than 16"),
        (chain(LONGEST_CHAIN + 1), "more than 16"),
        ([*chain(1), cname("c0.example.net", "www.example.org")], "circle"),
        ([cname(QUESTION, "WWW.example.org")], "circle"),
    ],
)
def test_endless_chains_are_an_error_with_a_reason(records: list[bytes], why: str) -> None:
    found = reading(reply(asked(), records))
    assert found.answer.outcome is Outcome.SERVFAIL and why in found.answer.why
    assert found.final


def test_an_alias_without_an_address_is_no_data() -> None:
    found = answer(reply(asked(), chain(1, ttl=5), [soa("example.net", 900, 60)]))
    assert (found.outcome, found.cname, found.ttl) == (Outcome.NODATA, ("c0.example.net",), 5)
    gone = answer(reply(asked(), chain(1), [soa("example.net", 20, 60)], rcode=NXDOMAIN))
    assert (gone.outcome, gone.cname, gone.ttl) == (Outcome.NXDOMAIN, ("c0.example.net",), 20)


@pytest.mark.parametrize(("ttl", "minimum", "expected"), [(900, 30, 30), (30, 900, 30), (2**31, 30, 0), (30, 2**31, 0)])
@pytest.mark.parametrize("rcode", [0, NXDOMAIN])
def test_negative_answers_live_as_long_as_their_soa_says(ttl: int, minimum: int, expected: int, rcode: int) -> None:
    found = answer(reply(asked(), [], [soa("example.org", ttl, minimum)], rcode=rcode, flags=QR | AA | RD))
    assert found.outcome is (Outcome.NXDOMAIN if rcode else Outcome.NODATA)
    assert (found.ttl, found.true_ttl) == (expected, True)


def test_an_soa_of_another_zone_says_nothing_of_the_time() -> None:
    assert answer(reply(asked(), [], [soa("example.com", 900, 30)], rcode=NXDOMAIN)).ttl == 0


def test_nxdomain_is_believed_over_addresses_beside_it() -> None:
    assert answer(reply(asked(), a(QUESTION, "192.0.2.1"), rcode=NXDOMAIN)).outcome is Outcome.NXDOMAIN


def test_a_referral_is_no_answer() -> None:
    found = reading(reply(asked(), [], [ns("example.org", "ns.example.org")]))
    assert (found.answer.outcome, found.answer.why) == (Outcome.SERVFAIL, "a referral instead of an answer")
    assert not found.final


@pytest.mark.parametrize(
    ("rcode", "outcome", "formerr"),
    [(SERVFAIL, Outcome.SERVFAIL, False), (REFUSED, Outcome.REFUSED, False), (FORMERR, Outcome.SERVFAIL, True),
     (4, Outcome.SERVFAIL, True), (9, Outcome.SERVFAIL, False)],
)  # fmt: skip
def test_errors_are_kept_apart(rcode: int, outcome: Outcome, formerr: bool) -> None:
    found = reading(reply(asked(), rcode=rcode))
    assert (found.answer.outcome, found.formerr) == (outcome, formerr)
    assert found.answer.why


def test_a_version_of_edns_that_is_not_known_is_like_a_format_error() -> None:
    badvers = opt()[:5] + b"\1" + opt()[6:]
    assert reading(reply(asked(), [], [], [badvers])).formerr


def test_other_types_are_text() -> None:
    mail = [record(QUESTION, MX, b"\0\x14" + wire_name("b.example")), record(QUESTION, MX, b"\0\x0a" + b"\1A\0")]
    assert answer(reply(asked(MX), mail), MX).records == ("10 a", "20 b.example")
    assert answer(reply(asked(NS), [ns(QUESTION, "ns1.example")]), NS).records == ("ns1.example",)
    assert answer(reply(asked(TXT), [record(QUESTION, TXT, b"\3a b")]), TXT).records == ('"a b"',)
    alias = answer(reply(asked(CNAME), [cname(QUESTION, "c.example")]), CNAME)
    assert (alias.records, alias.cname) == (("c.example",), ())


def test_marks_are_what_policies_are_known_by() -> None:
    packet = reply(asked(), [], [soa("example.org")], [opt(15, 4), soa("rpz.local")], rcode=NXDOMAIN, flags=QR | RD)
    marks = reading(packet).marks
    assert marks.errors == (15, 4)
    assert (marks.authority, marks.additional) == (("example.org",), ("rpz.local",))
    assert not marks.recursion_available
    assert reading(reply(asked(), flags=QR | RA)).marks.recursion_available


def test_too_many_records_are_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unusual.dns.message, "from_wire", None)
    found = reading(reply(asked(), a(QUESTION, "192.0.2.1"), counts=(1, 4000, 0, 0)))
    assert found.answer.outcome is Outcome.SERVFAIL and found.final
    assert found.answer.why == f"an answer of 4000 records (at most {MOST_RECORDS} are read)"


@pytest.mark.parametrize(
    "packet",
    [
        reply(asked(), a(b"\xc0\x0d", "192.0.2.1"))[:-14],
        reply(asked(), a(b"\xc0\x2a\xc0", "192.0.2.1")),
        reply(asked(), [record(QUESTION, A, b"\1\2\3")]),
        reply(asked(), [], counts=(1, 1, 0, 0)),
        reply(asked())[:14],
    ],
)
def test_what_cannot_be_read_says_nothing(packet: bytes) -> None:
    found = reading(packet)
    assert found.unread and found.answer.outcome is Outcome.TIMEOUT
    assert found.answer.why.startswith("an answer that cannot be read")


def test_a_name_compressed_in_a_circle_ends() -> None:
    at = 16 + len(NAME)
    looped = reply(asked(), [record(bytes((0xC0, at)), A, b"\1\2\3\4")])
    assert reading(looped).unread
