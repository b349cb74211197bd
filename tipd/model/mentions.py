"""Which indicators a text names, by their keys: to know again what may not come back. Pure; linear in the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tipd.model.canonical import canonical, refang
from tipd.model.canonical.address import format_address, parse_address
from tipd.model.canonical.domain import canonical_name
from tipd.model.indicator import RefusedValue
from tipd.model.key import key_of
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

# Runs of what a value can be made of, each taken whole, so that no text makes them look at anything twice.
_NAME = re.compile(r"[\w.-]+")
_SIX = re.compile(r"[0-9A-Fa-f:.]+")
_MAIL = re.compile(r"[\w.!#$%&'*+/?^`{|}~@-]+")
_LINK = re.compile(r"[^\s\"<>]+")
_DIGESTS = {32: Kind.MD5, 40: Kind.SHA1, 64: Kind.SHA256}
_HEX = frozenset("0123456789abcdef")
_LONGEST_NAME, _LONGEST_SIX, _LONGEST_MAIL, _LONGEST_LINK = 255, 45, 320, 8192


def keys_in(text: str, seed: int) -> set[int]:
    """Return the keys of all a text names: addresses, names and those they lie below, URLs, mail addresses, digests."""
    text = refang(text)
    return {key_of(seed, kind, value) for kind, value in _found(text)}


def keys_in_json(data: bytes, seed: int) -> set[int]:
    """Return the same for all texts of a JSON document, and for the data itself where it is none."""
    try:
        document = msgspec.json.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return keys_in(data.decode("utf-8", "replace"), seed)
    return {key for text in _texts(document) for key in keys_in(text, seed)}


def _texts(document: Any) -> Iterator[str]:
    left = [document]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one, *one.values()]
        elif isinstance(one, list):
            left += one


def _found(text: str) -> Iterator[tuple[Kind, str]]:
    for match in _NAME.finditer(text):
        yield from _name(match[0].strip(".-"))
    if text.count(":") > 1:
        for match in _SIX.finditer(text):
            yield from _six(match[0])
    if "@" in text:
        for match in _MAIL.finditer(text):
            if "@" in match[0] and len(match[0]) <= _LONGEST_MAIL:
                address = match[0].strip(".'")
                for one in {address, address.lower()}:  # whose case matters to few, and whoever types it seldom knows
                    yield from _canonical(one, Kind.EMAIL)
    if "://" in text:
        for match in _LINK.finditer(text):
            if "://" in match[0] and len(match[0]) <= _LONGEST_LINK:
                yield from _canonical(match[0], Kind.URL)
                yield from _canonical(match[0].lstrip("([{'").rstrip(")]}'.,;:!?"), Kind.URL)


def _name(run: str) -> Iterator[tuple[Kind, str]]:
    if len(run) > _LONGEST_NAME:
        return
    if "." not in run:
        if (kind := _DIGESTS.get(len(run))) and _HEX.issuperset(run.lower()):
            yield kind, run.lower()
        return
    if run.replace(".", "").isdecimal():
        yield from _address(run)
        return
    try:
        name = canonical_name(run)
    except RefusedValue:
        return
    while "." in name:
        yield Kind.DOMAIN, name
        name = name.partition(".")[2]


def _six(run: str) -> Iterator[tuple[Kind, str]]:
    if run.count(":") > 1 and len(run) <= _LONGEST_SIX:
        plain = run.rstrip(":.").lstrip(".")
        for one in (run, plain, plain.partition(":")[2]):  # the last: `IPv6:` of a literal ends in what is a digit
            yield from _address(one)


def _address(text: str) -> Iterator[tuple[Kind, str]]:
    parsed = parse_address(text)
    if parsed is not None:
        bits, number = parsed
        yield Kind.IPV4 if bits == 32 else Kind.IPV6, format_address(bits, number)


def _canonical(text: str, kind: Kind) -> Iterator[tuple[Kind, str]]:
    try:
        found = canonical(text, kind, poison=False)
    except RefusedValue:
        return
    yield found.kind, found.value
