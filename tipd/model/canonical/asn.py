"""AS numbers: `AS64500`, from `AS64500`, `as64500`, asdot `AS1.10` (RFC 5396), or a bare number where one is due."""

from __future__ import annotations

import re

from tipd.model.indicator import RefusedValue

_ASN = re.compile(r"(?:asn?\s?)?(\d{1,10})(?:\.(\d{1,5}))?\Z", re.IGNORECASE | re.ASCII)
LOOKS_LIKE = re.compile(r"asn?\s?\d{1,10}(?:\.\d{1,5})?\Z", re.IGNORECASE | re.ASCII)
# RFC 7607, 6793, 6996, 7300; the documentation numbers (RFC 5398) count as ordinary.
_RESERVED = ((0, 0), (23456, 23456), (64512, 65535), (65552, 131071), (4200000000, 4294967295))


def canonical_asn(text: str, *, poison: bool = True) -> str:
    """Return `AS` and the number. Raises RefusedValue (`malformed`, `bogon` for private and reserved numbers)."""
    match = _ASN.match(text)
    if match is None:
        raise RefusedValue("malformed", text)
    number = int(match[1])
    if match[2] is not None:
        low = int(match[2])
        if number > 0xFFFF or low > 0xFFFF:
            raise RefusedValue("malformed", text)
        number = number << 16 | low
    if number > 0xFFFFFFFF:
        raise RefusedValue("malformed", text)
    if poison and any(first <= number <= last for first, last in _RESERVED):
        raise RefusedValue("bogon", text)
    return f"AS{number}"
