"""What somebody asks about: an address, a network, an AS or a name, read from text."""

from __future__ import annotations

from typing import NamedTuple

from tipd.model.canonical.address import BITS4, Block, format_address, format_block, parse_address, parse_block
from tipd.model.canonical.asn import canonical_asn
from tipd.model.canonical.domain import canonical_name
from tipd.model.indicator import RefusedValue


class Asked(NamedTuple):
    """A value in canonical form. `kind`: `ipv4`, `ipv6`, `network`, `asn` or `domain`; `asn`, `first`, `last`: its."""

    kind: str
    value: str
    asn: int = 0
    first: str = ""  # addresses, as text
    last: str = ""


def read(text: str) -> Asked:
    """Return what a text asks about; private addresses and numbers too. Raises RefusedValue (`malformed` …)."""
    text = text.strip()
    address, slash, prefix = text.partition("/")
    if slash:
        block = parse_block(address, prefix)
        if block is None:
            raise RefusedValue("malformed", text)
        return _of_block(block)
    parsed = parse_address(text)
    if parsed is not None:
        shown = format_address(*parsed)
        return Asked("ipv4" if parsed[0] == BITS4 else "ipv6", shown, first=shown, last=shown)
    if text.isascii() and (text.isdigit() or text[:2].lower() == "as"):
        try:
            value = canonical_asn(text, poison=False)
        except RefusedValue:  # a name may begin so
            if text.isdigit():
                raise
        else:
            return Asked("asn", value, asn=int(value[2:]))
    name = canonical_name(text)
    if "." not in name:
        raise RefusedValue("malformed", text)
    return Asked("domain", name)


def _of_block(block: Block) -> Asked:
    if block.prefix == block.bits:
        return read(format_address(block.bits, block.first))
    first, last = (format_address(block.bits, number) for number in (block.first, block.last))
    return Asked("network", format_block(block), first=first, last=last)
