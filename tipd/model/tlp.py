"""The Traffic Light Protocol: to whom something may be shown (FIRST, TLP 2.0).

The stricter of two marks holds. Text that is no mark is read as `red`: what nobody can read, nobody may pass on.
"""

from __future__ import annotations

from enum import IntEnum


class Tlp(IntEnum):
    """A mark; the number is what the database stores, and grows with strictness."""

    CLEAR = 0
    GREEN = 1
    AMBER = 2
    AMBER_STRICT = 3
    RED = 4

    @property
    def word(self) -> str:
        """The mark as it is written: `clear`, `green`, `amber`, `amber+strict`, `red`."""
        return WORDS[self]


WORDS = {
    Tlp.CLEAR: "clear",
    Tlp.GREEN: "green",
    Tlp.AMBER: "amber",
    Tlp.AMBER_STRICT: "amber+strict",
    Tlp.RED: "red",
}
_OF_WORD = {word: mark for mark, word in WORDS.items()} | {"white": Tlp.CLEAR}


def tlp_of(word: str) -> Tlp:
    """Return the mark of one of our own words (`white`, of TLP 1.0, is `clear`); raises ValueError."""
    try:
        return _OF_WORD[word]
    except KeyError:
        raise ValueError(f"{word!r} is no TLP mark: there are {', '.join(WORDS.values())}") from None


def read_tlp(text: str) -> Tlp:
    """Return the mark in somebody else's text (`TLP:AMBER`, `tlp:white`, `Amber+Strict`); unreadable: red."""
    word = text.strip().lower().removeprefix("tlp").lstrip(":- _").replace(" ", "+").replace("_", "+")
    return _OF_WORD.get(word.replace("amber-strict", "amber+strict"), Tlp.RED)
