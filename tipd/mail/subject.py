"""What a subject says, whoever it was sent to, however often it was answered and forwarded."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

LONGEST = 1000
_ANSWERED = re.compile(
    r"\A\s*(?:(?:re|r|fw|fwd|aw|wg|sv|vs|tr|rv|antw|回复|转发)(?:\[[0-9]{1,3}\])?\s*[:：]\s*|\[[^\[\]]{1,60}\]\s*)"
)
_WORD = re.compile(r"[^\W_]+")


def normalised(subject: str, hidden: Collection[str] = ()) -> str:
    """Return the plain words of a subject: no numbers, no marks of answers, none of the hidden words (lower case)."""
    text = subject[:LONGEST]
    text = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    if ":" in text or "[" in text:
        match = _ANSWERED.match(text)
        while match is not None:
            text = text[match.end() :]
            match = _ANSWERED.match(text)
    return " ".join(word for word in _WORD.findall(text) if word.isalpha() and word not in hidden)


def hashed(subject: str, hidden: Collection[str] = ()) -> str:
    """Return 16 hexadecimal digits of the normalised subject, nothing where it says nothing."""
    text = normalised(subject, hidden)
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest() if text else ""
