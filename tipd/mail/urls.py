"""URLs and mail addresses out of text, as a reader would follow them: refanged, decoded, canonical.

A search that begins at what is rare (`//`, `@`, `www`) and looks back runs at hundreds of megabytes a second where one
pattern for the whole address runs at seven; each text is passed over once.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import unquote

from tipd.mail.html import in_link
from tipd.model.canonical.refang import refang
from tipd.model.canonical.suffix import registrable
from tipd.model.canonical.url import LONGEST, canonical_url
from tipd.model.indicator import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_BACK = 12  # characters a defanged scheme has at most
_SCHEME = re.compile(r"(?:h(?:tt|xx|\*\*|xt|tx)ps?|f[tx]p)\[?(?::|\[:\]?|\(:\)?)\Z", re.IGNORECASE)
# The rest of the address runs to white space or to what no address holds unencoded.
_REST = re.compile(r"[^\s<>\"'`{}|\\^\x00-\x1f\x7f]+")
_REST_IN_MARKUP = re.compile(r"[^\s<>\"'\x00-\x1f\x7f]+")
_QUOTE = re.compile(r"[\s<>\"']")
_WWW = re.compile(r"www[0-9]{0,3}(?:\.|\[\.\])[^\s<>\"'`{}|\\^\x00-\x1f\x7f]+", re.IGNORECASE)
_NOT_BEFORE_WWW = frozenset("/.@-_=%")
_TRAILING = ".,;:!?>*_~\u2019\u201d\u00bb\u3002"
_CLOSING = {")": "(", "]": "["}
_SCHEMES = ("http:", "https:", "ftp:")
_DEFANGED = re.compile(r"[\[({\\]")
_INSIDE = re.compile(r"https?(?::|%3a|%253a)(?:/|%2f|%252f){2}[^&\s]+", re.IGNORECASE)
_AFTER_AT = re.compile(r"@[A-Za-z0-9](?:[A-Za-z0-9\-]*\.)+[A-Za-z]{2,24}(?![A-Za-z0-9\-])")
_BEFORE_AT = re.compile(r"[A-Za-z0-9!#$%&*+/=?^_{|}~][A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]{0,63}\Z")
MOST_LOOKED_AT = 10_000  # signs that might be addresses and need not
REMEMBERED = 512  # characters of URLs that are remembered: mails of a campaign name the same


def in_text(text: str, most: int = MOST_LOOKED_AT) -> list[str]:
    """Return what looks like a URL in running text, as it stands there less the punctuation behind it."""
    found = [_trimmed(one) for one in _from_scheme(text, _REST, most)]
    return found + [_trimmed(one) for one in _from_www(text, most - len(found))]


def in_markup(html: str, most: int = MOST_LOOKED_AT) -> list[str]:
    """Return what looks like a URL anywhere in HTML: in styles, comments, scripts and attributes nobody thought of."""
    found = []
    for one in _from_scheme(html, _REST_IN_MARKUP, most):
        plain = _QUOTE.split(in_link(one), maxsplit=1)[0] if "&" in one else one
        found.append(_trimmed(plain))
    return found


def _from_scheme(text: str, rest: re.Pattern[str], most: int) -> Iterator[str]:
    at = text.find("//")
    while at >= 0 and most > 0:
        begin = at - 5 if text.startswith("http:", at - 5) else at - 6 if text.startswith("https:", at - 6) else -1
        if begin < 0 and at and text[at - 1] in ":])":
            scheme = _SCHEME.search(text, max(0, at - _BACK), at)
            begin = scheme.start() if scheme else -1
        match = rest.match(text, at + 2) if begin >= 0 else None
        if match is not None:
            most -= 1
            if match.end() - begin <= LONGEST:
                yield text[begin : match.end()]
        at = text.find("//", match.end() if match else at + 2)


def _from_www(text: str, most: int) -> Iterator[str]:
    for mark in ("www", "WWW", "Www"):
        at = text.find(mark)
        while at >= 0 and most > 0:
            before = text[at - 1] if at else " "
            free = before not in _NOT_BEFORE_WWW and not before.isalnum()
            match = _WWW.match(text, at) if free else None
            if match is not None:
                most -= 1
                if len(match[0]) <= LONGEST:
                    yield match[0]
            at = text.find(mark, match.end() if match else at + 3)


def _trimmed(found: str) -> str:
    """Take off what belongs to the sentence: a closing bracket stays where one was opened inside."""
    while True:
        found = found.rstrip(_TRAILING)
        opening = _CLOSING.get(found[-1:])
        if opening is None or found.count(opening) >= found.count(found[-1]):
            return found
        kept = found.rstrip(found[-1])
        # As many stay as were opened.
        found = kept + found[-1] * max(0, found.count(opening) - kept.count(found[-1]))
        if found != kept:
            return found


def addresses_in(text: str, most: int) -> list[str]:
    """Return the mail addresses in running text, in lower case, each once; at most `most`."""
    found: dict[str, None] = {}
    for looked, match in enumerate(_AFTER_AT.finditer(text)):
        at = match.start()
        local = _BEFORE_AT.search(text, max(0, at - 64), at)
        if local is not None:
            found[(local[0] + match[0]).lower()] = None
        if len(found) >= most or looked >= MOST_LOOKED_AT:
            break
    return list(found)


def canonical_all(found: Iterable[str], most: int) -> tuple[list[str], bool]:
    """Return canonical URLs, each once, in their order, and whether more than `most` were found.

    What leads nowhere on the public Internet (no such scheme, a private address, no name) is left out. A URL that hands
    another one on (`https://r.example/?to=https%3A%2F%2Fb.example%2F`) is followed by that one.
    """
    kept: dict[str, None] = {}
    for text in dict.fromkeys(found):
        for value in _remembered(text) if len(text) <= REMEMBERED else _with_inner(text):
            if len(kept) >= most and value not in kept:
                return list(kept), True
            kept[value] = None
    return list(kept), False


def _with_inner(text: str) -> tuple[str, ...]:
    value = _canonical(text)
    if value is None:
        return ()
    if "//" not in value[8:] and "%2" not in value:
        return (value,)
    inner = _INSIDE.search(value, 8)
    if inner is None:
        return (value,)
    target = unquote(unquote(inner[0])) if "%" in inner[0] else inner[0]
    other = _canonical(_QUOTE.split(target, maxsplit=1)[0])
    return (value,) if other is None or other == value else (value, other)


_remembered = lru_cache(maxsize=8192)(_with_inner)


def _canonical(text: str) -> str | None:
    text = text.strip()
    if not text.isprintable():
        text = text.replace("\n", "").replace("\r", "").replace("\t", "")
    if not text.startswith("http") or _DEFANGED.search(text):
        text = refang(text)
    if text.startswith("//"):
        text = "http:" + text
    elif text[:3].lower() == "www":
        text = "http://" + text
    if text.count("/") == 2 and text.startswith("http") and "?" not in text and "#" not in text:
        text += "/"  # as the standard writes it; what is written so already is settled at once
    if len(text) > LONGEST or not text[:6].lower().startswith(_SCHEMES):
        return None
    try:
        return canonical_url(text)
    except RefusedValue:
        pass
    try:
        return canonical_url(unquote(text)) if "%" in text[:300] else None  # a host written in percent signs
    except RefusedValue:
        return None


def hosts(urls: Iterable[str]) -> list[str]:
    """Return the hosts of canonical URLs and, behind each name, its registrable domain; each once, in their order."""
    found: dict[str, None] = {}
    for url in urls:
        for host in _with_apex(_host(url)):
            found[host] = None
    return list(found)


@lru_cache(maxsize=8192)
def _with_apex(host: str) -> tuple[str, ...]:
    if ":" in host or host[-1:].isdigit():
        return (host,)
    apex = registrable(host)
    return (host,) if apex == host else (host, apex)


def _host(url: str) -> str:
    """Return the host of a canonical URL, where nothing need be read anew."""
    authority = url.split("/", 3)[2].rpartition("@")[2]
    return authority.partition(":")[0] if not authority.startswith("[") else authority[1:].partition("]")[0]
