"""A piece of knowledge as it is written down, and what must hold of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from tipd.model.canonical.address import Block, parse_block
from tipd.model.canonical.domain import canonical_name

GREATEST_ASN = 2**32 - 1
WIDEST = 8  # the shortest prefix of a network: a slip must not take out half the Internet


class Kind(StrEnum):
    """What a piece of knowledge says; the words are the names of the tables."""

    CDN = "cdn"  # a content delivery network's edges
    POOL = "pool"  # many servers of many owners behind one name, on purpose
    PARKING = "parking"  # nobody lives there
    SINKHOLE = "sinkhole"  # whoever comes there is counted, by those who took the name away
    PRIVATE = "private"  # addresses that lead nowhere: private, local, reserved


BARRED = frozenset({Kind.SINKHOLE, Kind.PRIVATE})  # their networks count for no feature


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One table, `[[cdn]]`, `[[pool]]`, `[[parking]]`, `[[sinkhole]]` or `[[private]]`.

    `name`: suffixes of the watched name itself
    `cname`: suffixes of the end of its CNAME chain
    `ns`: suffixes of its name servers' names
    `asn`: ASes, where all or nearly all of its addresses are in such
    `network`: networks, as `192.0.2.0/24` or one address; sinkholes' and private ones count for no feature
    `reason`: what it is, in a few words
    `source`: where that is said
    """

    name: tuple[str, ...] = ()
    cname: tuple[str, ...] = ()
    ns: tuple[str, ...] = ()
    asn: tuple[int, ...] = ()
    network: tuple[str, ...] = ()
    reason: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        """Refuse what could not be used; ValueError names the key."""
        if not self.reason.strip():
            raise ValueError("reason: say in a few words what it is")
        if not any((self.name, self.cname, self.ns, self.asn, self.network)):
            raise ValueError("gives none of name, cname, ns, asn, network")
        for key in ("name", "cname", "ns"):
            for suffix in getattr(self, key):
                canonical_suffix(key, suffix)
        for asn in self.asn:
            if not 0 < asn <= GREATEST_ASN:
                raise ValueError(f"asn: {asn} is no AS number")
        for network in self.network:
            block_of(network)


def canonical_suffix(key: str, suffix: str) -> str:
    """Return a suffix as canonical name, without a leading `*.` or dot; ValueError names the key."""
    try:
        return canonical_name(suffix.removeprefix("*.").removeprefix(".").removesuffix("."))
    except ValueError as error:
        raise ValueError(f"{key}: {suffix!r}: {error}") from None


def block_of(network: str) -> Block:
    """Return a network or a single address; raises ValueError."""
    address, slash, prefix = network.partition("/")
    block = parse_block(address, prefix if slash else ("128" if ":" in address else "32"))
    if block is None:
        raise ValueError(f"network: {network!r} is no network")
    if block.prefix < WIDEST and network not in _WIDER:
        raise ValueError(f"network: {network!r} is too wide")
    return block


_WIDER = frozenset({"224.0.0.0/3", "::/3", "4000::/2", "8000::/1"})  # reserved as a whole
