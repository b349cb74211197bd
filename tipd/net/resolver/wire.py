"""Questions as bytes (RFC 1035, 4.1): header, the name in random case, type, class, and the EDNS record (RFC 6891)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PAYLOAD = 1232  # bytes of an answer over UDP that travel without fragments (DNS flag day 2020)
HEADER = 12  # bytes
IN = 1
RECURSE, STRAIGHT = b"\x01\x00", b"\x00\x00"  # flags of a question: RD, or nothing
ONE_QUESTION, ONE_QUESTION_AND_EDNS = b"\0\1\0\0\0\0\0\0", b"\0\1\0\0\0\0\0\1"
EDNS = b"\0\0\x29" + struct.pack("!HIH", PAYLOAD, 0, 0)
# The bit that turns a letter's case, for every byte of a name. Lengths of labels are below 64: none is a letter.
CASE = bytes(0x20 if 0x61 <= byte | 0x20 <= 0x7A else 0 for byte in range(256))

_BLOCK = 1 << 14


def head(*, recursion: bool, edns: bool) -> bytes:
    """Return a question's header without its two bytes of id."""
    return (RECURSE if recursion else STRAIGHT) + (ONE_QUESTION_AND_EDNS if edns else ONE_QUESTION)


def kind(rtype: int) -> bytes:
    """Return type and class as they stand behind the name; `struct.error` where it is no type."""
    return struct.pack("!HH", rtype, IN)


class Kinds(dict[int, bytes]):
    """`kind` by type, remembered."""

    def __missing__(self, rtype: int) -> bytes:
        self[rtype] = found = kind(rtype)
        return found


def mixed(name: bytes, noise: bytes) -> bytes:
    """Return the name with the case of its letters turned where the noise says so (draft-vixie-dnsext-dns0x20).

    `noise` is as long as the name; each letter's case is one bit that an answer must repeat.
    """
    turned = int.from_bytes(name.translate(CASE)) & int.from_bytes(noise)
    return (int.from_bytes(name) ^ turned).to_bytes(len(name))


class Noise:
    """Unpredictable bytes, drawn in blocks: a call to the system for each question would cost more than the rest."""

    def __init__(self, entropy: Callable[[int], bytes]) -> None:
        """`entropy` is `os.urandom`; tests hand in one that repeats."""
        self._entropy = entropy
        self._block = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return `count` bytes (at most some thousand)."""
        at = self._at
        self._at = until = at + count
        taken = self._block[at:until]
        if len(taken) < count:
            self._block, self._at = self._entropy(_BLOCK), count
            taken = self._block[:count]
        return taken
