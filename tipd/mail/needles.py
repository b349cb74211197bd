"""What to look for so that one address is found wherever it stands: compared as `tipd.mail.hiding` reads texts."""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tipd.mail.hiding import SIGNS, collapsed, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

LEAST = 4  # letters of a local part that says something by itself
UNLIKELY = 8  # letters that do not stand in other words by chance
MOST_KEPT = 2048
_DIGESTS = (hashlib.md5, hashlib.sha1, hashlib.sha256)
_SIGN = (
    r"[\x00-\x09\x0b-/:-@\[-`{-\x7f]*+"  # as hiding drops them: all of ASCII but letters, figures and the line's end
)
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
    those that may be part of other words where they stand in clear; there the patterns decide. `pieces`, `host`: its
    local part between signs, and its domain, collapsed. `names`: other words that mean it where they stand alone.
    `literals`: how it is written nearly always.
    """

    plain: tuple[bytes, ...]
    coded: tuple[bytes, ...]
    maybe: tuple[bytes, ...]
    pieces: tuple[str, ...]
    host: str
    names: tuple[str, ...] = ()
    literals: tuple[str, ...] = ()

    @property
    def common(self) -> bool:
        """Whether many have it: then it is a word like others, too."""
        return "".join(self.pieces) in COMMON

    def stands_in(self, plain: bytes, forms: Iterable[str]) -> bool:
        """Say whether a text, in any form it was brought to, has it as a word of its own; `plain`: collapsed."""
        words = [word.decode() for word in self.maybe if word in plain]
        return bool(words) and any(_alone(tuple(words)).search(form) for form in forms)

    def may_stand_in(self, plain: bytes) -> bool:
        """Say whether anything of it is in a text, collapsed."""
        for needle in self.plain:
            if needle in plain:
                return True
        return any(needle in plain for needle in self.maybe) if self.maybe else False

    def replaced(self, text: str, mark: str) -> str:
        """Return a text with what stands in clear replaced by a mark."""
        for literal in self.literals:
            text = text.replace(literal, mark)
        plain = collapsed(text.casefold())
        if self.may_stand_in(plain):
            text = _whole(self.pieces, self.host).sub(mark, text)
            if any(name.encode() in plain for name in self.names):
                text = _alone(self.names).sub(mark, text)
        return text


@lru_cache(maxsize=MOST_KEPT)
def of_address(address: str) -> Needles:
    """Return the needles of an address in lower case."""
    local, _, domain = visible(address).casefold().rpartition("@")
    base = local.partition("+")[0] or local
    pieces = tuple(text for piece in _APART.split(base) if (text := _text(piece)))
    name, host = "".join(pieces), _text(domain)
    speaks = _speaks(name)
    others = _names(pieces, name) if speaks else ()
    if speaks and not _is_unlikely(name, pieces):
        others += tuple(form.decode() for form in _forms(name)[1:] if form != name.encode())
    words = tuple(word.encode() for word in others)
    first = base if speaks else address
    twice = _base64(first)
    if speaks and _is_unlikely(name, pieces):
        names = [name, "".join(reversed(pieces))] if len(pieces) > 1 else [name]
        plain = [form for one in names for form in _forms(one)]
        coded = [*plain]
        literals = tuple(f"{local}{sign}{domain}" for sign in ("@", "=", "%40"))
        return Needles((*plain, _base32(first), twice), (*coded, twice), words, pieces, host, others, literals)
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
def _whole(pieces: tuple[str, ...], host: str) -> re.Pattern[str]:
    """Return the pattern of an address, or of its local part where that says enough.

    Repetitions are possessive and what follows them is none of them, so nothing is tried twice.
    """
    if not pieces:
        local = r"(?:[A-Za-z0-9._+=~\-]{1,64}+(?:@|%40))?"  # whoever is addressed there is a trap too
        return re.compile(rf"(?<![A-Za-z0-9\-.]){local}(?:[A-Za-z0-9\-]++\.)*{_spelt(host)}")
    name = "".join(pieces)
    swapped = "".join(reversed(pieces))
    either = _spelt(name) if swapped == name else f"(?:{_spelt(name)}|{_spelt(swapped)})"
    tag, at_host = r"(?:\+[\w.\-]*+)?", f"{_SIGN}(?:(?:40|[aA][tT]|[dD][oO][tT]){_SIGN})?{_spelt(host)}"
    if not _speaks(name):
        return re.compile(f"(?<![a-zA-Z0-9]){either}{tag}{at_host}")
    if _is_unlikely(name, pieces):
        return re.compile(f"{either}{tag}(?:{at_host})?")
    return re.compile(f"(?<![a-zA-Z]){either}{tag}(?:{at_host})?(?![a-zA-Z])")


@lru_cache(maxsize=512)
def _alone(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(f"(?<![a-zA-Z])(?:{'|'.join(map(_spelt, words))})(?![a-zA-Z])")


def _spelt(text: str) -> str:
    """Return the pattern of a collapsed text: its letters in either case, with signs between them."""
    return _SIGN.join(f"[{c}{c.upper()}]" if c.isascii() and c.isalpha() else re.escape(c) for c in text)


def _text(text: str) -> str:
    return collapsed(text).decode("utf-8", "replace")


def _is_mixed(name: str) -> bool:
    return not name.isalpha() and not name.isdigit() and bool(name)


def _speaks(name: str) -> bool:
    """Say whether a local part tells who is meant by itself: four characters, or figures among letters."""
    return len(name) >= LEAST or _is_mixed(name)


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
def digests(address: str) -> str:
    """Return the digests of an address and of its local part, in hexadecimal, a line each."""
    local, _, domain = address.rpartition("@")
    base = local.partition("+")[0] or local
    values = {value.encode("utf-8", "replace") for value in (address, f"{base}@{domain}", local, base)}
    return "\n".join(kind(value, usedforsecurity=False).hexdigest() for value in values for kind in _DIGESTS)


def _base32(text: str) -> bytes:
    """Return a text in base32 (RFC 4648), less what would change with what follows."""
    raw = text.encode("utf-8", "replace")
    return base64.b32encode(raw)[: len(raw) * 8 // 5].lower()


def _base64(text: str) -> bytes:
    """Return a text in base64 as it is compared: what is encoded twice is read so once it was decoded once."""
    raw = text.encode("utf-8", "replace")
    return base64.b64encode(raw)[: len(raw) * 4 // 3].lower().translate(None, SIGNS)
