"""What an HTML part says to a reader and to a browser: its text, and where its links, forms and refreshes lead.

No tree is built: what the standard makes of 30 kB of crossed tags takes 1.4 GB and a second (each open `<b>` is opened
anew in each paragraph), and a tree of nested tags takes time by the square of their number. Here every step is one
pass of a pattern that looks at no byte twice, over UTF-8, where lower case changes no length.
"""

from __future__ import annotations

import html as entities
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_LINK = 8192
MOST_ENTITIES = 50_000
_LEADS = (b"href", b"src", b"action", b"background")
_VALUE = re.compile(rb"""\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*))""")
_REFRESH = re.compile(rb"""\A\s*[0-9.]*\s*[;,]\s*(?:url\s*=\s*)["']?\s*([^"']+)""", re.IGNORECASE)
_BASE = re.compile(rb"""<base\s[^<>]*?href\s*=\s*["']?([^"'<>\s]+)""")
_HIDDEN = re.compile(rb"<(?:!--|(script|style|title|textarea|xmp|noembed|noframes|iframe)(?=[\s/>]))")
# A tag and the text behind it, to the next one; a `<` that begins none belongs to the text. Names are bounded, so that
# a tag that does not end costs its length a few times; possessive groups would do, but Python 3.11 gets them wrong.
_TAG = re.compile(rb"<(/?[a-zA-Z][a-zA-Z0-9:]{0,15}|[!?])[^<>]*>([^<]*(?:<(?![a-zA-Z/!?])[^<]*)*)")
_WITHIN_LINE = (
    *(b"a", b"abbr", b"acronym", b"b", b"bdo", b"big", b"cite", b"code", b"dfn", b"del", b"em", b"font", b"i", b"ins"),
    *(b"kbd", b"mark", b"nobr", b"o:p", b"q", b"s", b"samp", b"small", b"span", b"strike", b"strong", b"sub", b"sup"),
    *(b"tt", b"u", b"var", b"wbr"),
)
_INLINE = frozenset(
    form for name in _WITHIN_LINE for tag in (name, name.upper(), name.title()) for form in (tag, b"/" + tag)
)
_IN_LINK = re.compile(
    r"&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};|(?:amp|lt|gt|quot)(?![A-Za-z0-9=]))"
)
_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")


class Page(NamedTuple):
    """The visible text, and every address the page names, as it stands there."""

    text: str
    links: list[str]


def read(html: str, most: int) -> Page:
    """Return what an HTML text says; at most `most` links. Never raises; linear in the text."""
    markup = html.encode("utf-8", "replace")
    lower = markup.lower()
    links = _links(markup, lower, most)
    return Page(_text(markup, lower), links)


def _links(markup: bytes, lower: bytes, most: int) -> list[str]:
    """Return where attributes lead, in comments and scripts too: there is software that looks into those."""
    base = _BASE.search(lower) if b"<base" in lower else None
    names = (*_LEADS, b"content") if b"refresh" in lower else _LEADS
    every = (value for name in names for value in _values(markup, lower, name))
    found: dict[bytes, None] = {}
    for value in every:
        found[value] = None
        if len(found) >= most:
            break
    links = [in_link(value.decode("utf-8", "replace")) for value in found]
    return [_absolute(link, base[1].decode("utf-8", "replace")) for link in links] if base else links


def _values(markup: bytes, lower: bytes, name: bytes) -> Iterator[bytes]:
    """Yield what the attributes of a name hold, where that can be an address."""
    at = lower.find(name)
    while at >= 0:
        at += len(name)
        match = _VALUE.match(markup, at)
        if match is not None:
            value = match[match.lastindex or 1]
            at = match.end()
            if name == b"content":
                refresh = _REFRESH.match(value[:LONGEST_LINK]) if b"=" in value[:100] else None
                value = refresh[1] if refresh else b""
            if 1 < len(value) <= LONGEST_LINK and not value.startswith((b"cid:", b"data:", b"#")):
                yield value.strip()
        at = lower.find(name, at)


def _absolute(link: str, base: str) -> str:
    if ":" in link[:12]:
        return link
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _text(markup: bytes, lower: bytes) -> str:
    pieces = []
    for tag, text in _TAG.findall(_shown(markup, lower)):
        if tag not in _INLINE:
            pieces.append(b" ")
        pieces.append(text)
    return unescaped(b"".join(pieces).decode("utf-8", "replace"))


def _shown(markup: bytes, lower: bytes) -> bytes:
    """Return the markup less comments, scripts, styles and whatever else is not shown as text, in a paragraph."""
    kept, at = [b"<p>"], 0
    match = _HIDDEN.search(lower)
    while match is not None:
        kept.append(markup[at : match.start()])
        mark = b"</" + match[1] if match[1] else b"-->"
        end = lower.find(mark, match.start() + 2)
        if end < 0:
            return b"".join(kept)
        at = end if match[1] else end + len(mark)
        match = _HIDDEN.search(lower, at)
    kept.append(markup[at:])
    return b"".join(kept)


def in_link(value: str) -> str:
    """Return an attribute's value with its entities read; names of parameters (`&copy=1`) stay (HTML, 13.2.5.73)."""
    return _IN_LINK.sub(_entity, value) if "&" in value else value


def _entity(match: re.Match[str]) -> str:
    return entities.unescape(match[0])


def unescaped(text: str) -> str:
    """Return the text with its entities as the characters they stand for; never raises."""
    if "&" not in text:
        return text
    if text.count("&") > MOST_ENTITIES:
        cut = text[: 4 * MOST_ENTITIES]
        return unescaped(cut) if cut.count("&") <= MOST_ENTITIES else cut
    try:
        return entities.unescape(text)
    except ValueError:  # a number of thousands of digits
        return entities.unescape(_NUMBER.sub("\N{REPLACEMENT CHARACTER}", text))
