"""Which names a server may speak of: those of the zone it was asked about, and nothing beside or above it.

Names are canonical wire names (`model.dns.wire_name`): uncompressed labels, lower-case, with the root's zero. A name's
ancestors are then its suffixes that begin at a label.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = b"\0"
_LOWER = bytes(byte + 32 if 0x41 <= byte <= 0x5A else byte for byte in range(256))


def lowered(wire: bytes) -> bytes:
    """Return the name in lower case; lengths of labels are below 64, so no letter is among them."""
    return wire.translate(_LOWER)


def lineage(name: bytes) -> Iterator[bytes]:
    """Yield the name, then its ancestors up to the root."""
    at = 0
    while name[at]:
        yield name[at:]
        at += 1 + name[at]
    yield ROOT


def within(name: bytes, zone: bytes) -> bool:
    """Return whether the name is the zone's own or below it."""
    at = len(name) - len(zone)
    return at >= 0 and name.endswith(zone) and _begins_label(name, at)


def below(name: bytes, zone: bytes) -> bool:
    """Return whether the name is below the zone's own."""
    return len(name) > len(zone) and within(name, zone)


def _begins_label(name: bytes, wanted: int) -> bool:
    # The bytes of a suffix may also stand in the middle of a label: `\3com\0` is the end of `\7a\3com`'s one label too.
    at = 0
    while at < wanted:
        at += 1 + name[at]
    return at == wanted
