"""Undo defanging: the marks people put into addresses so that nobody clicks them."""

from __future__ import annotations

import re

_DOT = re.compile(r"[\[({]\s*(?:\.|dot|punto)\s*[\])}]|\\\.", re.IGNORECASE)
_AT = re.compile(r"[\[({]\s*(?:@|at)\s*[\])}]", re.IGNORECASE)
_COLON = re.compile(r"\[:\]|\(:\)|\{:\}")
_SLASHES = re.compile(r"\[(:?//)\]")
_SCHEME = re.compile(r"^\[?(h[x*t]{2}p|fxp)(s?)\]?(?=:|\[:|\(:)", re.IGNORECASE)
# Cheap first look: most values carry none of these and are returned as they are.
_MAY_BE_DEFANGED = re.compile(r"[\[({\\]|^\s*(?:h[x*]|ht\*|fxp)", re.IGNORECASE)

# How lists write a character, and the most bytes of one of these ways. Python and PostgreSQL read these alike.
_WAYS = {
    ".": r"(?:\\{0,2}\.|[\[({] ?(?:\.|dot|punto) ?[\])}])",
    "@": r"(?:@|[\[({] ?(?:@|at) ?[\])}])",
    ":": r"[\[({]?:[\])}]?",
    "/": r"\\{0,2}/\]?",
}
MOST_FOR_ONE = 9


def loosely(text: str) -> str:
    """Return a pattern for a canonical value as lists write it: as it is, defanged, or with the slashes of JSON.

    Case is up to who uses it. For UTF-8 as bytes too: what is no ASCII stands for itself.
    """
    scheme = "h[tx*]{2}p" if text.startswith("http") else ""
    return scheme + "".join(_WAYS.get(char) or _plain(char) for char in text[4 if scheme else 0 :])


def _plain(char: str) -> str:
    return char if char.isalnum() or char == "_" or not char.isascii() else f"\\{char}"


def refang(text: str) -> str:
    """Return the text with `hxxp`, `[.]`, `(.)`, `{.}`, `[dot]`, `[:]`, `[://]`, `[@]` and `[at]` undone.

    Text without such marks comes back as it is. Repeated until nothing changes, so that refanging twice is refanging
    once (`[[.]]`).
    """
    while _MAY_BE_DEFANGED.search(text):
        after = _once(text)
        if after == text:
            break
        text = after
    return text


def _once(text: str) -> str:
    text = _DOT.sub(".", text)
    text = _AT.sub("@", text)
    text = _SLASHES.sub(r"\1", text)
    text = _COLON.sub(":", text)
    return _SCHEME.sub(_scheme, text)


def _scheme(match: re.Match[str]) -> str:
    name = "ftp" if match[1].lower() == "fxp" else "http"
    return name + match[2].lower()
