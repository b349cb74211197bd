"""What a mail says to its reader: the text of its parts, and every address they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from tipd.mail import charset, defects, html, urls
from tipd.mail.parts import leaves

if TYPE_CHECKING:
    from tipd.mail.limits import Limits
    from tipd.mail.parts import Part

_PAGES = (".htm", ".html", ".xhtml", ".shtml", ".svg")
_Kind = Literal["text", "page", ""]


class Body(NamedTuple):
    """`text` as a reader sees it: of the pages where there are any, since programs show those rather than plain text.

    `urls`, as they stand there, and `mails`, addresses, of all parts; `parts`: the leaves; `defects`.
    """

    text: str
    urls: list[str]
    mails: list[str]
    parts: list[Part]
    defects: list[str]


def read(root: Part, limits: Limits) -> Body:
    """Return what the parts of a mail say."""
    reading = _Reading(limits)
    parts = [part for part, _ in leaves(root, limits.parts, limits.depth)]
    for part in parts:
        kind = _kind(part)
        if part.content and kind:
            reading.add(part, kind)
    return reading.done(parts)


def _kind(part: Part) -> _Kind:
    """Say how a part is read: pages are often sent as files, and opened by a click."""
    if part.is_message:
        return ""
    kind = part.content_type
    if kind in {"text/html", "application/xhtml+xml", "image/svg+xml"} or part.filename.lower().endswith(_PAGES):
        return "page"
    return "text" if kind.startswith(("text/", "message/")) else ""


class _Reading:
    """What was read of one mail so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._room = limits.text
        self._texts: list[str] = []
        self._pages: list[str] = []
        self._urls: dict[str, None] = {}
        self._mails: dict[str, None] = {}
        self._met: list[str] = []

    def add(self, part: Part, kind: _Kind) -> None:
        content = part.content or b""
        if len(content) > self._room:
            self._met.append(defects.LONG_TEXT)
            content = content[: self._room]
        self._room -= len(content)
        text, sure = charset.decode(content, part.charset)
        if not sure:
            self._met.append(defects.BAD_CHARSET)
        if kind == "page":
            page = html.read(text, 4 * self._limits.urls)
            self._take(page.links)
            self._take(urls.in_markup(text, 4 * self._limits.urls))
            text = page.text
        self._take(urls.in_text(text, 4 * self._limits.urls))
        self._mails.update(dict.fromkeys(urls.addresses_in(text, self._limits.addresses)))
        if part.disposition != "attachment":
            (self._pages if kind == "page" else self._texts).append(text)

    def _take(self, found: list[str]) -> None:
        """Keep URLs as they stand there; addresses that a click writes to are mail addresses."""
        for one in found:
            if one[:7].lower() == "mailto:":
                self._mails.update(dict.fromkeys(urls.addresses_in(one[7:].partition("?")[0], 5)))
            else:
                self._urls[one] = None

    def done(self, parts: list[Part]) -> Body:
        mails = list(self._mails)
        if len(mails) > self._limits.addresses:
            self._met.append(defects.MANY_ADDRESSES)
        pages = "\n".join(self._pages)
        text = pages if pages and not pages.isspace() else "\n".join(self._texts)
        return Body(text, list(self._urls), mails[: self._limits.addresses], parts, self._met)
