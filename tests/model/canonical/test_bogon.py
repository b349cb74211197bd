"""Addresses and networks nobody may list."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.address import Block, parse_address, parse_block
from tipd.model.canonical.bogon import BOGONS4, is_bogon, why_refused


def block(text):
    address, _, prefix = text.partition("/")
    return parse_block(address, prefix)


@given(st.ip_addresses(v=4))
def test_every_address_of_the_table_and_no_other(address):
    inside = any(address in ipaddress.ip_network(network) for network in BOGONS4)
    assert is_bogon(32, int(address)) is inside


@pytest.mark.parametrize("text", ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1", "8.8.8.8"])
def test_documentation_counts_as_ordinary(text):
    assert not is_bogon(*parse_address(text))


@pytest.mark.parametrize(
    "text", ["::", "::1", "64:ff9b::1", "2002::1", "2001::1", "fc00::1", "fe80::1", "ff02::1", "4000::"]
)
def test_six(text):
    assert is_bogon(*parse_address(text))


@given(st.integers(0, 2**32 - 1), st.integers(8, 32))
def test_a_network_is_refused_where_any_address_of_it_is(number, prefix):
    network = ipaddress.ip_network((number >> (32 - prefix) << (32 - prefix), prefix))
    overlaps = any(network.overlaps(ipaddress.ip_network(bogon)) for bogon in BOGONS4)
    assert why_refused(Block(32, int(network.network_address), prefix)) == ("bogon" if overlaps else None)


@pytest.mark.parametrize(
    ("text", "why"), [("8.0.0.0/7", "too_wide"), ("8.0.0.0/8", None), ("2600::/18", "too_wide"), ("2600::/19", None)]
)
def test_width(text, why):
    assert why_refused(block(text)) == why
