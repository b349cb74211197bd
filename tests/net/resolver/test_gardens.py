"""Walled gardens by address, network and name."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.dns import AAAA, MX, A
from tipd.net.resolver.gardens import Gardens, name_of

GARDENS = Gardens(["192.0.2.1", "198.51.100.0/24", "2001:db8:1::/48", "2001:db8::1", "blocked.example.net"])


def packed(*addresses: str) -> bytes:
    return b"".join(sorted(ipaddress.ip_address(address).packed for address in addresses))


@pytest.mark.parametrize(
    ("rtype", "addresses", "inside"),
    [
        (A, ["192.0.2.1"], True),
        (A, ["192.0.2.2"], False),
        (A, ["198.51.100.0", "198.51.100.255", "192.0.2.1"], True),
        (A, ["198.51.101.0"], False),
        (A, ["192.0.2.1", "203.0.113.9"], False),  # one of a garden among others hides nothing
        (A, [], False),
        (AAAA, ["2001:db8::1", "2001:db8:1:ffff::1"], True),
        (AAAA, ["2001:db8:2::1"], False),
    ],
)
def test_addresses_and_networks(rtype: int, addresses: list[str], inside: bool) -> None:
    assert GARDENS.hold(rtype, packed(*addresses)) is inside


def test_other_types_hold_no_addresses() -> None:
    assert not GARDENS.hold(MX, packed("192.0.2.1"))


@given(st.integers(0, 32), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_networks_are_what_ipaddress_says(bits: int, of: int, address: int) -> None:
    network = ipaddress.ip_network((of, bits), strict=False)
    found = Gardens([str(network)]).hold(A, address.to_bytes(4))
    assert found == (ipaddress.IPv4Address(address) in network)


def test_names_and_those_below_anywhere_in_the_chain() -> None:
    assert GARDENS.end_of(("www.blocked.example.net",)) == "www.blocked.example.net"
    assert GARDENS.end_of(("blocked.example.net", "host.example.org")) == "blocked.example.net"
    assert GARDENS.end_of(("unblocked.example.net", "\\255.example.org")) is None
    assert Gardens(["192.0.2.1"]).end_of(("blocked.example.net",)) is None


def test_nothing_configured_is_nothing_to_look_for() -> None:
    assert not Gardens([]) and Gardens(["192.0.2.0/31"]) and Gardens(["example.net"]) and Gardens(["192.0.2.1"])


@pytest.mark.parametrize(
    "text", ["192.0.2.1/24", "no name!", "192.0.2.256", "2001:db8::1::2", "a..b", ".", "", "straße.example"]
)
def test_what_is_wrong_names_its_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"walled_gardens: "):
        Gardens([text])


def test_a_name_is_canonical() -> None:
    assert name_of("policy_zones", "RPZ.Example.ORG.") == b"\x03rpz\x07example\x03org\0"
