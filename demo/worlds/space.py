"""Who announces what in the miniature Internet: documentation networks (RFC 5737, RFC 3849) in small pieces, each
with a documentation AS (RFC 5398).

Some 800 addresses have to do for all worlds, so an AS holds a few addresses, and homes, edges of a CDN and volunteers'
time servers stand in the same ones: an AS alone gives nobody away, as out there.
"""

from __future__ import annotations

import functools
import ipaddress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network

ACCESS = (*range(64496, 64510), *range(65536, 65548))  # 26 providers of homes
CONTENT = 64510  # a CDN with one AS of its own
HOSTING = (64511, 65548, 65549, 65550, 65551)


class Piece(NamedTuple):
    """A range of addresses that one AS announces."""

    first: str
    last: str
    asn: int
    name: str


def _addresses(network: str) -> tuple[str, ...]:
    return tuple(str(address) for address in ipaddress.ip_network(network))


# What lives where.
HOMES_A = _addresses("192.0.2.0/24")  # a botnet's machines
HOMES_B = _addresses("198.51.100.0/25")  # another's
EDGES = _addresses("198.51.100.128/26")  # a CDN's servers inside the providers' networks
VOLUNTEERS = _addresses("198.51.100.192/27")  # time servers
SINKHOLE = _addresses("198.51.100.224/28")
PARKING = "198.51.100.240"
GARDEN = "198.51.100.254"  # where a resolver leads its users instead
CDN = _addresses("203.0.113.0/25")
HOSTED = _addresses("203.0.113.128/25")
HOMES_A6 = tuple(f"2001:db8:{number * 256 + 7:x}::{number + 1:x}" for number in range(64))


@functools.cache
def pieces() -> tuple[Piece, ...]:
    """Return all ranges, IPv4 before IPv6, in order, none overlapping."""
    homes = [*_cut("192.0.2.0/24", 29, ACCESS[:14]), *_cut("198.51.100.0/25", 29, ACCESS[12:])]
    shared = [*_cut("198.51.100.128/26", 30, ACCESS), *_cut("198.51.100.192/27", 32, ACCESS)]
    apart = [*_cut("198.51.100.224/28", 32, ACCESS), *_cut("198.51.100.240/28", 28, HOSTING[:1])]
    hosting = [*_cut("203.0.113.0/25", 25, (CONTENT,)), *_cut("203.0.113.128/25", 28, HOSTING)]
    return (*homes, *shared, *apart, *hosting, *_cut("2001:db8::/34", 40, ACCESS))


def _cut(network: str, length: int, asns: tuple[int, ...]) -> list[Piece]:
    """Return the network cut into pieces of one length, the ASes taking turns."""
    whole = ipaddress.ip_network(network)
    parts: list[Network] = list(whole.subnets(new_prefix=length))
    return [
        Piece(str(part[0]), str(part[-1]), asn := asns[turn % len(asns)], f"EXAMPLE-{asn}")
        for turn, part in enumerate(parts)
    ]


@functools.cache
def asn_of(address: str) -> int:
    """Return who announces it, 0 for nobody."""
    wanted = ipaddress.ip_address(address)
    for piece in pieces():
        first, last = ipaddress.ip_address(piece.first), ipaddress.ip_address(piece.last)
        if first.version == wanted.version and int(first) <= int(wanted) <= int(last):
            return piece.asn
    return 0


def write(path: Path) -> None:
    """Write the table as iptoasn does: first, last, number, country, name; ZZ is nobody's country."""
    path.write_text("".join(f"{piece.first}\t{piece.last}\t{piece.asn}\tZZ\t{piece.name}\n" for piece in pieces()))
