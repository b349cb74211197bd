"""URLs as the WHATWG URL standard writes them, and two steps more: no trailing dot in the host, mapped IPv4 is IPv4."""

from __future__ import annotations

import re

import ada_url

from tipd.model.canonical import bogon, domain
from tipd.model.canonical.address import BITS4, format_address, parse_address
from tipd.model.indicator import RefusedValue

LONGEST = 8192
SCHEMES = frozenset({"http:", "https:", "ftp:", "ws:", "wss:"})

# What the standard would leave as it is: lower-case scheme and name of plain labels, no default port, a path without
# dot segments, characters that are never encoded. Most URLs of most lists; parsing them takes six times as long.
_PLAIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>(?!xn--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.(?!xn--))+[a-z]{2,63})"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
    r"(?:/(?![.])[A-Za-z0-9_~!$&()*+,;=:@-][A-Za-z0-9_~!$&()*+,;=:@.-]*|/)++"
    r"(?:\?[A-Za-z0-9_~!$&()*+,;=:@/.%-]*+)?\Z"
)
_DEFAULT_PORT = {"http": "80", "https": "443"}


def canonical_url(text: str, *, poison: bool = True) -> str:
    """Return the URL's href; the fragment stays, as the standard keeps it.

    Raises RefusedValue: `malformed`, `too_long`, and where `poison` is true `bogon`, `localhost` or `public_suffix`
    (a host of one label) for hosts that are not on the public Internet.
    """
    plain = _PLAIN.match(text)
    if plain is not None and _is_settled(plain):
        if poison:
            _refuse_local(plain["host"], text)
        return text
    try:
        url = ada_url.URL(text)
    except (ValueError, UnicodeError):
        raise RefusedValue("malformed", text) from None
    if url.protocol not in SCHEMES:
        raise RefusedValue("malformed", text)
    _settle_host(url, text, poison=poison)
    href: str = url.href
    if len(href) > LONGEST:
        raise RefusedValue("too_long", text)
    return href


def _is_settled(plain: re.Match[str]) -> bool:
    port = plain["port"]
    if port is not None and (port == _DEFAULT_PORT[plain["scheme"]] or int(port) > 65535):
        return False
    return len(plain["host"]) <= domain.LONGEST and len(plain[0]) <= LONGEST


def _settle_host(url: ada_url.URL, text: str, *, poison: bool) -> None:
    host = url.hostname
    bare = host[1:-1] if host.startswith("[") else host
    parsed = parse_address(bare)
    if parsed is None:
        name = domain.canonical_name(bare)
        if name != host:
            url.hostname = name
        if poison:
            _refuse_local(name, text)
        return
    if parsed[0] == BITS4 and host.startswith("["):
        url.hostname = format_address(*parsed)
    if poison and bogon.is_bogon(*parsed):
        raise RefusedValue("bogon", text)


def _refuse_local(name: str, text: str) -> None:
    # A page on a shared host (`https://github.io/x`) is a page like any other: only the host as a whole is poison.
    reason = domain.why_refused(name)
    if reason == "localhost" or (reason and "." not in name):
        raise RefusedValue(reason, text)


def host_of(value: str) -> str:
    """Return the host of a canonical URL: a name or an address without brackets."""
    host: str = ada_url.URL(value).hostname
    return host[1:-1] if host.startswith("[") else host
