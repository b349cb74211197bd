"""Addresses that no public list may block: private, local, multicast, reserved, and networks that are too wide.

From the IANA special-purpose registries (RFC 6890 and its updates). Documentation ranges (192.0.2.0/24,
198.51.100.0/24, 203.0.113.0/24, 2001:db8::/32, 3fff::/20) are left out on purpose: they count as ordinary.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from tipd.model.canonical.address import BITS4, BITS6, parse_block

if TYPE_CHECKING:
    from tipd.model.canonical.address import Block

WIDEST = {BITS4: 8, BITS6: 19}  # the shortest prefix that is taken

BOGONS4 = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",
    "100.64.0.0/10",  # shared address space of carriers
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",  # IETF protocol assignments
    "192.88.99.0/24",  # 6to4 relays, withdrawn
    "192.168.0.0/16",
    "198.18.0.0/15",  # benchmarks
    "224.0.0.0/3",  # multicast, reserved, broadcast
)
BOGONS6 = (
    "::/3",  # unspecified, loopback, NAT64, discard-only: nothing here is global unicast
    "2001::/23",  # IETF protocol assignments: Teredo, ORCHID, benchmarks
    "2002::/16",  # 6to4: carries any IPv4 address
    "4000::/2",
    "8000::/1",  # unique local, link-local, multicast
)


def _bounds(bits: int, networks: tuple[str, ...]) -> list[int]:
    """Return first, last + 1 of each network in turn: a number is inside one where an odd count of bounds is <= it."""
    bounds: list[int] = []
    for network in networks:
        address, _, prefix = network.partition("/")
        block = parse_block(address, prefix)
        if block is None or block.bits != bits:
            raise AssertionError(network)
        if bounds and bounds[-1] == block.first:
            bounds[-1] = block.last + 1
        else:
            bounds += [block.first, block.last + 1]
    return bounds


BOUNDS = {BITS4: _bounds(BITS4, BOGONS4), BITS6: _bounds(BITS6, BOGONS6)}


def is_bogon(bits: int, number: int) -> bool:
    """Say whether the address lies in a bogon network."""
    return bool(bisect_right(BOUNDS[bits], number) & 1)


def why_refused(block: Block) -> str | None:
    """Return `too_wide`, `bogon` (it lies in, holds or overlaps a bogon network) or None where the network is fine."""
    if block.prefix < WIDEST[block.bits]:
        return "too_wide"
    bounds = BOUNDS[block.bits]
    below_first = bisect_right(bounds, block.first)
    if below_first & 1 or bisect_right(bounds, block.last) != below_first:
        return "bogon"
    return None
