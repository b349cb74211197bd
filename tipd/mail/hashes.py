"""The three hashes by which mails of a campaign are known: of what is left when its recipients are taken out, without a
key, so that they are equal on every host.

What is hashed of a text are its words that stand free; an address is none. So it is enough to leave out the words that
a greeting takes from an address: its local part and the pieces of it. What is left says nothing of who got the mail.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tipd.mail import fuzzy, subject, template
from tipd.mail.needles import COMMON

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST = 3  # letters of a piece of a local part that is left out
MOST_RECIPIENTS = 20  # a mail to very many names none of them
_LATIN = re.compile(r"[A-Za-z]+")
_PIECE = re.compile(r"[^\W\d_]+")


class Hashes(NamedTuple):
    """`subject`: of the normalised subject; `text`: fuzzy; `template`. Empty where there is too little."""

    subject: str
    text: str
    template: str


def of(text: str, urls: Sequence[str], title: str, recipients: Sequence[str]) -> Hashes:
    """Return the hashes of a mail."""
    hidden = names(recipients)
    words = template.words(text)
    if hidden:
        if words and _may_hold(text, hidden):
            low = " ".join(words).lower().split(" ")
            if not hidden.isdisjoint(low):
                words = [word for word, spoken in zip(words, low, strict=True) if spoken not in hidden]
        if not text.isascii():  # where words are not parted, a name stands within one
            words = [word for word in words if word.isascii() or not _holds(word, hidden)]
        if not title.isascii():
            title = _LATIN.sub(lambda match: "" if match[0].lower() in hidden else match[0], title)
    return Hashes(
        subject.hashed(title, hidden), fuzzy.fuzzy_of(words), template.template_of(words, urls, title, hidden)
    )


def _holds(word: str, hidden: frozenset[str]) -> bool:
    return not hidden.isdisjoint(_LATIN.findall(word.lower()))


def _may_hold(text: str, hidden: frozenset[str]) -> bool:
    """Say whether a text may hold one of the words: a search for each costs less than a look at each of its words."""
    if not text.isascii():
        return True
    low = text[: template.LONGEST].lower()
    return any(word in low for word in hidden)


def names(recipients: Sequence[str]) -> frozenset[str]:
    """Return the words that mean one of the recipients, in lower case; not those that mean something to all."""
    found: set[str] = set()
    for address in recipients[:MOST_RECIPIENTS]:
        found |= _names_of(address)
    return frozenset(found)


@lru_cache(maxsize=4096)
def _names_of(address: str) -> frozenset[str]:
    local = address.lower().partition("@")[0].partition("+")[0]
    pieces = _PIECE.findall(local)
    meant = {word for word in (local, "".join(pieces), *pieces) if len(word) >= LEAST and word not in COMMON}
    return frozenset(form for word in meant for form in (word, word[::-1], codecs.encode(word, "rot13")))
