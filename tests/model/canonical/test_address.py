"""Addresses, networks and ranges as numbers."""

import ipaddress
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tipd.model.canonical.address import Block, blocks_of_range, format_address, parse_address, parse_block


@given(st.ip_addresses())
def test_addresses_agree_with_the_standard_library(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    expected = mapped or address
    parsed = parse_address(address.exploded)
    assert parsed == (expected.max_prefixlen, int(expected))
    assert format_address(*parsed) == str(expected)


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_masks_and_prefixes_are_one(address: ipaddress.IPv4Address, prefix: int) -> None:
    network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    expected = Block(32, int(network.network_address), prefix)
    assert parse_block(str(address), str(prefix)) == expected
    assert parse_block(str(address), str(network.netmask)) == expected
    assert expected.last == int(network.broadcast_address)


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_ranges_are_the_fewest_networks(one: int, other: int) -> None:
    first, last = min(one, other), max(one, other)
    expected = ipaddress.summarize_address_range(ipaddress.IPv4Address(first), ipaddress.IPv4Address(last))
    found = blocks_of_range(32, first, last)
    assert [(block.first, block.prefix) for block in found] == [(int(n.network_address), n.prefixlen) for n in expected]


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**20))
def test_ranges_of_six(first: int, size: int) -> None:
    last = min(first + size, 2**128 - 1)
    found = blocks_of_range(128, first, last)
    assert found[0].first == first
    assert found[-1].last == last
    assert all(before.last + 1 == after.first for before, after in itertools.pairwise(found))


def test_a_range_backwards_is_an_error() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        blocks_of_range(32, 2, 1)


@pytest.mark.parametrize("mask", ["33", "-1", "255.0.255.0", "x", "", "0.0.0.255", "²"])
def test_wrong_masks(mask: str) -> None:
    assert parse_block("192.0.2.0", mask) is None
