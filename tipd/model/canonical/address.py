"""IPv4 and IPv6 addresses, networks and ranges as numbers, and their one text form.

IPv4 is the strict dotted quad: leading zeros are refused, since some programs read them as octal. IPv6 is written as
RFC 5952 says; a zone is refused; a mapped IPv4 address (`::ffff:192.0.2.1`) is the IPv4 address.
"""

from __future__ import annotations

import ipaddress
import socket
from typing import NamedTuple

BITS4 = 32
BITS6 = 128
_MAPPED = 0xFFFF << 32
_AF4 = socket.AF_INET
_AF6 = socket.AF_INET6


class Block(NamedTuple):
    """A network: `first` has no host bits; `bits` is 32 or 128 (the family); `prefix` from 0 to `bits`."""

    bits: int
    first: int
    prefix: int

    @property
    def last(self) -> int:
        """The greatest address inside."""
        return self.first | ((1 << (self.bits - self.prefix)) - 1)


def parse_address(text: str) -> tuple[int, int] | None:
    """Return (bits, number) of an address, or None where the text is none. Mapped IPv4 becomes IPv4."""
    try:
        if ":" in text:
            number = int.from_bytes(socket.inet_pton(_AF6, text))
            if number >> 32 == _MAPPED >> 32:
                return BITS4, number & 0xFFFFFFFF
            return BITS6, number
        # inet_pton takes exactly four decimal octets and refuses leading zeros.
        return BITS4, int.from_bytes(socket.inet_pton(_AF4, text))
    except (OSError, ValueError):  # ValueError: a NUL, or a character outside ASCII
        return None


def format_address(bits: int, number: int) -> str:
    """Return the canonical text of an address."""
    if bits == BITS4:
        return socket.inet_ntop(_AF4, number.to_bytes(4))
    if number >> 32 == 0:  # inet_ntop would write the last part of ::/96 as a dotted quad
        return ipaddress.IPv6Address(number).compressed
    return socket.inet_ntop(_AF6, number.to_bytes(16))


def format_block(block: Block) -> str:
    """Return `address/prefix`."""
    return f"{format_address(block.bits, block.first)}/{block.prefix}"


def parse_block(address: str, mask: str) -> Block | None:
    """Return the network of an address and a prefix length or dotted mask; host bits are cleared.

    None where either part is malformed, or the mask has holes.
    """
    mapped = ":" in address
    parsed = parse_address(address)
    if parsed is None:
        return None
    bits, number = parsed
    prefix = _prefix(mask, bits, mapped=mapped and bits == BITS4)
    if prefix is None:
        return None
    host_bits = bits - prefix
    return Block(bits, number >> host_bits << host_bits, prefix)


def _prefix(mask: str, bits: int, *, mapped: bool) -> int | None:
    if mask.isascii() and mask.isdigit() and len(mask) <= 3:
        prefix = int(mask) - (BITS6 - BITS4 if mapped else 0)
        return prefix if 0 <= prefix <= bits else None
    if bits == BITS4 and not mapped:
        return _prefix_of_mask(mask)
    return None


def _prefix_of_mask(mask: str) -> int | None:
    """Return the prefix length of a dotted mask (`255.255.255.0`), None where it is none."""
    parsed = parse_address(mask)
    if parsed is None or parsed[0] != BITS4:
        return None
    host = parsed[1] ^ 0xFFFFFFFF
    if host & (host + 1):
        return None
    return BITS4 - host.bit_length()


def blocks_of_range(bits: int, first: int, last: int) -> list[Block]:
    """Return the fewest networks that hold exactly the addresses from `first` to `last`, ascending.

    At most 2 * bits - 2 of them. Raises ValueError where last < first.
    """
    if last < first:
        msg = "a range ends before it begins"
        raise ValueError(msg)
    blocks = []
    while first <= last:
        aligned = (first & -first).bit_length() - 1 if first else bits
        fits = (last - first + 1).bit_length() - 1
        host_bits = min(aligned, fits)
        blocks.append(Block(bits, first, bits - host_bits))
        first += 1 << host_bits
    return blocks
