"""What is asked of spam, and whoever asks: values taken apart, sources that may be seen, places in a list."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tipd.mail.shapes import shape
from tipd.model.canonical import canonical
from tipd.model.canonical.suffix import registrable
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.spam.ready import FILE, URL, part_hash

if TYPE_CHECKING:
    from tipd.store.connection import Connection

_SHA256 = re.compile(r"[0-9a-fA-F]{64}", re.ASCII)
_PLACE = re.compile(r"(-?[0-9]{1,20})\.([0-9]{1,19})", re.ASCII)
_SOURCES = "SELECT id, name, tlp FROM source WHERE module = 'spamtrap' AND tlp <= $1"


class Value(NamedTuple):
    """What may be looked for: an address, hosts (as they fold), the hash of a URL's shape or of a file, a mail."""

    address: str | None = None
    hosts: tuple[str, ...] = ()
    part: int | None = None
    what: int = 0
    sha256: bytes | None = None


class Source(NamedTuple):
    """A source that may be seen."""

    name: str
    tlp: Tlp


def read(value: str, seed: int) -> Value | None:
    """Return what is asked with a text; None where no mail could have it."""
    if _SHA256.fullmatch(value):
        return Value(part=part_hash(seed, FILE, "", value.lower()), what=FILE, sha256=bytes.fromhex(value))
    try:
        found = canonical(value)
    except RefusedValue:
        return None
    if found.kind in (Kind.IPV4, Kind.IPV6):
        return Value(address=found.value, hosts=(found.value, f"[{found.value}]"))
    if found.kind is Kind.DOMAIN:
        return Value(hosts=hosts_of(found.value))
    if found.kind is Kind.URL:
        folded = shape(found.value)
        return Value(part=part_hash(seed, URL, folded.host_folded, folded.shape), what=URL)
    return None


def hosts_of(name: str) -> tuple[str, ...]:
    """Return the hosts that stand for a name: itself, and what random sub-domains of its domain fold to."""
    return name, f"*.{registrable(name)}"


async def sources(connection: Connection, max_tlp: Tlp) -> dict[int, Source]:
    """Return the sources that may be seen, by their ids."""
    rows = await connection.fetch(_SOURCES, int(max_tlp))
    return {row["id"]: Source(row["name"], Tlp(row["tlp"])) for row in rows}


def place_of(after: str) -> tuple[int, int] | None:
    """Return where a page ended (what it is sorted by, and the row); None for the first. Raises ValueError."""
    if not after:
        return None
    match = _PLACE.fullmatch(after)
    if match is None or abs(int(match[1])) >= 1 << 63 or int(match[2]) >= 1 << 63:
        raise ValueError("after: no page gave that")
    return int(match[1]), int(match[2])
