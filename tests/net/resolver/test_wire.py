"""Questions byte by byte, compared with what dnspython makes and reads."""

import os

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.dns.names import wire_names

from tipd.model.dns import wire_name
from tipd.net.resolver import wire


@pytest.mark.parametrize("recursion", [True, False])
@pytest.mark.parametrize("edns", [True, False])
def test_dnspython_reads_what_is_asked(recursion: bool, edns: bool) -> None:
    packet = b"\x12\x34" + wire.head(recursion=recursion, edns=edns) + wire_name("www.example.org") + wire.kind(28)
    message = dns.message.from_wire(packet + (wire.EDNS if edns else b""))
    assert message.id == 0x1234
    assert message.flags == (dns.flags.RD if recursion else 0)
    assert (message.edns, message.payload) == ((0, 1232) if edns else (-1, 0))
    (question,) = message.question
    assert (question.name.to_text(), question.rdtype) == ("www.example.org.", dns.rdatatype.AAAA)


@given(wire_names(), st.binary(min_size=255, max_size=255))
def test_only_letters_change_and_only_their_case(name: bytes, noise: bytes) -> None:
    mixed = wire.mixed(name, noise[: len(name)])
    assert len(mixed) == len(name) and mixed.lower() == name.lower()
    for byte, turn, found in zip(name, noise, mixed, strict=False):
        letter = chr(byte).isascii() and chr(byte).isalpha()
        assert found == (byte ^ (turn & 0x20) if letter else byte)


def test_every_letter_has_a_bit_of_its_own() -> None:
    name = wire_name("aaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaa")
    assert len({wire.mixed(name, os.urandom(len(name))) for _ in range(200)}) == 200


def test_noise_is_taken_once_and_drawn_in_blocks() -> None:
    drawn: list[bytes] = []

    def entropy(count: int) -> bytes:
        drawn.append(os.urandom(count))
        return drawn[-1]

    noise = wire.Noise(entropy)
    pieces = [noise.take(100) for _ in range(1000)]
    assert {len(piece) for piece in pieces} == {100}
    assert len(set(pieces)) == 1000
    assert len(drawn) < 10
