"""URLs out of text, as a reader would follow them: found in one linear pass, refanged, decoded, canonical."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import re2

from tipd.model.canonical.refang import refang
from tipd.model.canonical.url import LONGEST, canonical_url, host_of
from tipd.model.indicator import RefusedValue

if TYPE_CHECKING:
    from collections.abc import Iterable

# What stands in running text: with a scheme, defanged or not, or a name that begins with www. The rest of the address
# runs to white space or to what no address holds unencoded.
_IN_TEXT = re2.compile(
    r"(?i)(?:h(?:tt|xx|\*\*)ps?(?:://|\[:\]//|\[://\])|ftp://|\bwww\d{0,3}(?:\.|\[\.\]))"
    r"[^\s<>\"'`{}|\\^\x00-\x1f\x7f]+"
)
_TRAILING = ".,;:!?)>]*_~\u2019\u201d\u00bb\u3002"
_SCHEMES = ("http:", "https:", "ftp:")


def in_text(text: str) -> list[str]:
    """Return what looks like a URL in running text, as it stands there less the punctuation behind it."""
    return [_trimmed(found) for found in _IN_TEXT.findall(text)]


def _trimmed(found: str) -> str:
    """Take off what belongs to the sentence: a closing bracket stays where one was opened inside."""
    while found and found[-1] in _TRAILING:
        if found[-1] == ")" and found.count("(") >= found.count(")"):
            break
        if found[-1] == "]" and found.count("[") >= found.count("]"):
            break
        found = found[:-1]
    return found


def canonical_all(found: Iterable[str], most: int) -> tuple[list[str], bool]:
    """Return canonical URLs, each once, in their order, and whether more than `most` were found.

    What leads nowhere on the public Internet (no such scheme, a private address, no name) is left out.
    """
    kept: dict[str, None] = {}
    for text in found:
        value = _canonical(text)
        if value is None or value in kept:
            continue
        if len(kept) >= most:
            return list(kept), True
        kept[value] = None
    return list(kept), False


def _canonical(text: str) -> str | None:
    text = refang(text.strip().replace("\n", "").replace("\r", "").replace("\t", ""))
    if text.startswith("//"):
        text = "http:" + text
    elif text[:4].lower() == "www.":
        text = "http://" + text
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
    """Return the hosts of canonical URLs, each once, in their order."""
    return list(dict.fromkeys(host_of(url) for url in urls))
