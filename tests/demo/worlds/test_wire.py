"""Messages: what dnspython asks is read, what we write dnspython reads."""

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.worlds.wire import Record, Reply, address_bytes, read_question, soa_bytes, write_reply
from tipd.model.dns import CNAME, NS, SOA, A, wire_name

LABEL = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
NAME = st.lists(LABEL, min_size=1, max_size=6).map(".".join)


def asked(name="Www.Example.ORG", rtype="A", **options):
    query = dns.message.make_query(name, rtype, **options)
    return query, read_question(query.to_wire())


def test_a_question_is_read_with_its_case_kept():
    query, question = asked(use_edns=0, payload=1400)
    assert (question.ident, question.name, question.rtype) == (query.id, "www.example.org", A)
    assert (question.size, question.most, question.recursion) == (1400, 1400, True)
    assert question.asked.startswith(b"\3Www\7Example\3ORG\0")
    assert asked(use_edns=False)[1].most == 512


@pytest.mark.parametrize(
    "packet", [b"", b"\0" * 12, b"\0" * 11, bytes(range(40)), b"\0\1\1\0\0\1" + b"\0" * 6 + b"\xc0\x0c"]
)
def test_what_is_no_question_is_none(packet):
    assert read_question(packet) is None


def test_an_answer_is_no_question():
    query, _ = asked()
    assert read_question(dns.message.make_response(query).to_wire()) is None


@given(st.binary(max_size=80))
def test_no_bytes_raise(packet):
    read_question(packet)


@given(NAME, st.lists(st.tuples(NAME, st.integers(0, 2**31 - 1), st.ip_addresses(v=4)), max_size=12))
def test_what_is_written_is_read_by_another_hand(name, rows):
    query, question = asked(name, use_edns=0)
    answer = tuple(Record(owner, A, ttl, address.packed) for owner, ttl, address in rows)
    wire = write_reply(question, Reply(answer=answer), recursive=True, most=65535)
    read = dns.message.from_wire(wire, one_rr_per_rrset=True)
    assert query.is_response(read)
    assert [(rrset.name.to_text(True).lower(), rrset.ttl, rrset[0].address) for rrset in read.answer] == [
        (owner, ttl, str(address)) for owner, ttl, address in rows
    ]


def test_sections_flags_and_code_come_through():
    _, question = asked("gone.example.org", use_edns=0)
    soa = Record("example.org", SOA, 5, soa_bytes("example.org", 7, 5))
    reply = Reply(
        3,
        answer=(Record("gone.example.org", CNAME, 9, wire_name("to.example.net")),),
        authority=(soa, Record("example.org", NS, 60, wire_name("ns1.example.org"))),
        additional=(Record("ns1.example.org", A, 60, address_bytes("192.0.2.53")),),
        authoritative=True,
    )
    read = dns.message.from_wire(write_reply(question, reply, recursive=False, most=1232))
    assert read.rcode() == dns.rcode.NXDOMAIN
    assert read.flags & dns.flags.AA
    assert not read.flags & dns.flags.RA
    assert read.answer[0][0].target.to_text() == "to.example.net."
    assert [rrset.rdtype for rrset in read.authority] == [SOA, NS]
    assert (read.authority[0][0].serial, read.authority[0][0].minimum) == (7, 5)
    assert read.additional[0][0].address == "192.0.2.53"


def test_what_is_too_long_is_cut_off_whole():
    _, question = asked(use_edns=False)
    answer = tuple(Record("www.example.org", A, 9, bytes((192, 0, 2, number))) for number in range(60))
    wire = write_reply(question, Reply(answer=answer), recursive=True, most=question.most)
    read = dns.message.from_wire(wire)
    assert read.flags & dns.flags.TC
    assert read.answer == []
    assert len(wire) < 512
    whole = dns.message.from_wire(write_reply(question, Reply(answer=answer), recursive=True, most=65535))
    assert len(whole.answer[0]) == 60
    assert not whole.flags & dns.flags.TC


def test_an_extended_error_goes_to_those_who_speak_edns():
    for edns in (0, False):
        _, question = asked(use_edns=edns)
        wire = write_reply(question, Reply(3, ede=15, ede_text="on a list"), recursive=True, most=1232)
        options = dns.message.from_wire(wire).extended_errors()
        assert [(int(option.code), option.text) for option in options] == ([] if edns is False else [(15, "on a list")])


def test_odd_labels_are_answered_too():
    query, question = asked(r"a\.b\000.example.org", use_edns=0)
    soa = Record("example.org", SOA, 5, soa_bytes("example.org", 7, 5))
    read = dns.message.from_wire(write_reply(question, Reply(3, authority=(soa,)), recursive=True, most=1232))
    assert query.is_response(read)
    assert read.authority[0].name.to_text() == "example.org."
