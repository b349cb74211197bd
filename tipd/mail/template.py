"""The template of a mail: one hash for what all mails of a campaign say, whoever they were sent to.

What differs from mail to mail is left out before hashing: words with figures or signs in them or beside them (prices,
dates, tokens, `{m}` for a masked recipient, a name before a comma), words with capital letters (names), words nobody
can pronounce (noise against filters), the order and number of words. What is left is a set of plain words. Where that
is too little (a picture with a link), the words of any case, the subject's and the shapes of the URLs are taken too; a
mail with next to nothing in it has no template. Taken of masked text and without a key, so it is equal on every host.
"""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import xxhash

from tipd.mail.shapes import shape
from tipd.mail.tokens import is_plain

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LONGEST = 8 * 1024  # characters of a text that are looked at
ENOUGH = 8  # plain words that make a template by themselves
LEAST = 3  # words and shapes without which there is none
MOST_URLS = 20
LONGEST_WORD = 40
MOST_KEPT = 65536  # words whose judgement is remembered: a language's common ones


def words(text: str) -> list[str]:
    """Return the words of a text that stand free of signs and figures, in their order and their case."""
    text = text[:LONGEST]
    if not text.isascii() and not _is_latin(text):
        text = unicodedata.normalize("NFKC", text)
    return list(filter(str.isalpha, text.split()))


def _is_latin(text: str) -> bool:
    """Say whether all letters are of the first 256: none of those is a form of another."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def template(text: str, urls: Sequence[str], subject: str) -> str:
    """Return 16 hexadecimal digits, or nothing for a mail that says too little; arguments masked with a constant."""
    return template_of(words(text), urls, subject)


def template_of(found: Sequence[str], urls: Sequence[str], subject: str, hidden: Collection[str] = ()) -> str:
    """Return the template of a text whose words are known (see `words`).

    `hidden`: words in lower case that are left out of the subject and of the URLs.
    """
    kept = list(filter(None, map(_VALUES.__getitem__, set(found))))
    if len(kept) >= ENOUGH:
        return _hashed(kept)
    kept = [_hash(word) for word in {word.lower() for word in found} if _is_plain(word)]
    spoken = {word.lower() for word in words(subject)}
    kept += [_hash("subject " + word) for word in spoken if word not in hidden and _is_plain(word)]
    kept += [_hash("url " + path) for path in {_path(url, hidden) for url in urls[:MOST_URLS]}]
    return _hashed(kept) if len(kept) >= LEAST else ""


class _Values(dict[str, int]):
    """Hashes of words, 0 for those that are not plain; a lookup costs a tenth of what a cache of the last used does."""

    def __missing__(self, word: str) -> int:
        if len(word) > LONGEST_WORD:
            return 0
        if len(self) >= MOST_KEPT:
            self.clear()
        value = self[word] = _hash(word) if word == word.lower() and _is_plain(word) else 0
        return value


_VALUES = _Values()


def _is_plain(word: str) -> bool:
    return is_plain(word) if word.isascii() else len(word) <= LONGEST_WORD


def _hash(word: str) -> int:
    return xxhash.xxh3_64_intdigest(word.encode("utf-8", "replace")) or 1


def _path(url: str, hidden: Collection[str]) -> str:
    """Return the shape of a URL less its host, which changes while a campaign goes on, and less names."""
    path = shape(url).shape.partition("/")[2]
    low = path.lower()
    for name in hidden:
        if name in low:
            path = low = low.replace(name, "")
    return path


def _hashed(kept: list[int]) -> str:
    """Return one hash of a set of hashes, whatever their order: their sum (Bellare, Micciancio: AdHash, 1997)."""
    return f"{sum(kept) & 0xFFFFFFFFFFFFFFFF:016x}"
