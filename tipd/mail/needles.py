"""What to look for so that one address is found wherever it stands: compared as `tipd.mail.hiding` reads texts."""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from tipd.mail.hiding import SIGNS, collapsed, visible

LEAST = 4  # letters of a local part that says something by itself
UNLIKELY = 8  # letters that do not stand in other words by chance
DIGEST = 8  # bytes of a digest that are enough to know it
MOST_KEPT = 4096
_DIGESTS = ("md5", "sha1", "sha256")
_SIGN = r"[\x00-\x09\x0b-/:-@\[-`{-\x7f]"  # as hiding drops them: all of ASCII but letters, figures and the line's end
_AT = rf"{_SIGN}*(?:%40|at{_SIGN}+)?{_SIGN}*"
# Local parts that many have (RFC 2142 and habit): they are masked where they stand alone, not inside other words.
# fmt: off
_ROLES = frozenset((
    "abuse", "accounts", "admin", "administrator", "billing", "contact", "customer", "customers", "hello",
    "helpdesk", "hostmaster", "info", "information", "mailbox", "marketing", "newsletter", "newsletters",
    "noreply", "office", "order", "orders", "payment", "postmaster", "privacy", "purchase", "reception",
    "recruitment", "sales", "secretary", "security", "service", "services", "shipping", "subscribe", "support",
    "unsubscribe", "webmaster",
))
# fmt: on


class Needles(NamedTuple):
    """Of one address: `sure`, bytes that are not in any reading of a text but by that address.

    `maybe`: bytes that may be part of other words where they stand in clear; there `alone` (a pattern) decides.
    `pattern`: what is replaced where it stands in clear.
    """

    sure: tuple[bytes, ...]
    maybe: tuple[bytes, ...]
    alone: Any
    pattern: Any


@lru_cache(maxsize=MOST_KEPT)
def of_address(address: str) -> Needles:
    """Return the needles of an address in lower case."""
    local, _, domain = visible(address).casefold().rpartition("@")
    base = local.partition("+")[0] or local
    pieces = [piece for piece in re.split(r"[^\w]|_", base) if piece]
    name = collapsed("".join(pieces)).decode("utf-8", "replace")
    swapped = collapsed("".join(reversed(pieces))).decode("utf-8", "replace")
    host = collapsed(domain).decode("utf-8", "replace")
    spoken = _spoken_host(domain)
    wholes = [name + host, f"{name}at{host}", name + spoken, collapsed(address).decode("utf-8", "replace")]
    digests = _digests({address, f"{base}@{domain}"} | ({local, base} if _says(name) else set()))
    found = {whole.encode() for whole in wholes} | {*_forms([name + host]), *digests, _codes(address)}
    clear = _clear(pieces)
    at_host = _AT + _letters(host)
    if not _says(name):
        pattern = re2.compile(rf"(?i)(^|[^a-z0-9]){clear}{at_host}()")
        return Needles(_least(found), (), None, pattern)
    if _is_unlikely(name, pieces):
        found |= set(_forms([name, swapped])) | {name.encode(), swapped.encode()}
        either = clear if swapped == name else f"(?:{clear}|{_clear(pieces[::-1])})"
        return Needles(_least(found), (), None, re2.compile(rf"(?i)(){either}(?:\+[\w.\-]*)?(?:{at_host})?()"))
    alone = rf"(?i)(^|[^a-z]){clear}(?:\+[\w.\-]*)?(?:{at_host})?([^a-z]|$)"
    pattern = re2.compile(alone)
    return Needles(_least(found), (name.encode(),), pattern, pattern)


@lru_cache(maxsize=MOST_KEPT)
def of_domain(domain: str) -> Needles:
    """Return the needles of a domain that is to be hidden, with the names below it."""
    host = collapsed(visible(domain).casefold()).decode("utf-8", "replace")
    pattern = re2.compile(rf"(?i)()(?:[\w\-]+\.)*{_letters(host)}()")
    return Needles(tuple({host.encode(), *_forms([host])}), (), None, pattern)


def _least(found: set[bytes]) -> tuple[bytes, ...]:
    """Return those that hold no other: where one is found, the shorter is."""
    return tuple(one for one in found if one and not any(other in one for other in found if other and other != one))


def _says(name: str) -> bool:
    """Say whether a local part tells who is meant by itself: four characters, or figures among letters."""
    return len(name) >= LEAST or (any(c.isdigit() for c in name) and any(c.isalpha() for c in name))


def _is_unlikely(name: str, pieces: list[str]) -> bool:
    if name in _ROLES:
        return False
    mixed = any(c.isdigit() for c in name) and any(c.isalpha() for c in name)
    return len(name) >= UNLIKELY or (len(name) > LEAST and mixed) or (len(pieces) > 1 and len(name) >= UNLIKELY - 2)


def _forms(names: list[str]) -> list[bytes]:
    """Return names as they stand backwards, and turned by thirteen letters."""
    return [form.encode() for name in names for form in (name[::-1], codecs.encode(name, "rot13"))]


def _digests(values: set[str]) -> list[bytes]:
    """Return the beginnings of digests as they are read back from hexadecimal and base64."""
    found = []
    for value in values:
        for kind in _DIGESTS:
            digest = hashlib.new(kind, value.encode("utf-8", "replace"), usedforsecurity=False).digest()
            found.append(digest[: 2 * DIGEST].lower().translate(None, SIGNS))
    return [one for one in found if len(one) > DIGEST // 2]


def _codes(address: str) -> bytes:
    """Return the address in base32 (RFC 4648), less its end, where what follows would change it."""
    return base64.b32encode(address.encode("utf-8", "replace")).rstrip(b"=")[:-2].lower()


def _spoken_host(domain: str) -> str:
    """Return a domain as people write it out: `trap dot example dot org`."""
    return "at" + "dot".join(collapsed(label).decode("utf-8", "replace") for label in domain.split("."))


def _clear(pieces: list[str]) -> str:
    return f"{_SIGN}*".join(_letters(collapsed(piece).decode("utf-8", "replace")) for piece in pieces)


def _letters(text: str) -> str:
    return f"{_SIGN}*".join(map(re2.escape, text))
