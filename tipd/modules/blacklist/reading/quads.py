"""Recognise canonical IPv4 addresses and networks over the joined bytes of many texts."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from tipd.model.canonical.address import BITS4
from tipd.model.canonical.bogon import BOUNDS, WIDEST

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tipd.modules.blacklist.reading.batch import Index, Texts

_DIGIT, _DOT, _SLASH = 1, 2, 4  # the bits of batch.py
_BOUNDS = np.array(BOUNDS[BITS4], np.int64)


def addresses(texts: Texts) -> Index:
    """Return indices of strict dotted quads that are no bogons."""
    shape = texts.only(_DIGIT | _DOT, _DIGIT | _DOT) & (texts.lengths >= 7) & (texts.lengths <= 15)
    rows = np.flatnonzero(shape)
    rows, numbers = _quads(texts, rows, texts.ends[rows])
    public: Index = rows[np.searchsorted(_BOUNDS, numbers, "right") & 1 == 0]
    return public


def networks(texts: Texts) -> Index:
    """Return indices of `quad/prefix` with clear host bits, prefix 8 to 31, free of bogons."""
    shape = texts.only(_DIGIT | _DOT | _SLASH, _DIGIT | _DOT | _SLASH) & (texts.lengths >= 9) & (texts.lengths <= 18)
    rows = np.flatnonzero(shape)
    ends = texts.ends[rows]
    short = texts.bytes[ends - 2] == ord("/")
    long = texts.bytes[ends - 3] == ord("/")
    rows, ends, short = rows[short ^ long], ends[short ^ long], short[short ^ long]
    rows, numbers, slash = _quads_with_ends(texts, rows, np.where(short, ends - 2, ends - 3))
    ends = texts.ends[rows]
    units = texts.bytes[ends - 1].astype(np.int64) - ord("0")
    tens = np.where(slash == ends - 2, 0, texts.bytes[ends - 2].astype(np.int64) - ord("0"))
    prefix = tens * 10 + units
    fine = (units >= 0) & (tens >= 0) & ~((slash == ends - 3) & (tens == 0))
    fine &= (prefix >= WIDEST[BITS4]) & (prefix < BITS4)
    size = np.int64(1) << np.clip(BITS4 - prefix, 0, BITS4)
    fine &= numbers & (size - 1) == 0
    below = np.searchsorted(_BOUNDS, numbers, "right")
    fine &= (below & 1 == 0) & (np.searchsorted(_BOUNDS, numbers + size - 1, "right") == below)
    public: Index = rows[fine]
    return public


def _quads(texts: Texts, rows: Index, ends: Index) -> tuple[Index, Index]:
    rows, numbers, _ = _quads_with_ends(texts, rows, ends)
    return rows, numbers


def _quads_with_ends(texts: Texts, rows: Index, ends: Index) -> tuple[Index, Index, Index]:
    """Return those rows whose text up to `ends` is a strict quad, its number, and its end."""
    dots = np.flatnonzero(texts.bytes == ord("."))
    starts = texts.starts[rows]
    first = np.searchsorted(dots, starts)
    fine = np.searchsorted(dots, ends) - first == 3
    rows, starts, ends, first = rows[fine], starts[fine], ends[fine], first[fine]
    marks = [starts - 1, *(dots[first + step] for step in range(3)), ends]
    number = np.zeros(len(rows), np.int64)
    strict = np.ones(len(rows), np.bool_)
    for before, after in itertools.pairwise(marks):
        octet, valid = _octets(texts.bytes, before + 1, after)
        number = number << 8 | octet
        strict &= valid
    return rows[strict], number[strict], ends[strict]


def _octets(buffer: NDArray[np.uint8], start: Index, end: Index) -> tuple[Index, NDArray[np.bool_]]:
    """Return the number between two places, and whether it is one to three digits, under 256, without leading zero.

    The bytes between are digits or a slash (which counts as -1 and spoils the number).
    """
    length = end - start
    ones = buffer[end - 1].astype(np.int64) - 48
    tens = np.where(length > 1, buffer[end - 2].astype(np.int64) - 48, 0)
    hundreds = np.where(length > 2, buffer[end - 3].astype(np.int64) - 48, 0)
    number = hundreds * 100 + tens * 10 + ones
    strict = (length >= 1) & (length <= 3) & (number <= 255) & (ones >= 0) & (tens >= 0) & (hundreds >= 0)
    strict &= (length == 1) | (buffer[start] != 48)
    return number, strict
