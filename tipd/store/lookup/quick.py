"""Recognise values that already are in canonical form without working the form out, one at a time.

`plain.py` does the same in bulk for what is asked most. Both must agree with `tipd.model.canonical`: where they are not
sure, canonical decides.
"""

from __future__ import annotations

import re
import socket

from tipd.model.indicator import Indicator
from tipd.model.kind import Kind

# http(s), a lower-case ASCII host, path segments that do not begin with a dot, a query that no parser would touch.
_SEGMENT = r"[A-Za-z0-9_~-][A-Za-z0-9_.~-]*+"
_URL = re.compile(
    r"https?://((?:[a-z0-9_-]{1,63}+\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?)"
    rf"/(?:{_SEGMENT}/)*+(?:{_SEGMENT})?+(?:\?[A-Za-z0-9_.~&=+/-]*+)?\Z",
    re.ASCII,
)
_HASH = re.compile(r"[0-9a-f]+\Z")
_HASH_KINDS = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256}
_LONGEST = 2000
_LONGEST_NAME = 253


def quick(text: str) -> Indicator | None:
    """Return the indicator where the text is its canonical form for sure; URLs are `quick_url`'s."""
    if len(text) > _LONGEST:
        return None
    if ":" in text:
        return _ipv6(text)
    kind = _HASH_KINDS.get(len(text))
    return Indicator(kind, text) if kind is not None and _HASH.match(text) else None


def quick_url(text: str) -> tuple[int, int] | None:
    """Return where the host, a name, stands in a URL that is in its canonical form for sure; such a URL is ASCII."""
    match = _URL.match(text)
    if match is None or len(text) > _LONGEST:
        return None
    start, end = match.span(1)
    # A-labels are checked by the URL standard; whether one is valid only IDNA can say.
    if text.find("xn--", start, end) >= 0 or end - start > _LONGEST_NAME:
        return None
    return start, end


def _ipv6(text: str) -> Indicator | None:
    try:
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    # The first 96 bits empty, or ::ffff: are written in other ways.
    if packed[:10] == bytes(10) or socket.inet_ntop(socket.AF_INET6, packed) != text:
        return None
    return Indicator(Kind.IPV6, text)


def host_of(url: str) -> str:
    """Return the host of a canonical URL: a name, or an address without brackets."""
    host = url[url.index("://") + 3 :]
    for mark in "/?#":
        host = host.partition(mark)[0]
    host = host.rpartition("@")[2]
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
