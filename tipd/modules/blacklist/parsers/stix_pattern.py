"""STIX patterns that name indicators and nothing more: comparisons by `=`, `IN` and `ISSUBSET`, joined by `OR`.

    values_of("[ipv4-addr:value = '198.51.100.7'] OR [url:value IN ('http://a.example/', 'http://b.example/')]")

Source: STIX 2.1, section 9. A pattern with `AND`, `FOLLOWEDBY`, `NOT` or a qualifier means less than each of its parts:
it is refused, never half read. One pass over the text, whatever it holds.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDRESS = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK})
_HASHES = {"md5": Kind.MD5, "sha1": Kind.SHA1, "sha256": Kind.SHA256}
_CERTIFICATES = {"sha1": Kind.CERT_SHA1, "sha256": Kind.CERT_SHA256}
# Object path → the kinds its value may have.
PATHS: dict[str, frozenset[Kind]] = {
    "ipv4-addr:value": _ADDRESS,
    "ipv6-addr:value": _ADDRESS,
    "domain-name:value": frozenset({Kind.DOMAIN}),
    "url:value": frozenset({Kind.URL}),
    "email-addr:value": frozenset({Kind.EMAIL}),
    "email-message:from_ref.value": frozenset({Kind.EMAIL}),
    "email-message:sender_ref.value": frozenset({Kind.EMAIL}),
    "network-traffic:dst_ref.value": _ADDRESS | {Kind.DOMAIN},
    "network-traffic:src_ref.value": _ADDRESS | {Kind.DOMAIN},
    "autonomous-system:number": frozenset({Kind.ASN}),
    **{f"file:hashes.{name}": frozenset({kind}) for name, kind in _HASHES.items()},
    **{f"x509-certificate:hashes.{name}": frozenset({kind}) for name, kind in _CERTIFICATES.items()},
}
_TOKEN = re.compile(
    r"\s*+(?:"
    r"(?P<path>[a-z0-9][a-z0-9-]*+:(?:[\w.\[\]*-]|'(?:[^'\\]|\\.)*+')++)"
    r"|(?P<text>'(?:[^'\\]|\\.)*+')"
    r"|(?P<number>-?\d++(?:\.\d++)?)"
    r"|(?P<word>[A-Za-z]\w*+(?:'(?:[^'\\]|\\.)*+')?)"
    r"|(?P<sign>!=|<=|>=|[\[\](),=<>])"
    r")",
    re.ASCII | re.DOTALL,
)
# What most patterns are: one equality.
_PLAIN = re.compile(r"\[\s*+([a-z][a-z0-9-]*+:[\w.'-]++)\s*+=\s*+'([^'\\]*+)'\s*+\]\s*+", re.ASCII)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_COMPARING = frozenset({"=", "IN", "ISSUBSET"})
_OTHERS = frozenset(
    {"AND", "FOLLOWEDBY", "NOT", "EXISTS", "LIKE", "MATCHES", "ISSUPERSET", "WITHIN", "REPEATS", "START", "STOP"}
    | {"!=", "<", ">", "<=", ">="}
)
_LONGEST = 100_000  # characters
_DEEPEST = 50


class Unsupported(ValueError):
    """A pattern that is more than a list of indicators."""


class Malformed(ValueError):
    """A text that is no pattern."""


class Named(NamedTuple):
    """A value and the kinds it may have; none: an object that is no indicator of ours."""

    kinds: frozenset[Kind]
    value: str


class _Token(NamedTuple):
    kind: str
    text: str


def values_of(pattern: str) -> list[Named]:
    """Return what the pattern names, in its order. Raises Unsupported, Malformed."""
    plain = _PLAIN.fullmatch(pattern)
    if plain is not None:
        return [Named(_kinds(plain[1]), plain[2])]
    if len(pattern) > _LONGEST:
        raise Malformed("too long")
    return list(_Reading(list(_tokens(pattern))).observations())


def _tokens(pattern: str) -> Iterator[_Token]:
    at, text = 0, pattern.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Malformed("a sign that has no place")
        yield _Token(match.lastgroup, match[match.lastgroup])
        at = match.end()


def _fault(token: _Token) -> ValueError:
    """A word of the language says more than we read; anything else is no pattern."""
    return Unsupported(token.text) if token.text.upper() in _OTHERS else Malformed(token.text)


class _Reading:
    """Tokens, and how far they are read."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def _next(self) -> _Token:
        if self._at == len(self._tokens):
            raise Malformed("ends early")
        token = self._tokens[self._at]
        self._at += 1
        return token

    def _sign(self, sign: str) -> None:
        token = self._next()
        if token.text != sign:
            raise _fault(token)

    def _peek(self) -> str:
        return self._tokens[self._at].text if self._at < len(self._tokens) else ""

    def observations(self) -> Iterator[Named]:
        """`[…] OR […]`, brackets around any of them."""
        yield from self._joined("[", self._observation, 0)
        if self._at < len(self._tokens):
            raise _fault(self._next())

    def _observation(self) -> Iterator[Named]:
        self._sign("[")
        yield from self._joined("", self._comparison, 0)
        self._sign("]")

    def _joined(self, opening: str, part: object, depth: int) -> Iterator[Named]:
        """Read parts between `OR`, each of them alone or joined again inside round brackets."""
        if depth > _DEEPEST:
            raise Malformed("nested too deep")
        while True:
            if self._peek() == "(":
                self._at += 1
                yield from self._joined(opening, part, depth + 1)
                self._sign(")")
            else:
                yield from part()  # type: ignore[operator]
            if self._peek().upper() != "OR":
                return
            self._at += 1

    def _comparison(self) -> Iterator[Named]:
        path = self._next()
        if path.kind != "path":
            raise _fault(path)
        operator = self._next()
        if operator.text.upper() not in _COMPARING:
            raise _fault(operator)
        kinds = _kinds(path.text)
        if operator.text.upper() != "IN":
            yield Named(kinds, self._literal())
            return
        self._sign("(")
        yield Named(kinds, self._literal())
        while self._peek() == ",":
            self._at += 1
            yield Named(kinds, self._literal())
        self._sign(")")

    def _literal(self) -> str:
        token = self._next()
        if token.kind == "text":
            return _ESCAPE.sub(r"\1", token.text[1:-1])
        if token.kind == "number":
            return token.text
        if token.kind == "word":  # true, t'2026-…', h'…', b'…'
            return ""
        raise Malformed(token.text)


def _kinds(path: str) -> frozenset[Kind]:
    """Return the kinds of a path, its hashes by one name: `file:hashes.'SHA-256'` is `file:hashes.sha256`."""
    found = PATHS.get(path)
    if found is not None:
        return found
    thing, _, name = path.partition(":hashes.")
    return PATHS.get(f"{thing}:hashes.{name.strip(chr(39)).lower().replace('-', '')}", frozenset())
