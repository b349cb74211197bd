"""Any text to indicators: what it is, its canonical form, and what stood beside it."""

from __future__ import annotations

from typing import NamedTuple

from tipd.model.canonical import asn, bogon, digest, domain, email, url
from tipd.model.canonical.address import (
    BITS4,
    Block,
    blocks_of_range,
    format_address,
    format_block,
    parse_address,
    parse_block,
)
from tipd.model.canonical.refang import refang
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind

LONGEST = url.LONGEST
ALL_KINDS = frozenset(Kind)
_ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6})
_QUOTES = "\"'`<> \t\r\n\x0b\x0c\u00a0\ufeff\u200b"


class Reading(NamedTuple):
    """What one text says: one indicator, or several where it is a range; `port` where one stood beside it."""

    indicators: tuple[Indicator, ...]
    port: int | None = None


def canonical(text: str, kind: Kind | None = None, *, poison: bool = True) -> Indicator:
    """Return the one indicator the text names; a port beside it is dropped.

    `kind` None decides by the text. `kind` network takes addresses too: a /32 or /128 *is* an address. With `poison`
    false what no list may block (private addresses, public suffixes …) is returned all the same, as look-ups need.
    Pure and idempotent: the result's value gives the same result. Raises RefusedValue.
    """
    reading = read(text, ALL_KINDS if kind is None else frozenset({kind}), poison=poison)
    if len(reading.indicators) != 1:
        raise RefusedValue("malformed", text)
    return reading.indicators[0]


def read(text: str, kinds: frozenset[Kind] = ALL_KINDS, *, poison: bool = True) -> Reading:
    """Return what the text names, of the kinds given; a range becomes the fewest networks.

    Where exactly one kind is given it also decides how the text is read: a bare number is an AS number, a URL may lack
    its scheme, forty digits are a certificate's fingerprint. Raises RefusedValue.
    """
    text = refang(text.strip(_QUOTES))
    if not text:
        raise RefusedValue("empty")
    if len(text) > LONGEST:
        raise RefusedValue("too_long", text)
    only = next(iter(kinds)) if len(kinds) == 1 else None
    reading = _read_only(text, only, poison=poison) if only in _DECIDES else _read_any(text, kinds, poison=poison)
    for indicator in reading.indicators:
        if indicator.kind not in kinds and not (Kind.NETWORK in kinds and indicator.kind in _ADDRESSES):
            raise RefusedValue("wrong_kind", text)
    return reading


_DIGESTS = frozenset(digest.LENGTH)
_DECIDES = _DIGESTS | {Kind.ASN, Kind.EMAIL, Kind.URL}


def _read_only(text: str, kind: Kind | None, *, poison: bool) -> Reading:
    if kind is Kind.ASN:
        value = asn.canonical_asn(text, poison=poison)
    elif kind is Kind.EMAIL:
        value = email.canonical_email(text, poison=poison)
    elif kind is Kind.URL:
        value = url.canonical_url(text if "://" in text else f"http://{text}", poison=poison)
    else:
        assert kind is not None  # noqa: S101 - `_DECIDES` holds no other
        value = digest.canonical_digest(text, kind, poison=poison)
    return Reading((Indicator(kind, value),))


def _read_any(text: str, kinds: frozenset[Kind], *, poison: bool) -> Reading:
    """Decide by the marks in the text, from the most telling to the least."""
    if "://" in text:
        return _one(Kind.URL, url.canonical_url(text, poison=poison))
    if "@" in text and "/" not in text:
        return _one(Kind.EMAIL, email.canonical_email(text, poison=poison))
    if "/" in text:
        return _read_slash(text, poison=poison)
    parsed = parse_address(text)
    if parsed is not None:
        return _one(*_address(*parsed, poison=poison, text=text))
    if "-" in text:
        reading = _read_range(text, poison=poison)
        if reading is not None:
            return reading
    if ":" in text:
        return _read_colon(text, poison=poison)
    return _read_word(text, kinds, poison=poison)


def _one(kind: Kind, value: str, port: int | None = None) -> Reading:
    return Reading((Indicator(kind, value),), port)


def _address(bits: int, number: int, *, poison: bool, text: str) -> tuple[Kind, str]:
    if poison and bogon.is_bogon(bits, number):
        raise RefusedValue("bogon", text)
    return (Kind.IPV4 if bits == BITS4 else Kind.IPV6), format_address(bits, number)


def indicator_of_block(block: Block, *, poison: bool = True, text: str = "") -> Indicator:
    """Return the network, or the address where it holds just one. Raises RefusedValue (`too_wide`, `bogon`)."""
    if block.prefix == block.bits:
        return Indicator(*_address(block.bits, block.first, poison=poison, text=text))
    reason = bogon.why_refused(block) if poison else None
    if reason:
        raise RefusedValue(reason, text)
    return Indicator(Kind.NETWORK, format_block(block))


def _read_slash(text: str, *, poison: bool) -> Reading:
    head, _, tail = text.partition("/")
    block = parse_block(head.strip("[] "), tail.strip())
    if block is not None:
        return Reading((indicator_of_block(block, poison=poison, text=text),))
    if parse_address(head) is not None and tail[:1].isdigit() and not tail.strip("0123456789."):
        raise RefusedValue("malformed", text)  # a network with a wrong mask, not a page
    return _one(Kind.URL, url.canonical_url(f"http://{text}", poison=poison))


def _read_colon(text: str, *, poison: bool) -> Reading:
    """`address:port`, `[v6]:port`, `[v6]`, `name:port`, or a fingerprint with colons."""
    if text.count(":") in (15, 19, 31) and len(text.replace(":", "")) in digest.KIND_OF_LENGTH:
        kind = digest.KIND_OF_LENGTH[len(text.replace(":", ""))]
        return _one(kind, digest.canonical_digest(text, kind, poison=poison))
    host, colon, number = text.rpartition(":")
    if text.endswith("]"):
        host, colon, number = text, "", ""
    port = _port(number, text) if colon else None
    parsed = parse_address(host[1:-1] if host.startswith("[") and host.endswith("]") else host)
    if parsed is not None and (parsed[0] == BITS4 or host.startswith("[")):
        kind, value = _address(*parsed, poison=poison, text=text)
        return _one(kind, value, port)
    if parsed is not None or ":" in host:
        raise RefusedValue("malformed", text)
    return _one(Kind.DOMAIN, _name(host, poison=poison), port)


def _port(number: str, text: str) -> int:
    if not (number.isascii() and number.isdigit() and len(number) <= 5 and 0 < int(number) <= 65535):
        raise RefusedValue("malformed", text)
    return int(number)


def _read_range(text: str, *, poison: bool) -> Reading | None:
    """`first-last`, with or without blanks; None where the sides are no addresses."""
    left, _, right = text.partition("-")
    first, last = parse_address(left.strip()), parse_address(right.strip())
    if first is None or last is None:
        return None
    return read_range(first, last, poison=poison, text=text)


def read_range(first: tuple[int, int], last: tuple[int, int], *, poison: bool = True, text: str = "") -> Reading:
    """Return the fewest networks from `first` to `last`, both (bits, number).

    Raises RefusedValue where the families differ, the range is backwards, or any part of it is poison.
    """
    if first[0] != last[0] or last[1] < first[1]:
        raise RefusedValue("malformed", text)
    blocks = blocks_of_range(first[0], first[1], last[1])
    return Reading(tuple(indicator_of_block(block, poison=poison, text=text) for block in blocks))


def _read_word(text: str, kinds: frozenset[Kind], *, poison: bool) -> Reading:
    if "." not in text:
        if len(text) in digest.KIND_OF_LENGTH and not text.lower().strip("0123456789abcdef"):
            kind = _digest_kind(len(text), kinds)
            return _one(kind, digest.canonical_digest(text, kind, poison=poison))
        if asn.LOOKS_LIKE.match(text):
            return _one(Kind.ASN, asn.canonical_asn(text, poison=poison))
    elif asn.LOOKS_LIKE.match(text):
        return _one(Kind.ASN, asn.canonical_asn(text, poison=poison))
    return _one(Kind.DOMAIN, _name(text, poison=poison))


def _digest_kind(length: int, kinds: frozenset[Kind]) -> Kind:
    """A fingerprint only where the kinds hold no hash of that length: nothing in the text tells them apart."""
    for kind in (digest.KIND_OF_LENGTH[length], Kind.CERT_SHA1, Kind.CERT_SHA256):
        if kind in kinds and digest.LENGTH[kind] == length:
            return kind
    return digest.KIND_OF_LENGTH[length]


def _name(text: str, *, poison: bool) -> str:
    name = domain.canonical_name(text.removeprefix("*.").removeprefix("."))
    reason = domain.why_refused(name) if poison else None
    if reason:
        raise RefusedValue(reason, text)
    return name
