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
from urllib.parse import unquote

SHORTEST = 5  # characters that hold a name of three characters in base64, and four in hexadecimal
ROUNDS = 4  # how often text may be encoded in itself
SIGNS = bytes(code for code in range(128) if not chr(code).isalnum() and code != ord("\n"))
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(code for code in range(256) if code not in _ALPHABET + b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_NO_HEX = bytes(code for code in range(256) if code not in b"0123456789abcdefABCDEF")
_LOWER = bytes(range(65)) + bytes(range(97, 123)) + bytes(range(91, 256))
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]+"
)
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_REFERENCE = re.compile(r"&(?:#|[A-Za-z]{2,31};)")
_QUOTED = re.compile(r"=([0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|u\{?([0-9A-Fa-f]{4})\}?)")


def visible(text: str) -> str:
    """Return text with width forms and other compatible characters made plain, and invisible ones dropped."""
    return text if text.isascii() else _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))


def collapsed(lowered: str) -> bytes:
    """Return the letters and figures of a text in lower case; ends of lines stay."""
    return lowered.encode("utf-8", "replace").translate(None, SIGNS)


def forms(text: str) -> list[str]:
    """Return a text as it is seen, and what is left where all encodings of single characters are undone.

    The first is the one to decode (`decodings`): the others take base64 apart, or are in it already.
    """
    bare = text = visible(text)
    for _ in range(ROUNDS):
        undone = _undone(bare)
        if undone == bare:
            break
        bare = undone
    found = [bare] if bare == text else [bare, text]
    if "=" in bare:
        quoted = _QUOTED.sub(lambda match: chr(int(match[1], 16)), bare)
        if quoted != bare:
            found.append(visible(quoted))
    return found


def _undone(text: str) -> str:
    bare = text
    if "%" in bare and _PERCENT.search(bare):
        bare = unquote(bare, errors="replace")
    if "&" in bare and _REFERENCE.search(bare):
        bare = html.unescape(bare)
    if "\\" in bare:
        bare = _ESCAPED.sub(lambda match: chr(int(match[1] or match[2], 16)), bare)
        bare = bare.encode("utf-8", "replace").decode("utf-8")  # halves of surrogates
    return bare if bare is text else visible(bare)


def decodings(form: str) -> bytes:
    """Return what base64 and hexadecimal make of a text at all alignments, collapsed, one after the other."""
    raw = form.encode("utf-8", "replace")
    found = b""
    packed = raw.translate(_FROM_URL, _NO_BASE64)
    if len(packed) >= SHORTEST:
        pieces = [packed[begun:] + b"A" * ((begun - len(packed)) % 4) for begun in range(4)]
        found = binascii.a2b_base64(b"AAAA".join(pieces)).translate(_LOWER, SIGNS)
    spelt = raw.translate(_LOWER, _NO_HEX)
    if len(spelt) >= SHORTEST:
        both = spelt + b"0" * (len(spelt) % 2) + b"00" + spelt[1:] + b"0" * ((len(spelt) - 1) % 2)
        found += b"\n" + binascii.a2b_hex(both).translate(_LOWER, SIGNS)
    return found
