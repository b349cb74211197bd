"""Which pieces of a URL mean something to a reader, and which are opaque: tokens, counters, encodings.

A piece is opaque when no writer would choose it: figures and letters mixed, cases mixed, figures alone that are longer
than a year, letters nobody can pronounce. Spam carries one such token for each recipient, and it says to its sender who
opened what, so masked views cut them and shapes fold them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

TOKEN = "{t}"  # noqa: S105 - what stands where an opaque piece stood
MOST_KEPT = 8192  # pieces whose judgement is remembered
LONGEST_KEPT = 64  # characters of such a piece
LONGEST_WORD = 24
LONGEST_NUMBER = 4  # figures: a year, a page

_NUMBERED = re.compile(r"[A-Za-z]?[a-z]{1,14}[0-9]{1,4}\Z")
_WORD = re.compile(r"(?:[a-z]+|[A-Z]{1,12}|(?:[A-Z]?[a-z]{2,15}){1,5}|[A-Z][a-z]*)\Z")
_UNSPEAKABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|[aeiouy]{5}|[jqxz]{3}")
# Pairs of letters that hardly stand in any word of Latin script (fewer than 5 of 16,726 words of mails in a dozen
# languages): a letter, and those that do not follow it. Two of them in a word of six letters and more: one word in 700,
# two in three of eight letters by chance.
_SELDOM = (
    "bdgknpqwxz cbfgjvwxz dfkpxz fbghjkmnpqvxz gdjkpqvwxz hcghjkpqvxz iiwy jbcdfghijlmnpqrstvwxyz kcdhjmpqvwxz "
    "ljqxz mdjkqrvwxz nx pbjknqvwxz qabcdefghijklmnopqrstvwxyz rjx sjvxz tjkqvx uhquw vbcdfghjklmnpqstuvwxz "
    "wbcdgjkmqtvwxyz xbdfgjklnqrsvwyz yfghjkquvxyz zbcdfghjkmnpqrsvwx"
)
_SELDOM_PAIRS = frozenset(row[0] + second for row in _SELDOM.split() for second in row[1:])
_HEX = re.compile(r"[0-9a-f]{8}\Z")
_ATOM = re.compile(r"%[0-9A-Fa-f]{2}|[A-Za-z0-9]+")
_RUN = re.compile(r"\{t\}(?:[-_.~+=:,!*%]*\{t\})+")
_LONG = re.compile(r"(?<![A-Za-z0-9+/:_])[A-Za-z0-9+/_]{16,}={0,2}")
_TAGGED = re.compile(r"hmac:[0-9a-f]{16}")


def folded(atom: str) -> str:
    """Return what a run of letters and figures folds to: itself, a word with `{t}` for its number, or `{t}`."""
    return _kept_folded(atom) if len(atom) <= LONGEST_KEPT else TOKEN


@lru_cache(maxsize=MOST_KEPT)
def _kept_folded(atom: str) -> str:
    if atom.isdigit():
        return TOKEN
    if len(atom) <= 3:  # also a percent-encoded byte
        return atom
    if atom.isalpha():
        return TOKEN if _is_opaque_word(atom) else atom
    if _NUMBERED.match(atom) and not _HEX.match(atom) and not _is_opaque_word(atom.rstrip("0123456789")):
        return atom.rstrip("0123456789") + TOKEN
    return TOKEN


def is_plain(word: str) -> bool:
    """Say whether a run of small letters folds to itself; a look at one that is not remembered."""
    return len(word) <= 3 or (len(word) <= LONGEST_WORD and _UNSPEAKABLE.search(word) is None)


def _is_opaque_word(atom: str) -> bool:
    if len(atom) > LONGEST_WORD or _WORD.match(atom) is None:
        return True
    lowered = atom.lower()
    seldom = sum(pair in _SELDOM_PAIRS for pair in map("".join, pairwise(lowered))) if len(atom) > 5 else 0
    return seldom > 1 or _UNSPEAKABLE.search(lowered) is not None


def is_opaque(atom: str) -> bool:
    """Say whether a run of letters and figures is a token; a small number, or a word with one, is none."""
    if atom.isdigit():
        return len(atom) > LONGEST_NUMBER
    return folded(atom) == TOKEN


def cut(segment: str) -> str:
    """Return a piece of a URL (between two delimiters) with what is opaque in it cut to `{t}`.

    Where tokens and scraps make most of it, it is `{t}` whole: base64 with `-` and `_` inside falls to scraps.
    """
    return _kept_cut(segment) if len(segment) <= LONGEST_KEPT else _cut(segment)


def _cut(segment: str) -> str:
    atoms = _ATOM.findall(segment)
    opaque = sum(len(atom) for atom in atoms if is_opaque(atom))
    if not opaque:
        return segment
    words = sum(len(atom) for atom in atoms if len(atom) > 3 and not is_opaque(atom))
    if opaque >= words:
        return TOKEN
    return _RUN.sub(TOKEN, _ATOM.sub(_cut_one, segment))


def _cut_one(match: re.Match[str]) -> str:
    return TOKEN if is_opaque(match[0]) else match[0]


def cut_long(text: str) -> str:
    """Return a text whose long tokens (16 characters and more that no writer would choose) are cut to `{t}`."""
    return _LONG.sub(_cut_long, text)


def _cut_long(match: re.Match[str]) -> str:
    return TOKEN if any(is_opaque(atom) for atom in _ATOM.findall(match[0])) else match[0]


def fold(segment: str) -> str:
    """Return a piece of a URL as it is in every mail of a campaign: numbers and tokens `{t}`."""
    return _kept_fold(segment) if len(segment) <= LONGEST_KEPT else _fold(segment)


def _fold(segment: str) -> str:
    if TOKEN in segment or "hmac:" in segment:
        segment = _TAGGED.sub("0", segment.replace(TOKEN, "0"))
    atoms = _ATOM.findall(segment)
    opaque = sum(len(atom) for atom in atoms if is_opaque(atom))
    words = sum(len(atom) for atom in atoms if len(atom) > 3 and not is_opaque(atom))
    if opaque and opaque >= words:
        return TOKEN
    return _RUN.sub(TOKEN, _ATOM.sub(_fold_one, segment))


_kept_cut = lru_cache(maxsize=MOST_KEPT)(_cut)
_kept_fold = lru_cache(maxsize=MOST_KEPT)(_fold)


def _fold_one(match: re.Match[str]) -> str:
    return folded(match[0])
