"""What to look for so that one address is found wherever it stands: compared as `tipd.mail.hiding` reads texts."""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import re2

from tipd.mail.hiding import SIGNS, collapsed, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 4  # letters of a local part that says something by itself
UNLIKELY = 8  # letters that do not stand in other words by chance
MOST_KEPT = 4096
_DIGESTS = (hashlib.md5, hashlib.sha1, hashlib.sha256)
_SIGN = r"[\x00-\x09\x0b-/:-@\[-`{-\x7f]*"  # as hiding drops them: all of ASCII but letters, figures and the line's end
_APART = re.compile(r"[^\w]|_")
_FIGURES = re.compile(r"[0-9]+")
# Local parts that many have (RFC 2142 and habit), and words that stand in them: they are masked where they stand alone
# as a whole local part, not inside other words, not as a piece of one, and not in what is hashed.
# fmt: off
COMMON = frozenset((
    "abuse", "account", "accounts", "admin", "administrator", "billing", "company", "contact", "customer", "customers",
    "email", "example", "hello", "help", "helpdesk", "home", "hostmaster", "info", "information", "list", "lists",
    "mail", "mailbox", "marketing", "member", "money", "news", "newsletter", "newsletters", "noreply", "office",
    "order", "orders", "payment", "phishing", "post", "postmaster", "privacy", "purchase", "reception", "recruitment",
    "root", "sales", "secretary", "security", "service", "services", "shipping", "shop", "spam", "spamtrap",
    "subscribe", "support", "team", "test", "trap", "unsubscribe", "user", "webmaster", "work",
))
# fmt: on


class Needles(NamedTuple):
    """Of one address or domain.

    `plain`, `coded`: bytes that are in a reading in clear, and in a decoded one, only where the address is. `maybe`:
    those that may be part of other words where they stand in clear; there the pattern decides. `pieces`, `host`: its
    local part between signs, and its domain, collapsed. `names`: other words that mean it where they stand alone.
    """

    plain: tuple[bytes, ...]
    coded: tuple[bytes, ...]
    maybe: tuple[bytes, ...]
    pieces: tuple[str, ...]
    host: str
    names: tuple[str, ...] = ()

    @property
    def patterns(self) -> tuple[Any, ...]:
        """What is replaced where it stands in clear, between two groups of what stays; compiled when first needed."""
        first = _compiled(self.pieces, self.host, whole=not self.maybe and not self._is_sure)
        return (first, _named(self.names)) if self.names else (first,)

    def stands_in(self, forms: Iterable[str]) -> bool:
        """Say whether a text, in any form it was brought to, has it as a word of its own."""
        return any(pattern.search(form) for form in forms for pattern in self.patterns)

    @property
    def common(self) -> bool:
        """Whether many have it: then it is a word like others, too."""
        return "".join(self.pieces) in COMMON

    @property
    def _is_sure(self) -> bool:
        return "".join(self.pieces).encode() in self.plain


@lru_cache(maxsize=MOST_KEPT)
def of_address(address: str) -> Needles:
    """Return the needles of an address in lower case."""
    local, _, domain = visible(address).casefold().rpartition("@")
    base = local.partition("+")[0] or local
    pieces = tuple(text for piece in _APART.split(base) if (text := _text(piece)))
    name, host = "".join(pieces), _text(domain)
    speaks = len(name) >= LEAST or _is_mixed(name)
    others = _names(pieces, name) if speaks else ()
    if speaks and not _is_unlikely(name, pieces):
        others += tuple(form.decode() for form in _forms(name)[1:] if form != name.encode())
    words = tuple(word.encode() for word in others)
    first = base if speaks else address
    twice = _base64(first)
    if speaks and _is_unlikely(name, pieces):
        names = [name, "".join(reversed(pieces))] if len(pieces) > 1 else [name]
        plain = [form for one in names for form in _forms(one)]
        coded = [one.encode() for one in names]
        return Needles((*plain, _base32(first), twice), (*coded, twice), words, pieces, host, others)
    spoken = "".join(("at", "dot".join(map(_text, domain.split(".")))))
    plain = [*_forms(name + host), f"{name}at{host}".encode(), f"{name}{spoken}".encode(), _text(address).encode()]
    maybe = (name.encode(), *words) if speaks else ()
    return Needles((*plain, _base32(first), twice), ((name + host).encode(), twice), maybe, pieces, host, others)


@lru_cache(maxsize=MOST_KEPT)
def of_domain(domain: str) -> Needles:
    """Return the needles of a domain that is to be hidden, with the names below it."""
    host = _text(visible(domain).casefold())
    return Needles(_forms(host), (host.encode(),), (), (), host)


@lru_cache(maxsize=512)
def _compiled(pieces: tuple[str, ...], host: str, *, whole: bool) -> Any:
    spelt = _SIGN.join(_SIGN.join(piece) for piece in pieces)
    at_host = f"{_SIGN}(?:(?:40|at|dot){_SIGN})?{_SIGN.join(host)}"
    if not pieces:
        return re2.compile(rf"(?i)()(?:[\w.+=~\-]+(?:@|%40))?(?:[\w\-]+\.)*{_SIGN.join(host)}()")
    if whole:
        return re2.compile(rf"(?i)(^|[^a-z0-9]){spelt}(?:\+[\w.\-]*)?{at_host}()")
    swapped = _SIGN.join(_SIGN.join(piece) for piece in pieces[::-1])
    either = spelt if len(pieces) == 1 else f"(?:{spelt}|{swapped})"
    behind = rf"(?:\+[\w.\-]*)?(?:{at_host})?"
    if _is_unlikely("".join(pieces), pieces):
        return re2.compile(rf"(?i)(){either}{behind}()")
    return re2.compile(rf"(?i)(^|[^a-z]){either}{behind}([^a-z]|$)")


@lru_cache(maxsize=512)
def _named(names: tuple[str, ...]) -> Any:
    return re2.compile(rf"(?i)(^|[^a-z])(?:{'|'.join(map(_SIGN.join, names))})([^a-z]|$)")


def _text(text: str) -> str:
    return collapsed(text).decode("utf-8", "replace")


def _is_mixed(name: str) -> bool:
    return not name.isalpha() and not name.isdigit() and bool(name)


def _is_unlikely(name: str, pieces: tuple[str, ...]) -> bool:
    if name in COMMON:
        return False
    return len(name) >= UNLIKELY or (len(name) > LEAST and _is_mixed(name)) or (len(pieces) > 1 and len(name) > LEAST)


def _names(pieces: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Return what a greeting may take from a local part: its pieces, and what is left of it without figures."""
    words = {_FIGURES.sub("", word) for word in (*pieces, name)}
    return tuple(sorted(word for word in words if len(word) >= LEAST and word != name and word not in COMMON))


def _forms(name: str) -> tuple[bytes, ...]:
    """Return a name as it stands, backwards, and turned by thirteen letters."""
    return name.encode(), name[::-1].encode(), codecs.encode(name, "rot13").encode()


@lru_cache(maxsize=MOST_KEPT)
def digests(address: str) -> frozenset[str]:
    """Return the digests of an address and of its local part, as tokens hold them: hexadecimal, base64, base64url."""
    local, _, domain = address.rpartition("@")
    base = local.partition("+")[0] or local
    found = set()
    for value in {address, f"{base}@{domain}", local, base} - {""}:
        for kind in _DIGESTS:
            raw = kind(value.encode("utf-8", "replace"), usedforsecurity=False).digest()
            packed = base64.b64encode(raw).decode().rstrip("=")
            found |= {raw.hex(), packed, packed.replace("+", "-").replace("/", "_")}
    return frozenset(found)


def _base32(text: str) -> bytes:
    """Return a text in base32 (RFC 4648), less what would change with what follows."""
    raw = text.encode("utf-8", "replace")
    return base64.b32encode(raw)[: len(raw) * 8 // 5].lower()


def _base64(text: str) -> bytes:
    """Return a text in base64 as it is compared: what is encoded twice is read so once it was decoded once."""
    raw = text.encode("utf-8", "replace")
    return base64.b64encode(raw)[: len(raw) * 4 // 3].lower().translate(None, SIGNS)
