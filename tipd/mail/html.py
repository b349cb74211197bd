"""What an HTML part says to a reader and to a browser: its text, and where its links, forms and refreshes lead.

Parsed by lexbor (through selectolax), which takes anything a browser takes, in linear time.
"""

from __future__ import annotations

from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser

_LEADS = {
    "a": "href",
    "area": "href",
    "form": "action",
    "iframe": "src",
    "frame": "src",
    "img": "src",
    "button": "formaction",
    "input": "formaction",
    "base": "href",
    "link": "href",
    "body": "background",
    "v:fill": "src",
}
_ALL = ",".join(f"{tag.replace(':', chr(92) + ':')}[{attribute}]" for tag, attribute in _LEADS.items())
_META = "meta[http-equiv]"


class Page(NamedTuple):
    """The visible text, and every address the page names, as it stands there."""

    text: str
    links: list[str]


def read(html: str, most: int) -> Page:
    """Return what an HTML text says; at most `most` links."""
    tree = LexborHTMLParser(html)
    links: list[str] = []
    for node in tree.css(_ALL):
        value = node.attributes.get(_LEADS.get(node.tag or "", "")) if node.tag else None
        if value:
            links.append(value)
            if len(links) >= most:
                break
    links += [found for node in tree.css(_META) if (found := _refresh(node.attributes))]
    for node in tree.css("script,style,title,noscript"):
        node.decompose()
    body = tree.body or tree.root
    return Page(body.text(separator=" ") if body is not None else "", links[:most])


def _refresh(attributes: dict[str, str | None]) -> str:
    """Return where a meta refresh leads, empty where it leads nowhere (HTML, 4.2.5.3)."""
    if (attributes.get("http-equiv") or "").strip().lower() != "refresh":
        return ""
    _, found, rest = (attributes.get("content") or "")[:8192].partition(";")
    word, equals, address = rest.strip().partition("=")
    return address.strip().strip("'\"") if found and equals and word.strip().lower() == "url" else ""
