"""Packets of chance: nothing is raised, and what is read fast is what dnspython reads."""

import random
import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import pytest
from support.dns.wire import AA, QR, QUESTION, RA, RD, TC, Asked, a, cname, ns, opt, record, reply, soa

from tipd.model.dns import AAAA, MOST_TTL, MX, A, wire_name
from tipd.net.resolver import wire
from tipd.net.resolver.packet import quick
from tipd.net.resolver.unusual import read
from tipd.net.resolver.walked import walked

NAMES = [wire_name(name) for name in ("www.example.org", "a", "x" * 63 + ".example", "xn--bcher-kva.example.com", "")]
OTHERS = ["www.example.net", "example.org", "WWW.example.org"]
INTERESTING = b"\x00\x01\x0c\x10\x1c\x29\x3f\x40\x7f\x80\xbf\xc0\xff"


class Chance:
    """Makes packets: right ones, and such that are a little wrong."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)

    def packet(self) -> tuple[bytes, bytes, int]:
        """Return a packet, and the name and type that were asked for."""
        name, rtype = self.rng.choice(NAMES), self.rng.choice((A, A, A, AAAA, AAAA, MX))
        asked = Asked(b"\x12\x34" + wire.head(recursion=True, edns=True) + name + wire.kind(rtype) + wire.EDNS)
        made = self.rng.choice((self.usual, self.usual, self.chained, self.negative, self.odd))(asked)
        for _ in range(self.rng.choice((0, 0, 1, 1, 2, 5))):
            made = self.spoiled(made, 16 + len(name))
        return made, name, rtype

    def addresses(self, owner: str | bytes, rtype: int, count: int, ttl: int) -> list[bytes]:
        size = 4 if rtype == A else 16
        drawn = [self.rng.randbytes(size) for _ in range(count)]
        return [record(owner, rtype, self.rng.choice(drawn), ttl) for _ in drawn]

    def ttl(self) -> int:
        return self.rng.choice((0, 60, 60, 300, 300, 3600, MOST_TTL, MOST_TTL, self.rng.randrange(2**32)))

    def usual(self, asked: Asked) -> bytes:
        flags = QR | self.rng.choice((0, RD, RA, RD | RA, AA, RD | AA, 0x20))
        records = self.addresses(QUESTION, asked.rtype, self.rng.choice((1, 2, 5, 13, 30)), self.ttl())
        more = [opt(payload=self.rng.choice((512, 1232, 4096)))] if self.rng.random() < 0.8 else []
        return reply(asked, records, [], more, flags=flags, counts=(1, len(records), 0, len(more)))

    def section(self, asked: Asked) -> list[bytes]:
        owner = self.rng.choice((QUESTION, *OTHERS, b"\xc0\x0e", b"\xc0\xff", b"\1a\xc0\x0c"))
        kinds = [
            lambda: self.addresses(
                owner, self.rng.choice((A, AAAA, asked.rtype)), self.rng.randrange(1, 4), self.ttl()
            ),
            lambda: [cname(owner, self.rng.choice(OTHERS), self.ttl())],
            lambda: [ns(owner, self.rng.choice(OTHERS))],
            lambda: [soa(self.rng.choice(OTHERS), self.ttl(), self.ttl())],
            lambda: [opt(self.rng.choice((0, 15, 22)))],
            lambda: a(owner, "192.0.2.1", "2001:db8::1"),
            lambda: [record(owner, self.rng.randrange(70), self.rng.randbytes(self.rng.randrange(20)), self.ttl())],
        ]
        return [each for _ in range(self.rng.randrange(3)) for each in self.rng.choice(kinds)()]

    def chained(self, asked: Asked) -> bytes:
        names = ["c0.example.net", *self.rng.sample(OTHERS, 2), "c1.example.com"][: self.rng.randrange(1, 5)]
        owners: list[str | bytes] = [QUESTION, *names]
        records = [cname(owner, name, self.ttl()) for owner, name in zip(owners, names, strict=False)]
        records += self.addresses(owners[-1], asked.rtype, self.rng.randrange(4), self.ttl())
        self.rng.shuffle(records)
        return reply(asked, records, [soa("example.net")] if self.rng.random() < 0.3 else [])

    def negative(self, asked: Asked) -> bytes:
        signed = [soa(self.rng.choice(("", "org", "example", "example.org", "example.net")), self.ttl(), self.ttl())]
        flags = QR | self.rng.choice((RD | RA, AA))
        return reply(asked, [], signed, rcode=self.rng.choice((0, 3)), flags=flags)

    def odd(self, asked: Asked) -> bytes:
        flags = QR | self.rng.choice((0, AA, TC, RD, RD | RA, RD | RA | AA))
        sections = [self.section(asked) for _ in range(3)]
        return reply(asked, *sections, flags=flags, rcode=self.rng.choice((0, 0, 0, 2, 3, 3, 5, 9)))

    def spoiled(self, packet: bytes, behind: int) -> bytes:
        """Change a packet behind its question (that is compared before anything is read), or its header."""
        rng, at = self.rng, self.rng.randrange(behind, len(packet) + 1) if len(packet) > behind else behind
        match rng.randrange(7):
            case 0:
                return packet[:at]
            case 1:
                return packet[:at] + rng.randbytes(rng.randrange(1, 20)) + packet[at:]
            case 2:
                return packet[:at] + bytes((rng.choice(INTERESTING),)) + packet[at + 1 :]
            case 3:
                return packet[:at] + bytes((rng.randrange(256),)) + packet[at + 1 :]
            case 4:
                place = rng.randrange(6, 12)
                return packet[:place] + bytes((rng.choice(INTERESTING),)) + packet[place + 1 :]
            case 5:
                return packet[:at] + packet[at + rng.randrange(1, 17) :]
            case _:
                until = min(at + rng.choice((4, 16, 28)), len(packet))
                return packet[:until] + packet[at:until] + packet[until:]


def by_dnspython(packet: bytes, name: bytes, rtype: int) -> tuple[bytes, int, bool] | None:
    """Return addresses, TTL and AA as dnspython reads them; None where it cannot, or none are of the name."""
    try:
        message = dns.message.from_wire(packet, keyring=False)
    except (dns.exception.DNSException, ValueError, struct.error):
        return None
    if message.rcode() != dns.rcode.NOERROR or message.flags & dns.flags.TC:
        return None
    found = message.get_rrset(message.answer, dns.name.from_wire(name, 0)[0], 1, rtype)
    if found is None:
        return None
    rdata = b"".join(sorted({each.to_wire() for each in found}))
    return rdata, found.ttl if found.ttl <= MOST_TTL else 0, bool(message.flags & dns.flags.AA)


def hunt(seed: int, count: int) -> tuple[int, int]:
    """Try so many packets; return how many were read at once, and how many record by record."""
    chance, at_once, by_record = Chance(seed), 0, 0
    for number in range(count):
        packet, name, rtype = chance.packet()
        at, where = 16 + len(name), f"seed {seed}, packet {number}: {packet.hex()}"
        told, stepped = quick(packet, at, rtype, "here"), walked(packet, at, name, rtype, "here")
        reading = read(packet, name, rtype, "here")
        assert reading.unread == reading.answer.why.startswith("an answer that cannot be read"), where
        if stepped is not None:
            by_record += 1
            assert stepped == reading, where
        if told is not None:
            at_once += 1
            assert by_dnspython(packet, name, rtype) == (told.rdata, told.ttl, told.true_ttl), where
            assert reading.answer == told, where
    return at_once, by_record


@pytest.mark.parametrize("seed", range(10))
def test_five_thousand_packets_of_chance(seed: int) -> None:
    at_once, by_record = hunt(seed, 5_000)
    assert at_once > 300 and by_record > 800


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1000, 1100))
def test_ten_thousand_packets_of_chance(seed: int) -> None:
    at_once, by_record = hunt(seed, 10_000)
    assert at_once > 600 and by_record > 1600


def test_chance_is_the_same_each_time() -> None:
    one, other = Chance(5), Chance(5)
    assert [one.packet() for _ in range(50)] == [other.packet() for _ in range(50)]
