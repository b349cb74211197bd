"""Values of the DNS: outcomes, answers, and names in wire form (RFC 1035, RFC 2308, RFC 8914)."""

from __future__ import annotations

from enum import IntEnum

import msgspec

A = 1
NS = 2
CNAME = 5
SOA = 6
MX = 15
TXT = 16
AAAA = 28

MOST_TTL = 2**31 - 1  # seconds; a TTL with the highest bit set is read as 0 (RFC 2181, 8)
LONGEST_NAME = 255  # bytes on the wire, the root's zero included
LONGEST_LABEL = 63
_LENGTHS = {length: bytes((length,)) for length in range(1, LONGEST_LABEL + 1)}  # as bytes in front of labels
_PLAIN = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"  # in labels that are shown as they are


class Outcome(IntEnum):
    """How a question ended; kept apart, since each says something else about the name.

    `NODATA`: the name is there and has no such record. `POLICY`: somebody on the way answered by a policy of his own,
    which says nothing about the name. `TIMEOUT`: nobody answered, or nothing that could be read, within the deadline.
    """

    NOERROR = 0
    NODATA = 1
    NXDOMAIN = 2
    SERVFAIL = 3
    REFUSED = 4
    POLICY = 5
    TIMEOUT = 6


class Route(IntEnum):
    """Through whom a question goes: the configured resolvers, or straight to the zone's own servers."""

    RESOLVERS = 0
    AUTHORITY = 1


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What a question brought.

    `rdata`: for A and AAAA the distinct addresses at the end of the CNAME chain, packed (4 or 16 bytes each), sorted
    and joined, so that two answers hold the same set if and only if their bytes are equal; empty for other types.
    `ttl`: seconds, the least along the chain; of NODATA and NXDOMAIN the negative TTL; 0 where there is none.
    `true_ttl`: the zone's own server said it (AA), it has not aged in a cache. `cname`: the chain's names in order,
    canonical text, the last is its end. `records`: for other types than A and AAAA the data as canonical text, sorted.
    `server`: who answered, `address:port`; empty for TIMEOUT. `why`: words for people where the outcome needs them.
    """

    outcome: Outcome
    rdata: bytes = b""
    ttl: int = 0
    true_ttl: bool = False
    cname: tuple[str, ...] = ()
    records: tuple[str, ...] = ()
    server: str = ""
    why: str = ""


def wire_name(name: str) -> bytes:
    """Return a canonical (lower-case, A-label) name as uncompressed labels with the root's zero.

    Raises ValueError for what no question can hold: empty or too long labels, too long a name, bytes beyond ASCII.
    """
    if name in ("", "."):
        return b"\0"
    try:
        labels = name.removesuffix(".").encode("ascii").split(b".")
        wire = b"".join([_LENGTHS[len(label)] + label for label in labels]) + b"\0"
    except UnicodeEncodeError:
        raise ValueError(f"{name!r} is not a name in ASCII") from None
    except KeyError:
        raise ValueError(f"{name!r} has a label that is empty or longer than {LONGEST_LABEL} bytes") from None
    if len(wire) > LONGEST_NAME:
        raise ValueError(f"{name!r} is longer than {LONGEST_NAME} bytes")
    return wire


def text_name(wire: bytes) -> str:
    """Return the text of uncompressed labels, lower-case, without the last dot (the root is `.`).

    Bytes that a label should not hold are written as `\\DDD` (RFC 1035, 5.1), a dot in a label as `\\.`. Raises
    ValueError where the bytes are no such name.
    """
    labels, at, size = [], 0, len(wire)
    while at < size and (length := wire[at]):
        begun, at = at + 1, at + 1 + length
        if length > LONGEST_LABEL or at >= size:
            raise ValueError("not an uncompressed name")
        labels.append(wire[begun:at])
    if at != size - 1:
        raise ValueError("not an uncompressed name")
    plain = b".".join(labels)
    if len(plain.translate(None, _PLAIN)) == len(labels) - 1:  # the dots that were put between them, and nothing else
        return plain.decode("ascii").lower()
    return ".".join(map(_shown, labels)).lower() or "."


def _shown(label: bytes) -> str:
    return "".join(
        f"\\{chr(byte)}" if byte in b'.\\"();@$' else chr(byte) if 0x20 < byte < 0x7F else f"\\{byte:03d}"
        for byte in label
    )
