"""Read a whole request at once: which values are a plain IPv4 address or network, or a plain lower-case ASCII name.

Most values are, and for those no canonical form has to be worked out: they are their own. Everything else goes through
`tipd.model.canonical`, with which this file must agree; where it is not sure it says "not plain".
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes, Mask

# Values stand between separators; the separator is the prefix that the key of a domain is made with (model/key.py), so
# that the bytes to hash lie ready in the joined text.
SEPARATOR = b"\x04"
_MAX_NAME = 253  # RFC 1035, 2.3.4, without the root's dot
_MAX_LABEL = 63
_LENGTH_OF = {str(length): length for length in range(32)}  # /32 is an address, which is written without
_HOST_BITS = np.array([(1 << 32 - length) - 1 for length in range(33)], np.uint32)

_DIGIT, _LETTER, _JOINER, _DOT, _EDGE, _SLASH, _OTHER = 1, 2, 4, 8, 16, 32, 64
_CLASSES = np.full(256, _OTHER, np.uint8)
_CLASSES[list(b"0123456789")] = _DIGIT
_CLASSES[list(b"abcdefghijklmnopqrstuvwxyz")] = _LETTER
_CLASSES[list(b"-_")] = _JOINER
_CLASSES[ord(".")] = _DOT
_CLASSES[ord("/")] = _SLASH
_CLASSES[SEPARATOR[0]] = _EDGE


@dataclass(frozen=True, slots=True)
class Plain:
    """The values of a request, joined, and which of them are plain.

    `text` is every value after a separator, and one separator at the end; value `i` is `text[starts[i]:ends[i]]`.
    """

    text: bytes
    starts: Indexes
    ends: Indexes
    dots: Indexes  # where each dot of the text stands
    is_address: Mask
    is_network: Mask
    is_name: Mask
    addresses: NDArray[np.uint32]  # of the values that are addresses or networks, in their order
    lengths: NDArray[np.uint8]  # their prefix lengths: 32 of an address, less of a network


def read(values: Sequence[str]) -> Plain:
    """Look at all values at once."""
    text, edges = _joined(values)
    classes = _CLASSES[np.frombuffer(text, np.uint8)]
    starts, ends = edges[:-1] + 1, edges[1:]
    seen = np.bitwise_or.reduceat(classes, edges[:-1]) & ~np.uint8(_EDGE) if len(values) else classes[:0]
    dots = np.flatnonzero(classes == _DOT)
    dot_count = np.searchsorted(dots, ends) - np.searchsorted(dots, starts)
    odd = _odd(classes, edges)
    is_name = (seen & (_OTHER | _SLASH | _LETTER) == _LETTER) & (dot_count > 0) & (ends - starts <= _MAX_NAME) & ~odd
    is_name[is_name] = _top_is_plain(text, classes, dots, ends[is_name])
    is_quad = (seen & ~np.uint8(_SLASH) == _DIGIT | _DOT) & (dot_count == 3) & (ends - starts <= 18) & ~odd
    lengths = _lengths(values, is_quad, np.flatnonzero(is_quad & (seen & _SLASH != 0)))
    addresses = _addresses(values, is_quad, lengths)
    lengths = lengths[is_quad]
    is_address = is_quad.copy()
    is_address[is_quad] = lengths == 32
    return Plain(text, starts, ends, dots, is_address, is_quad & ~is_address, is_name, addresses, lengths)


def _joined(values: Sequence[str]) -> tuple[bytes, Indexes]:
    """Return the text and where its separators stand; a value that contains one becomes one that is not plain."""
    glue = SEPARATOR.decode()
    for texts in (values, ["?" if glue in value else value for value in values]):
        text = glue.join(["", *texts, ""]).encode("utf-8", "replace")
        edges = np.flatnonzero(np.frombuffer(text, np.uint8) == SEPARATOR[0])
        if len(edges) == len(values) + 1:
            break
    return text, edges


def _odd(classes: NDArray[np.uint8], edges: Indexes) -> Mask:
    """Return which values have an empty label or one that is too long."""
    odd = np.zeros(len(edges) - 1, np.bool_)
    borders = np.flatnonzero(classes & (_DOT | _EDGE) != 0)
    length = np.diff(borders) - 1
    odd[np.searchsorted(edges, borders[:-1][(length < 1) | (length > _MAX_LABEL)], "right") - 1] = True
    return odd


def _top_is_plain(text: bytes, classes: NDArray[np.uint8], dots: Indexes, ends: Indexes) -> Mask:
    """Return for names that end at `ends` whether their last label is `[a-z]([a-z0-9-]*[a-z0-9])?`."""
    last = dots[np.searchsorted(dots, ends) - 1]
    plain: Mask = (classes[last + 1] == _LETTER) & (classes[ends - 1] != _JOINER)
    if b"_" in text:
        underscores = np.flatnonzero(np.frombuffer(text, np.uint8) == ord("_"))
        plain &= np.searchsorted(underscores, last) == np.searchsorted(underscores, ends)
    return plain


def _lengths(values: Sequence[str], is_quad: Mask, with_slash: Indexes) -> NDArray[np.uint8]:
    """Return the prefix length of each value, 32 without one; takes back the mark where it is not plain."""
    lengths = np.full(len(values), 32, np.uint8)
    for at in with_slash.tolist():
        length = _LENGTH_OF.get(values[at].partition("/")[2])
        if length is None:
            is_quad[at] = False
        else:
            lengths[at] = length
    return lengths


def _addresses(values: Sequence[str], is_quad: Mask, lengths: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the addresses as numbers; takes back the mark where there is none (`01.1.1.1`) or host bits are set."""
    places = np.flatnonzero(is_quad)
    texts = [values[at] for at in places.tolist()]
    for at in np.flatnonzero(lengths[places] < 32).tolist():
        texts[at] = texts[at].partition("/")[0]
    try:
        packed = b"".join(map(socket.inet_pton, repeat(socket.AF_INET), texts))
    except OSError:
        packed = b"".join(map(_packed_or_none, texts))
        is_quad[places] = good = np.fromiter(map(_is_quad, texts), np.bool_, len(texts))
        places = places[good]
    addresses = np.frombuffer(packed, ">u4").astype(np.uint32)
    clean = addresses & _HOST_BITS[lengths[places]] == 0
    is_quad[places] = clean
    plain: NDArray[np.uint32] = addresses[clean]
    return plain


def _packed_or_none(text: str) -> bytes:
    try:
        return socket.inet_pton(socket.AF_INET, text)
    except OSError:
        return b""


def _is_quad(text: str) -> bool:
    return bool(_packed_or_none(text))
