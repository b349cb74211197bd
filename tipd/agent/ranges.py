"""Conditions and ranges of a request for bytes that never change (RFC 9110, 13 and 14), pure.

One range is served; several at once, or a range in another unit, are answered with the whole, as the RFC allows.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_TAG = re.compile(r'\s*(?:W/)?("[^"]*")\s*(?:,|$)')


class Part(NamedTuple):
    """Which bytes are sent: from `start`, up to before `end`."""

    start: int
    end: int


class UnsatisfiableError(ValueError):
    """The range begins behind the last byte: 416."""


def wanted(header: str, size: int) -> Part | None:
    """Return the part a Range field asks for, None where the whole is to be sent; raises UnsatisfiableError."""
    match = _ONE.fullmatch(header.strip())
    if match is None or (not match[1] and not match[2]):
        return None
    if not match[1]:
        last = int(match[2])
        if last == 0 or size == 0:
            raise UnsatisfiableError
        return Part(max(0, size - last), size)
    start = int(match[1])
    end = int(match[2]) + 1 if match[2] else size
    if match[2] and end <= start:
        return None  # "bytes=5-2" is no range at all: ignored
    if start >= size:
        raise UnsatisfiableError
    return Part(start, min(end, size))


def still_valid(if_range: str, etag: str) -> bool:
    """Whether an If-Range field lets the range count: only a strong tag equal to ours does (a date never)."""
    return if_range.strip() == etag


def matches(if_none_match: str, etag: str) -> bool:
    """Whether an If-None-Match field names the tag (weak comparison) or anything (`*`)."""
    text = if_none_match.strip()
    if text == "*":
        return True
    position = 0
    while match := _TAG.match(text, position):
        if match[1] == etag:
            return True
        position = match.end()
    return False
