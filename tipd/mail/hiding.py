"""Every way a piece of text can be read, so that what hides in it is found: one pass each, whatever the text holds.

Texts are compared collapsed: letters and figures only, in lower case (`John.Smith`, `john smith` and `j-o-h-n smith`
are one), width forms and invisible characters of Unicode undone. Beside the text itself there are its decodings:
percent signs (however often), character references, quoted-printable, escapes of scripts; and what base64 (either
alphabet, at all four alignments, wherever it begins) and hexadecimal (at both) make of it. All signs are dropped before
those are decoded, so they are found across separators and line ends too. Letters that only look like Latin ones, or
bear marks, are read as those, and codes written as numbers as the letters they stand for.
"""

from __future__ import annotations

import binascii
import html
import re
import unicodedata
from urllib.parse import unquote

SHORTEST = 5  # characters that hold a name of three characters in base64, and four in hexadecimal
MOST_DRAWN = 16_384  # characters whose looks are remembered
ROUNDS = 4  # how often text may be encoded in itself
SIGNS = bytes(code for code in range(128) if not chr(code).isalnum() and code != ord("\n"))
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NO_BASE64 = bytes(code for code in range(256) if code not in _ALPHABET + b"-_")
_NO_FIGURES = _NO_BASE64 + b"-_"
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
# Letters that are drawn like Latin ones and that Unicode does not call compatible with them (UTS 39), small capitals.
_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0455\u0458\u0501\u04bb\u051b\u051d\u04cf\u0432\u043d\u043a\u043c\u0442"
    "\u03b1\u03b5\u03b9\u03bf\u03c1\u03bd\u03ba\u03c4\u03c5\u03c7\u0131\u0142\u00f8\u0111\u0251\u0261"
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b\u1d1c"
    "\u1d20\u1d21\u028f\u1d22",
    "aeopcyxisjdhqwlbhkmtaeiopvktyxilodagabcdefghijklmnoprstuvwyz",
)
_LETTERS = ((0x1F150, 97), (0x1F170, 97), (0x1F1E6, 97))  # in circles, in squares, of flags
_CODES = re.compile(r"(?<![0-9A-Za-z])[0-9]{2,3}([^0-9A-Za-z\n]{1,3})[0-9]{2,3}(?:\1[0-9]{2,3}){2,}(?![0-9A-Za-z])")
_OCTETS = re.compile(r"(?<![0-9A-Za-z])[01]{8}(?:[^0-9A-Za-z\n]{0,3}[01]{8}){3,}")
_HEXADECIMAL = re.compile(r"(?:0[xX]|[uU]\+00)([2-7][0-9a-fA-F])(?![0-9a-fA-F])")
_NUMBER = re.compile(r"[0-9]+")
_OCTET = re.compile(r"[01]{8}")


class _Drawn(dict[int, int | None]):
    """What each character looks like: itself, a Latin letter, or nothing that is read."""

    def __missing__(self, code: int) -> int | None:
        found: int | None = code
        for first, letter in _LETTERS:
            if first <= code < first + 26:
                found = letter + code - first
        if found == code and code > 127:
            category = unicodedata.category(chr(code))
            found = code - 0xE0000 if 0xE0020 < code < 0xE007F else _LIKE.get(code, code)
            if found == code and category[0] not in "LN":
                found = None
        if len(self) >= MOST_DRAWN:
            self.clear()
        self[code] = found
        return found


_DRAWN = _Drawn()


def drawn(text: str) -> str:
    """Return a text in lower case, letters drawn like Latin ones made such, all signs but ASCII's dropped."""
    return unicodedata.normalize("NFKD", text.casefold()).translate(_DRAWN)


def _spelt(text: str) -> list[str]:
    """Return what a text says where codes of letters are written as numbers: decimal, octal, hexadecimal, binary."""
    found = []
    if _CODES.search(text):
        found += [_numbered(text, 10), _numbered(text, 8)]
    if "0x" in text or "0X" in text or "+00" in text:
        found.append(_HEXADECIMAL.sub(lambda match: chr(int(match[1], 16)), text))
    if "+AG" in text or "+AH" in text:  # UTF-7
        found.append(text.encode("ascii", "ignore").decode("utf-7", "ignore"))
    if "0110" in text or "0111" in text:
        found.append(_OCTETS.sub(lambda run: _said(_OCTET.findall(run[0]), 2), text))
    return found


def _numbered(text: str, base: int) -> str:
    return _CODES.sub(lambda run: _said(_NUMBER.findall(run[0]), base), text)


def _said(numbers: list[str], base: int) -> str:
    codes = [int(number, base) for number in numbers if base == 10 or not number.strip("01234567")]
    return "".join(chr(code) if 32 < code < 127 else " " for code in codes)


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
    written = text
    bare = text = visible(text)
    for _ in range(ROUNDS):
        undone = _undone(bare)
        if undone == bare:
            break
        bare = undone
    found = [bare] if bare == text else [bare, text]
    whole = unquote(written, errors="replace") if "%" in written else written
    found += [drawn(one) for one in {bare, whole} if not one.isascii()] + _spelt(bare)
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


def _from_base64(packed: bytes) -> bytes:
    if len(packed) < SHORTEST:
        return b""
    pieces = [packed[begun:] + b"A" * ((begun - len(packed)) % 4) for begun in range(4)]
    return binascii.a2b_base64(b"AAAA".join(pieces)).translate(_LOWER, SIGNS)


def decodings(form: str) -> bytes:
    """Return what base64 and hexadecimal make of a text at all alignments, collapsed, one after the other."""
    raw = form.encode("utf-8", "replace")
    found = _from_base64(raw.translate(_FROM_URL, _NO_BASE64))
    if b"-" in raw or b"_" in raw:  # they may be no figures but stand between pieces
        found += b"\n" + _from_base64(raw.translate(None, _NO_FIGURES))
    spelt = raw.translate(_LOWER, _NO_HEX)
    if len(spelt) >= SHORTEST:
        both = spelt + b"0" * (len(spelt) % 2) + b"00" + spelt[1:] + b"0" * ((len(spelt) - 1) % 2)
        found += b"\n" + binascii.a2b_hex(both).translate(_LOWER, SIGNS)
    return found
