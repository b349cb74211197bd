"""The shape of a URL: what all mails of a campaign have in common of it, tokens cut.

A million mails with a million tokens have one shape. The host folds too: where a label below the registrable domain is
a token, the host is `*.registrable`. Values of a query are never part of a shape, their names are. What masked views
show of a URL (`masked`) has the same shape as the URL itself.
"""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from tipd.mail import tokens
from tipd.model.canonical.suffix import registrable

VALUE = "{v}"
MOST_HOSTS = 8192  # hosts whose fold is remembered
LONGEST = 2048  # characters of a URL that its shape looks at
LONGEST_HOST = 253
MOST_NAMES = 20
_SPELT = re.compile(r"(?:%(?:25)*(?:2[DEde]|3[0-9]|4[0-9A-Fa-f]|5[0-9AFaf]|6[1-9A-Fa-f]|7[0-9AEae]))+")
_DELIMITERS = re.compile(r"([/?&=#])")
_ADDRESS = re.compile(r"\A[0-9.]+\Z|\A\[|:")


class Shape(NamedTuple):
    """`host_folded`: the host, or `*.registrable`; `shape`: host, path and names of the query with tokens cut.

    `key`: 64 bits of the shape, signed as PostgreSQL's bigint; `opaque`: whether anything was cut.
    """

    host_folded: str
    shape: str
    key: int
    opaque: bool


class Pieces(NamedTuple):
    """A URL taken apart; `before` is the scheme with its slashes, `port` has its colon, `query` no question mark."""

    before: str
    user: str
    host: str
    port: str
    path: str
    query: str
    fragment: str


def apart(url: str) -> Pieces:
    """Return the pieces of a URL; joined again they are the URL (the query's and the fragment's signs aside)."""
    scheme, slashes, rest = url.partition("://")
    if not slashes:
        scheme, rest = "", url
    rest, _, fragment = rest.partition("#")
    rest, _, query = rest.partition("?")
    authority, slash, path = rest.partition("/")
    user, at, host = authority.rpartition("@")
    port = ""
    if not host.endswith("]"):
        name, colon, number = host.rpartition(":")
        if colon and number.isdigit():
            host, port = name, ":" + number
    return Pieces(scheme + slashes, user + at, host, port, slash + path, query, fragment)


def joined(pieces: Pieces) -> str:
    """Return the URL of its pieces."""
    before = pieces.before + pieces.user + pieces.host + pieces.port + pieces.path
    return before + ("?" + pieces.query if pieces.query else "") + ("#" + pieces.fragment if pieces.fragment else "")


def shape(url: str) -> Shape:
    """Return the shape of a canonical URL, whole or as a masked view shows it."""
    pieces = apart(spelt_out(url[:LONGEST].replace("%7Bt%7D", tokens.TOKEN).replace("%7Bv%7D", VALUE)))
    host = folded_host(pieces.host)
    path = _folded(pieces.path) if len(pieces.path) > 1 else "/"
    query = ""
    if pieces.query:
        named = [_folded(part.partition("=")[0]) for part in pieces.query.split("&", MOST_NAMES)[:MOST_NAMES]]
        valued = "=" in pieces.query
        query = "?" + "&".join(sorted({f"{name}={VALUE}" if valued else name for name in named}))
    text = f"{host}{pieces.port}{path}{query}"
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big", signed=True)
    return Shape(host, text, key, tokens.TOKEN in text or host != pieces.host)


def masked(url: str) -> str:
    """Return a URL with its opaque pieces cut: what masked views show, before addresses are looked for."""
    before, user, host, port, path, query, fragment = apart(spelt_out(shortened(url)))
    rest = path + ("?" + query if query else "") + ("#" + fragment if fragment else "")
    parts = _DELIMITERS.split(rest)
    parts[::2] = map(tokens.cut, parts[::2])
    return f"{before}{tokens.TOKEN + '@' if user else ''}{folded_host(host)}{port}{''.join(parts)}"


def _folded(text: str) -> str:
    parts = _DELIMITERS.split(text)
    parts[::2] = map(tokens.fold, parts[::2])
    return "".join(parts)


def delimited(rest: str) -> list[str]:
    """Return path, query and fragment of a URL as pieces and, between them, the signs that delimit them."""
    return _DELIMITERS.split(rest)


def shortened(url: str) -> str:
    """Return a URL, of one too long its beginning up to the last slash."""
    return url if len(url) <= LONGEST else url[:LONGEST].rpartition("/")[0] + "/"


def spelt_out(url: str) -> str:
    """Return a URL in which letters, figures and `-._~@` stand as such, however often they were percent-encoded."""
    return _SPELT.sub(_spelt, url) if "%" in url else url


def _spelt(match: re.Match[str]) -> str:
    return unquote_to_bytes(match[0].replace("25", "") if "%25" in match[0] else match[0]).decode("ascii")


@lru_cache(maxsize=MOST_HOSTS)
def folded_host(host: str) -> str:
    """Return a host, or `*.` and its registrable domain where a label below it is a token."""
    if len(host) > LONGEST_HOST:
        return under_apex(host)
    if host.startswith("*.") or _ADDRESS.search(host):
        return host
    apex = registrable(host)
    below = host.removesuffix(apex).split(".")
    return "*." + apex if any(_is_random(label) for label in below) else host


def under_apex(host: str) -> str:
    """Return `*.` and the registrable domain of a host, whatever stands below it; an address stays."""
    if len(host) > LONGEST_HOST:  # no name is longer: its end is what would be asked for
        host = host[-LONGEST_HOST:].partition(".")[2]
    return host if host.startswith("*.") or _ADDRESS.search(host) else "*." + registrable(host)


def _is_random(label: str) -> bool:
    if label.startswith("xn--"):
        return False
    if sum(character.isdigit() for character in label) > 2:
        return True
    return any(tokens.is_opaque(atom) for atom in label.split("-") if len(atom) > 3)
