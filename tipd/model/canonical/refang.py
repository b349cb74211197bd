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
