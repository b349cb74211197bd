"""What reading would cost: hostile packets are refused before they are read, large harmless ones are read."""

import struct
from collections.abc import Callable

import pytest
from support.dns.wire import QUESTION, SOA, Asked, a, ns, record, reply, soa

from tipd.model.dns import NS, TXT, A, Outcome, wire_name
from tipd.net.resolver import wire
from tipd.net.resolver.skim import Costly, skimmed
from tipd.net.resolver.straight import Lame, said
from tipd.net.resolver.unusual import read

NAME = wire_name("www.example.org")
AT = 16 + len(NAME)


def asked(rtype: int = A) -> Asked:
    return Asked(b"\x12\x34" + wire.head(recursion=True, edns=True) + NAME + wire.kind(rtype) + wire.EDNS)


def pointer(at: int) -> bytes:
    return struct.pack("!H", 0xC000 | at)


def many_labels(kind: int) -> bytes:
    """5 kB that take dnspython most of a second: pointers at a name of 127 labels, again and again."""
    long = b"".join(b"\1" + bytes((97 + at % 26,)) for at in range(126)) + b"\0"
    to = pointer(AT + 2 + 10)
    data = to + to + bytes(20) if kind == SOA else to
    return reply(asked(), [record(QUESTION, 10, long), *(record(to, kind, data) for _ in range(100))])


def chained_pointers() -> bytes:
    at = AT + 2 + 10
    links = pointer(12) + b"".join(pointer(at + 2 * link) for link in range(3000))
    to = pointer(at + 6000)
    return reply(asked(), [record(QUESTION, 10, links), *(record(to, NS, to) for _ in range(100))])


COSTLY: dict[str, Callable[[], bytes]] = {
    "labels in SOA records": lambda: many_labels(SOA),
    "labels in NS records": lambda: many_labels(NS),
    "pointers at pointers": chained_pointers,
    "options": lambda: reply(asked(), [], [], [b"\0" + struct.pack("!HHIH", 41, 1232, 0, 8000) + bytes(8000)]),
}


@pytest.mark.parametrize("what", COSTLY)
def test_what_would_hold_up_all_else_is_not_read(what: str) -> None:
    packet = COSTLY[what]()
    assert len(packet) <= 9_000
    with pytest.raises(Costly):
        skimmed(packet, AT, A)
    reading = read(packet, NAME, A, "here")
    assert reading.final and reading.answer.outcome is Outcome.SERVFAIL and "costs too much" in reading.answer.why
    told = said(packet, NAME, A, wire_name("example.org"), "here")
    assert isinstance(told, Lame) and "costs too much" in told.why and not told.everywhere


def test_thousands_of_strings_are_read_by_nobody_who_did_not_ask_for_them() -> None:
    strings = record(QUESTION, TXT, bytes(60_000))
    assert read(reply(asked(), [strings, *a(QUESTION, "192.0.2.1")]), NAME, A, "here").answer.rdata == b"\xc0\0\2\1"
    reading = read(reply(asked(TXT), [strings]), NAME, TXT, "here")
    assert reading.final and "4096 bytes" in reading.answer.why
    assert read(reply(asked(TXT), [record(QUESTION, TXT, b"\5hello")]), NAME, TXT, "here").answer.records


def test_a_full_referral_is_as_it_was() -> None:
    hosts = [f"ns{number}.a.long.zone.of.servers.example.net" for number in range(13)]
    glue = [each for host in hosts for each in a(host, "192.0.2.1", "2001:db8::1")]
    packet = reply(asked(), [], [ns("example.org", host) for host in hosts], glue)
    assert skimmed(packet, AT, A) == packet


def test_a_packet_that_ends_too_soon_cannot_be_read() -> None:
    whole = reply(asked(), a(QUESTION, "192.0.2.1"), [soa("example.org")])
    for length in range(AT, len(whole)):
        with pytest.raises((IndexError, struct.error)):
            skimmed(whole[:length], AT, A)
        assert read(whole[:length], NAME, A, "here").unread
