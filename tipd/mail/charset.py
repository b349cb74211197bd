"""Bytes of a part as text, whatever its charset is called."""

from __future__ import annotations

import codecs
from functools import lru_cache

_FALLBACK = "cp1252"  # what mails without a charset that are not UTF-8 are most often written in
# Python's own codecs that are no charsets of mail, take time beyond the text's length, or make halves of surrogates.
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "charmap", "mbcs"})
_SAME = {"us-ascii": "utf-8", "ascii": "utf-8", "iso-8859-1": "cp1252", "latin-1": "cp1252", "gb2312": "gb18030"}
LONGEST_NAME = 40


@lru_cache(maxsize=512)
def codec(name: str) -> str | None:
    """Return Python's name of a charset, None where there is no such."""
    name = name.strip().strip("\"'").lower()
    if not name or len(name) > LONGEST_NAME or not name.isascii():
        return None
    try:
        found = codecs.lookup(_SAME.get(name, name))
    except (LookupError, ValueError, UnicodeError):
        return None
    known = found.name.replace("-", "_")
    # `_is_text_encoding` is how the standard library itself tells charsets from bytes-to-bytes codecs (zlib, hex).
    return None if known in _NO_CHARSETS or not getattr(found, "_is_text_encoding", True) else found.name


def decode(content: bytes, charset: str) -> tuple[str, bool]:
    """Return the text, and whether it holds exactly what the bytes say; never raises.

    What the charset does not hold becomes U+FFFD. Without a charset it is UTF-8 where it can be, else Windows' Latin 1.
    """
    if content.isascii() and not charset.startswith(("utf-16", "utf-32", "utf-7", "iso-2022", "hz")):
        return content.decode("ascii"), not charset or codec(charset) is not None
    name = codec(charset) if charset else None
    for one in (name, "utf-8") if name else ("utf-8",):
        try:
            text = content.decode(one)
        except (UnicodeError, ValueError, LookupError):
            continue
        return _sound(text), one == name or not charset
    return _sound(content.decode(name or _FALLBACK, "replace")), name is None and not charset


def _sound(text: str) -> str:
    """Return a text without halves of surrogates, which UTF-7 can make and no UTF-8 can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
