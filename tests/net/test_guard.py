"""Which addresses are public."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.net.guard import Guard, Refused

REFUSED = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "10.1.2.3": "private",
    "172.31.255.255": "private",
    "192.168.0.1": "private",
    "169.254.1.1": "link-local",
    "169.254.169.254": "cloud metadata",
    "100.100.100.200": "cloud metadata",
    "168.63.129.16": "cloud metadata",
    "fd00:ec2::254": "cloud metadata",
    "100.64.0.1": "shared address space",
    "0.0.0.0": "unspecified",
    "0.1.2.3": "unspecified",
    "192.0.0.192": "reserved for protocols",
    "192.88.99.1": "a 6to4 relay",
    "198.18.0.1": "for benchmarks",
    "192.0.2.1": "for documentation",
    "198.51.100.1": "for documentation",
    "203.0.113.1": "for documentation",
    "2001:db8::1": "for documentation",
    "3fff::1": "for documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::ffff:8.8.8.8": "an IPv4 address in disguise",
    "::ffff:127.0.0.1": "an IPv4 address in disguise",
    "::127.0.0.1": "not global unicast",
    "64:ff9b::7f00:1": "NAT64",
    "64:ff9b:1::1": "NAT64",
    "2002:7f00:1::": "6to4",
    "2001:0:7f00:1::": "Teredo",
    "fe80::1": "link-local",
    "fe80::1%eth0": "not a plain address",
    "fc00::1": "private",
    "ff02::1": "multicast",
    "4000::1": "not global unicast",
    "localhost": "not a plain address",
}


@pytest.mark.parametrize(("address", "why"), REFUSED.items())
def test_refused(address: str, why: str) -> None:
    assert Guard().reason(address) == why
    with pytest.raises(Refused, match="allow_networks does not name it"):
        Guard().vet(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2a00::1", "2001:4860:4860::8888"])
def test_public(address: str) -> None:
    Guard().vet(address)


@given(st.ip_addresses())
def test_never_milder_than_the_standard_library(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if Guard().reason(str(address)) is None:
        assert address.is_global and not address.is_multicast


def test_allow_networks_opens_exactly_what_it_names() -> None:
    guard = Guard(["10.0.0.0/8", "::1/128"])
    assert guard.reason("10.9.9.9") is None and guard.reason("::1") is None and guard.names("10.9.9.9")
    assert guard.reason("127.0.0.1") == "loopback" and guard.reason("::ffff:10.9.9.9") is not None
    assert not guard.names("8.8.8.8")


def test_a_sources_own_networks_are_added_and_stay_its_own() -> None:
    guard = Guard(["10.0.0.0/8"])
    both = guard.also(["192.168.7.0/24"])
    assert both.reason("10.0.0.1") is None and both.reason("192.168.7.1") is None
    assert guard.reason("192.168.7.1") == "private"


@pytest.mark.parametrize("text", ["10.0.0.1/8", "localhost", "10.0.0.0/33", ""])
def test_not_a_network(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Guard([text])
