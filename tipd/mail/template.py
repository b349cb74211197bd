"""The template of a mail: one hash for what all mails of a campaign say, whoever they were sent to.

What differs from mail to mail is left out before hashing: words with figures or signs in them or beside them (prices,
dates, tokens, `{m}` for a masked recipient, a name before a comma), words with capital letters (names), words nobody
can pronounce (noise against filters), the order and number of words. What is left is a set of plain words. Where that
is too little (a picture with a link), the words of any case, the subject's and the shapes of the URLs are taken too; a
mail with next to nothing in it has no template. Taken of masked text and without a key, so it is equal on every host.
"""

from __future__ import annotations

import hashlib
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING

from tipd.mail.shapes import shape
from tipd.mail.tokens import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 64 * 1024  # characters of a text that are looked at
ENOUGH = 8  # plain words that make a template by themselves
LEAST = 3  # words and shapes without which there is none
MOST_URLS = 20
LONGEST_WORD = 40
MOST_KEPT = 65536  # words whose judgement is remembered: a language's common ones


def words(text: str) -> list[str]:
    """Return the words of a text that stand free of signs and figures, in their order and their case."""
    text = text[:LONGEST]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return [word for word in filter(str.isalpha, text.split()) if len(word) <= LONGEST_WORD]


def template(text: str, urls: Sequence[str], subject: str) -> str:
    """Return 16 hexadecimal digits, or nothing for a mail that says too little; arguments masked with a constant."""
    return template_of(words(text), urls, subject)


def template_of(found: Iterable[str], urls: Sequence[str], subject: str) -> str:
    """Return the template of a text whose words are known (see `words`)."""
    kept = set(filter(_is_plain_as_it_stands, set(found)))
    if len(kept) >= ENOUGH:
        return _hashed(kept)
    spoken = set(filter(_is_plain, map(str.lower, found)))
    kept = spoken | {"subject " + word for word in filter(_is_plain, map(str.lower, words(subject)))}
    kept |= {"url " + _path(url) for url in urls[:MOST_URLS]}
    return _hashed(kept) if len(kept) >= LEAST else ""


@lru_cache(maxsize=MOST_KEPT)
def _is_plain(word: str) -> bool:
    return not word.isascii() or folded(word) == word


@lru_cache(maxsize=MOST_KEPT)
def _is_plain_as_it_stands(word: str) -> bool:
    return word == word.lower() and _is_plain(word)


def _path(url: str) -> str:
    """Return the shape of a URL less its host: hosts change while a campaign goes on."""
    return shape(url).shape.partition("/")[2]


def _hashed(kept: set[str]) -> str:
    return hashlib.blake2b("\n".join(sorted(kept)).encode("utf-8", "replace"), digest_size=8).hexdigest()
