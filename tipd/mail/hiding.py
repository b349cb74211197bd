"""Every way a piece of text can be read, so that what hides in it is found: one pass each, whatever the text holds.

Texts are compared collapsed: letters and figures only, in lower case (`John.Smith`, `john smith` and `j-o-h-n smith`
are one), width forms and invisible characters of Unicode undone. Beside the text itself there are its decodings:
percent signs (however often), character references, quoted-printable, escapes of scripts; and what base64 (either
alphabet, at all four alignments, wherever it begins) and hexadecimal (at both) make of it. All signs are dropped before
those are decoded, so they are found across separators and line ends too.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from typing import NamedTuple
from urllib.parse import unquote

ROUNDS = 4  # how often text may be encoded in itself
SIGNS = bytes(code for code in range(128) if not chr(code).isalnum() and code != ord("\n"))
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(code for code in range(256) if code not in _ALPHABET + b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_NO_HEX = bytes(code for code in range(256) if code not in b"0123456789abcdefABCDEF")
_LOWER = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))
_INVISIBLE = dict.fromkeys(
    code
    for first, last in (
        *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180E)),
        *((0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164), (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF)),
        *((0xFFA0, 0xFFA0), (0xE0000, 0xE007F)),
    )
    for code in range(first, last + 1)
)
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u\{?([0-9A-Fa-f]{4})\}?)")


class Read(NamedTuple):
    """`texts`: the text and its decodings, in lower case; `plain`: they collapsed; `coded`: base64 and hexadecimal."""

    texts: tuple[str, ...]
    plain: bytes
    coded: bytes


def read(text: str) -> Read:
    """Return all readings of a text; a line's end stays one, everywhere else signs are dropped."""
    text = visible(text)
    forms = _forms(text)
    lowered = tuple(form.casefold() for form in forms)
    plain = b"\n".join(collapsed(form) for form in lowered)
    coded = b"\n".join(_decodings(form.encode("utf-8", "replace")) for form in forms[:2])
    return Read(lowered, plain, coded)


def visible(text: str) -> str:
    """Return text with width forms and other compatible characters made plain, and invisible ones dropped."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text).translate(_INVISIBLE)


def collapsed(lowered: str) -> bytes:
    """Return the letters and figures of a text in lower case; ends of lines stay."""
    return lowered.encode("utf-8", "replace").translate(None, SIGNS)


def _forms(text: str) -> list[str]:
    """Return the text, and what is left where all encodings of single characters are undone."""
    if not ("%" in text or "=" in text or "&" in text or "\\" in text):
        return [text]
    found = [text]
    bare = text
    for _ in range(ROUNDS):
        undone = _undone(bare)
        if undone == bare:
            break
        bare = undone
    if bare != text:
        found.append(bare)
    quoted = _QUOTED.sub(lambda match: chr(int(match[1], 16)), bare)
    if quoted != bare:
        found.append(visible(quoted))
    return found


def _undone(text: str) -> str:
    if "%" in text:
        text = unquote(text, errors="replace")
    if "&" in text:
        text = html.unescape(text)
    if "\\" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), text)
    return visible(text.encode("utf-8", "replace").decode("utf-8", "replace"))


def _decodings(raw: bytes) -> bytes:
    """Return what base64 and hexadecimal make of bytes at all alignments, collapsed, one after the other."""
    found = b""
    packed = raw.translate(_FROM_URL, _NO_BASE64)
    if len(packed) > 4:
        pieces = (packed[begun : begun + (len(packed) - begun) // 4 * 4] for begun in range(4))
        found = binascii.a2b_base64(b"AAAA".join(pieces)).translate(_LOWER, SIGNS)
    spelt = raw.translate(_LOWER, _NO_HEX)
    if len(spelt) > 4:
        both = spelt[: len(spelt) // 2 * 2] + b"00" + spelt[1 : 1 + (len(spelt) - 1) // 2 * 2]
        found += b"\n" + binascii.a2b_hex(both).translate(_LOWER, SIGNS)
    return found
