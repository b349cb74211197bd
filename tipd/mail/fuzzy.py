"""A fuzzy hash of text: near texts have near hashes, and how near is a number.

One-permutation MinHash (Li, Owen, Zhang: "One Permutation Hashing", NIPS 2012) over the text's shingles of three words
that begin with one of more than four letters (with any, where there are few): each shingle's XXH3 (64 bits) falls into
one of 64 bins, and each bin keeps its least; empty bins borrow from their next neighbour (Shrivastava, Li: "Densifying
One Permutation Hashing via Rotation", ICML 2014). Of each least value two bits are kept (Li, König: "b-Bit Minwise
Hashing", WWW 2010): 128 bits, 32 hexadecimal digits. Two bins of strangers agree once in four times; the distance has
that taken out and estimates one less the Jaccard similarity of the shingles.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import xxhash

from tipd.mail.template import words

if TYPE_CHECKING:
    from collections.abc import Iterable

BINS = 64
SHINGLE = 3
LEAST = 8  # words of a text that has a hash at all
MOST = 200  # words that are looked at
SHORT = 4  # bytes of words that begin no shingle: those that are in every text
DIGITS = 32
_NOTHING = 1 << 64
_BY_CHANCE = 0.25
_LOW = int("01" * BINS, 2)


def fuzzy(text: str) -> str:
    """Return 32 hexadecimal digits, or nothing for a text of fewer than eight words; of text masked with a constant."""
    return fuzzy_of(words(text))


def fuzzy_of(found: list[str]) -> str:
    """Return the hash of a text whose words are known (see `tipd.mail.template.words`)."""
    if len(found) < LEAST:
        return ""
    spoken = " ".join(found[:MOST]).lower().encode("utf-8", "replace").split(b" ")
    begins = [len(word) > SHORT for word in spoken]
    shingles: Iterable[tuple[bytes, ...]] = zip(spoken, spoken[1:], spoken[2:], strict=False)
    if sum(begins) > BINS // 2:
        shingles = compress(shingles, begins)
    least = [_NOTHING] * BINS
    for value in map(xxhash.xxh3_64_intdigest, map(b" ".join, shingles)):
        at = value & (BINS - 1)
        if value < least[at]:  # noqa: PLR1730 - `min` takes four times as long
            least[at] = value
    borrowed = next(value for value in least if value != _NOTHING)
    kept = []
    for value in reversed(least):
        if value != _NOTHING:
            borrowed = value
        kept.append("0123"[borrowed >> 6 & 3])
    return f"{int(''.join(kept), 4):032x}"


def distance(one: str, other: str) -> float:
    """Return how far two hashes are apart: 0 for equal texts, about 1 for strangers.

    Raises ValueError for what is no such hash.
    """
    if len(one) != DIGITS or len(other) != DIGITS:
        raise ValueError("a fuzzy hash has 32 hexadecimal digits")
    differing = int(one, 16) ^ int(other, 16)
    bins = ((differing | differing >> 1) & _LOW).bit_count()
    return min(1.0, bins / BINS / (1 - _BY_CHANCE))
