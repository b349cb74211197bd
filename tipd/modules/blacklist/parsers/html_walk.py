"""A page's tables, links and text, in one pass that is linear in the page's length whatever it holds.

A tree builder is not: by the rules of HTML it looks through all open elements at each tag, and 200,000 nested ones keep
a good one busy for minutes. Lists need no tree. Source: the HTML standard, 13.2.5 (tags, comments, raw text); where a
page is cut off inside a tag, what is left is dropped, as browsers do.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(r"</?([A-Za-z][^\s/>]*+)")
_REST = re.compile(r"(?:[^\"'>]++|\"[^\"]*+\"|'[^']*+')*+>")
_ATTRIBUTE = re.compile(r"([^\s=/>\"']++)\s*+(?:=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"']++)))?")
_RAW = frozenset({"script", "style", "template", "noscript", "title", "svg"})
_BREAKS = frozenset(
    {"address", "article", "br", "blockquote", "dd", "div", "dl", "dt", "footer", "h1", "h2", "h3"}
    | {"h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "section", "table", "td", "th", "tr"}
    | {"ul", "pre", "textarea"}
)
_MOST_CELLS = 1000  # of one row
_WANTED = ("id", "class", "href", "colspan")


class Tag(NamedTuple):
    """A tag: its name in lower case, whether it closes, and the attributes that are looked at."""

    name: str
    closes: bool
    attributes: dict[str, str]


def walk(page: str) -> Iterator[Tag | str]:
    """Yield tags and the text between them, entities undone; without comments, scripts, styles and the title."""
    at = 0
    while at < len(page):
        opening = page.find("<", at)
        if opening < 0:
            opening = len(page)
        if opening > at:
            yield html.unescape(page[at:opening])
        if opening == len(page):
            return
        at, tag = _markup(page, opening)
        if tag is None:
            yield from ("<",) if at == opening + 1 else ()
            continue
        yield tag
        if tag.name in _RAW and not tag.closes:
            at = _past_raw(page, at, tag.name)


def _markup(page: str, at: int) -> tuple[int, Tag | None]:
    """Return where the markup ends that begins here, and the tag it is; one past the sign where it is only text."""
    if page.startswith("<!--", at):
        end = page.find("-->", at + 2)
        return (len(page) if end < 0 else end + 3), None
    match = _NAME.match(page, at)
    if match is None:
        if page[at + 1 : at + 2] in ("!", "?", "/"):
            end = page.find(">", at)
            return (len(page) if end < 0 else end + 1), None
        return at + 1, None
    rest = _REST.match(page, match.end())
    if rest is None:
        return len(page), None
    attributes: dict[str, str] = {}
    if match[1].lower() in ("a", "table", "td", "th"):
        for found in _ATTRIBUTE.finditer(rest[0], 0, len(rest[0]) - 1):
            name = found[1].lower()
            if name in _WANTED and name not in attributes:
                attributes[name] = html.unescape(next((text for text in found.groups()[1:] if text is not None), ""))
    return rest.end(), Tag(match[1].lower(), page[at + 1] == "/", attributes)


def _past_raw(page: str, at: int, name: str) -> int:
    """Return where the raw text ends: before its closing tag, or at the page's end."""
    closing = re.compile(f"</{name}[\\s/>]", re.IGNORECASE).search(page, at)
    return closing.start() if closing else len(page)


def links(page: str) -> Iterator[str]:
    """Yield the addresses of links."""
    for part in walk(page):
        if isinstance(part, Tag) and part.name == "a" and part.attributes.get("href"):
            yield part.attributes["href"].strip()


def lines(page: str, *, preformatted: bool) -> Iterator[str]:
    """Yield the lines of the text, or of what stands in `pre` and `textarea`."""
    texts: list[str] = []
    inside = 0
    for part in walk(page):
        if isinstance(part, str):
            if inside or not preformatted:
                texts.append(part)
            continue
        if part.name in ("pre", "textarea"):
            inside = max(0, inside + (-1 if part.closes else 1))
        if part.name in _BREAKS:
            yield from "".join(texts).splitlines()
            texts.clear()
    yield from "".join(texts).splitlines()


class Cell(NamedTuple):
    """A cell's text with single blanks, the address of its first link, and whether it is a heading."""

    text: str
    href: str
    heading: bool


class _Table:
    """A table that is open: its row, and its cell."""

    def __init__(self, wanted: bool) -> None:
        self.wanted = wanted
        self.row: list[Cell] = []
        self.texts: list[str] | None = None
        self.href = ""
        self.heading = False
        self.span = 1

    def end_cell(self) -> None:
        if self.texts is None:
            return
        cell = Cell(" ".join("".join(self.texts).split()), self.href, self.heading)
        self.row += [cell] * min(self.span, _MOST_CELLS - len(self.row))
        self.texts = None

    def begin_cell(self, tag: Tag) -> None:
        self.end_cell()
        span = tag.attributes.get("colspan", "")
        self.span = max(1, int(span)) if span.isascii() and span.isdigit() and len(span) < 4 else 1
        self.texts, self.href, self.heading = [], "", tag.name == "th"

    def end_row(self) -> list[Cell]:
        self.end_cell()
        row, self.row = self.row, []
        return row


def rows(page: str, which: int | str) -> Iterator[list[Cell]]:
    """Yield the rows of the tables: all of them, the one of that number, those of an `#id` or `.class`.

    A table inside a cell has rows of its own; the outer cell's text does not hold them.
    """
    open_tables: list[_Table] = []
    count = 0
    for part in walk(page):
        if isinstance(part, str):
            if open_tables and open_tables[-1].texts is not None:
                open_tables[-1].texts.append(part)
            continue
        if part.name == "table" and not part.closes:
            open_tables.append(_Table(_is_wanted(part, count, which)))
            count += 1
        elif open_tables:
            table = open_tables[-1]
            row = _in_table(table, part)
            if row and table.wanted:
                yield row
            if part.name == "table":
                open_tables.pop()
    for table in reversed(open_tables):
        row = table.end_row()
        if row and table.wanted:
            yield row


def _in_table(table: _Table, tag: Tag) -> list[Cell]:
    """Take a tag of a table; return the row that it ends."""
    if tag.name in ("td", "th"):
        if tag.closes:
            table.end_cell()
        else:
            table.begin_cell(tag)
    elif tag.name in ("tr", "table", "thead", "tbody", "tfoot"):
        return table.end_row()
    elif tag.name == "a" and not table.href:
        table.href = tag.attributes.get("href", "").strip()
    elif tag.name in _BREAKS and table.texts is not None:
        table.texts.append(" ")
    return []


def _is_wanted(tag: Tag, number: int, which: int | str) -> bool:
    if which == "":
        return True
    if isinstance(which, int):
        return number == which
    if which.startswith("#"):
        return tag.attributes.get("id") == which[1:]
    return which[1:] in tag.attributes.get("class", "").split()
