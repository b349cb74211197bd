"""What a mail says to its reader: the text of its parts, and every address they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.mail import charset, defects, html, urls
from tipd.mail.parts import leaves

if TYPE_CHECKING:
    from tipd.mail.limits import Limits
    from tipd.mail.parts import Part


class Body(NamedTuple):
    """`text` as a reader sees it; `found`: URLs as they stand there; `parts`: the leaves; `defects` met."""

    text: str
    found: list[str]
    parts: list[Part]
    defects: list[str]


def read(root: Part, limits: Limits) -> Body:
    """Return what the parts of a mail say."""
    met: list[str] = []
    parts = [part for part, _ in leaves(root, limits.parts + 1, limits.depth)]
    if len(parts) > limits.parts:
        parts.pop()
        met.append(defects.MANY_PARTS)
    room = limits.text
    texts: list[str] = []
    found: list[str] = []
    for part in parts:
        if not part.content or part.is_message or not part.content_type.startswith("text/"):
            continue
        if len(part.content) > room:
            met.append(defects.LONG_TEXT)
        content, sure = charset.decode(part.content[:room], part.charset)
        room -= min(len(part.content), room)
        if not sure:
            met.append(defects.BAD_CHARSET)
        if part.content_type == "text/html":
            content, links = html.read(content, 4 * limits.urls)
            found += links
        texts.append(content)
        found += urls.in_text(content)
    return Body("\n".join(texts), found, parts, met)
