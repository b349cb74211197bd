"""What looks alike: one skeleton for texts that a hurried reader takes for each other.

After Unicode's UTS #39, but with a table of its own: only what browsers show in host names and what has been used
against people. A skeleton is for comparing, never for showing.
"""

from __future__ import annotations

import re
import unicodedata

# A letter, and what is drawn like it: Cyrillic, Greek, Armenian, small capitals, Latin with strokes, figures, signs.
_DRAWN_LIKE = {
    "a": "аαɑᴀæ",
    "b": "Ьъьвβƅɓʙß",
    "c": "сϲᴄçↄ",
    "d": "ԁɗɖđᴅժ",
    "e": "еєэεᴇəɘ3",
    "f": "ſғϝ",
    "g": "ɡɢցԍ",
    "h": "һнհħʜ",
    "j": "јϳᴊյ",
    "k": "кκᴋҝ",
    "l": "iіїıɩɪιίǀӏłŀʟ1|ⅼ",
    "m": "мᴍ",
    "n": "пηɴոńл",
    "o": "0оοσօøᴏөœо",
    "p": "рρᴘþҏ",
    "q": "ԛգզ",
    "r": "гʀɍяᴦ",
    "s": "ѕꜱ5ʂ",
    "t": "тτŧᴛ",
    "u": "υսᴜцμ",
    "v": "ѵνᴠ",
    "w": "ԝѡωшщᴡա",
    "x": "хχ",
    "y": "уүγʏყ",
    "z": "ᴢʐ",
}
_DRAWN = {drawn: letter for letter, all_drawn in _DRAWN_LIKE.items() for drawn in all_drawn}
_TABLE = str.maketrans(_DRAWN)
_ASCII_TABLE = bytes(ord(_DRAWN.get(chr(code), chr(code))) for code in range(256))
_PAIRS = re.compile("rn|vv|cl")
_AS_ONE = {"rn": "m", "vv": "w", "cl": "d"}


def unicode_of(label: str) -> str:
    """Return a label as it is shown: A-labels (`xn--…`) decoded; one that does not decode stays as it is."""
    if not label.startswith("xn--"):
        return label
    try:
        return label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return label


def skeleton(label: str) -> str:
    """Return what a label looks like: marks dropped, look-alikes made one, and pairs that read as one letter too."""
    shown = unicode_of(label) if label.startswith("xn--") else label
    if shown.isascii():
        plain = shown.encode().translate(_ASCII_TABLE).decode()
    else:
        parts = unicodedata.normalize("NFKD", shown.lower())
        plain = "".join(letter for letter in parts if not unicodedata.combining(letter)).translate(_TABLE)
    return (
        _PAIRS.sub(lambda pair: _AS_ONE[pair[0]], plain) if "rn" in plain or "vv" in plain or "cl" in plain else plain
    )
