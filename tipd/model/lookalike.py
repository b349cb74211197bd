"""Names that pass themselves off as one of mine: a typo away, drawn alike, with my name as a part, under another top.

Pure and explained; what is compared is the label under the public suffix (`example` of `www.example.org`), and all of
a name where a stranger put mine in front of his own. All is looked up in tables made once, so that the cost of a name
does not depend on how many are watched. Short labels are compared less freely: three letters have many neighbours.

Rules, after A. Kintis et al., "Hiding in Plain Sight" (CCS 2017, combosquatting), and J. Szurdi et al., "The Long
Taile of Typosquatting" (USENIX Security 2014): one edit by Damerau's distance covers most of what is registered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from tipd.model.canonical.suffix import rules
from tipd.model.confusable import skeleton, unicode_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SHORTEST = 3  # letters of a label that is looked for at all: under another top, or with other hyphens
SHORTEST_DRAWN = 4  # … for one drawn alike
SHORTEST_EDIT = 5  # … for one edit under the same suffix
SHORTEST_EDIT_ANYWHERE = 8  # … for one edit under any suffix
SHORTEST_WORD = 4  # … for my label between hyphens of a longer one
SHORTEST_INSIDE = 7  # … for my label anywhere in a longer one
_GRAM = SHORTEST_INSIDE
_END = (SHORTEST_EDIT - 1) // 2  # letters at one end that one edit (also a swap) leaves alone

type Numbers = frozenset[int]
_NONE: Numbers = frozenset()


class Mine(NamedTuple):
    """One of my names: the label under its suffix, that suffix, and whose watches want it."""

    name: str
    label: str
    suffix: str
    watches: Numbers


class Lookalikes:
    """Finds what looks like my names; true where there are any. `own` are names of mine, never look-alikes."""

    def __init__(self, names: Mapping[str, Numbers], own: Iterable[str] = ()) -> None:
        """Make the tables."""
        mine = [Mine(name, *parts(name), watches) for name, watches in names.items()]
        self._own = frozenset(own) | frozenset(
            ".".join(part for part in (one.label, one.suffix) if part) for one in mine
        )
        self._own |= names.keys()
        self._labels = _table((one.label, one) for one in mine)
        self._drawn = _table((skeleton(one.label), one) for one in mine if len(one.label) >= SHORTEST_DRAWN)
        self._bare = _table((one.label.replace("-", ""), one) for one in mine)
        self._edits = _table(
            (text, one) for one in mine if len(one.label) >= SHORTEST_EDIT for text in {one.label, *_shorter(one.label)}
        )
        self._ends = {end for one in mine for end in (one.label[:_END], one.label[-_END:])}
        self._grams = _table((one.label[:_GRAM], one) for one in mine if len(one.label) >= SHORTEST_INSIDE)
        self._written = _table((one.name.replace(".", "-"), one) for one in mine)
        lengths = [len(one.label) for one in mine if len(one.label) >= SHORTEST_EDIT]
        self._edit_lengths = range(min(lengths) - 1, max(lengths) + 2) if lengths else range(0)
        self._of_label = lru_cache(maxsize=16384)(self._whose)  # many findings lie below one name

    def __bool__(self) -> bool:
        return bool(self._labels)

    def match(self, name: str) -> Numbers:
        """Return whose names a canonical name looks like; none for my own names and what is below them."""
        if not self._labels or not name or self._is_own(name):
            return _NONE
        label, suffix = parts(name)
        if not label:
            return _NONE
        found = self._of_label(label, suffix)
        front = name[: -len(label) - len(suffix) - 2]
        if front and front != "www":
            for _, watches in self._in_front(front):
                found |= watches
        return found

    def why(self, name: str) -> Iterator[tuple[str, Numbers]]:
        """Yield (reason in words, whose) for each way in which the name looks like one of mine."""
        if not self._labels or not name or self._is_own(name):
            return
        label, suffix = parts(name)
        if not label:
            return
        yield from self._why_label(label, suffix)
        if len(name) > len(label) + len(suffix) + 1:
            yield from self._in_front(name[: -len(label) - len(suffix) - 2])

    def _whose(self, label: str, suffix: str) -> Numbers:
        found = _NONE
        for _, watches in self._why_label(label, suffix):
            found |= watches
        return found

    def _why_label(self, label: str, suffix: str) -> list[tuple[str, Numbers]]:
        found: list[tuple[str, Numbers]] = []
        self._same(label, suffix, found)
        self._drawn_alike(label, suffix, found)
        if len(label) in self._edit_lengths:
            self._one_edit(label, suffix, found)
        if "-" in label:
            self._words(label, found)
        if self._grams and len(label) > _GRAM:
            self._inside(label, found)
        return found

    def _is_own(self, name: str) -> bool:
        own = self._own
        while name not in own:
            dot = name.find(".")
            if dot < 0:
                return False
            name = name[dot + 1 :]
        return True

    def _same(self, label: str, suffix: str, found: list[tuple[str, Numbers]]) -> None:
        for one in self._bare.get(label.replace("-", ""), ()):
            if len(one.label) < SHORTEST:
                continue
            if one.label != label:
                found.append((f"it is {one.name} but for hyphens", one.watches))
            elif one.suffix != suffix:
                found.append((f"it is {one.name} under another suffix", one.watches))

    def _drawn_alike(self, label: str, suffix: str, found: list[tuple[str, Numbers]]) -> None:
        for one in self._drawn.get(skeleton(label), ()):
            if one.label != label and (one.suffix == suffix or len(one.label) >= SHORTEST_EDIT):
                found.append((f"{unicode_of(label)} is drawn like {one.label}", one.watches))

    def _one_edit(self, label: str, suffix: str, found: list[tuple[str, Numbers]]) -> None:
        # An edit leaves the beginning or the end as it was.
        if label[:_END] not in self._ends and label[-_END:] not in self._ends:
            return
        edits = self._edits
        near = [one for text in (label, *_shorter(label)) if text in edits for one in edits[text]]
        for one in dict.fromkeys(near):
            alike = one.suffix == suffix or len(one.label) >= SHORTEST_EDIT_ANYWHERE
            if alike and one_edit(label, one.label):
                found.append((f"it is {one.label} but for one letter", one.watches))

    def _words(self, label: str, found: list[tuple[str, Numbers]]) -> None:
        for word in set(label.split("-")):
            for one in self._labels.get(word, ()):
                if len(word) >= SHORTEST_WORD:
                    found.append((f"{one.label} is a word of it", one.watches))

    def _inside(self, label: str, found: list[tuple[str, Numbers]]) -> None:
        grams = self._grams
        for start in range(len(label) - _GRAM + 1):
            gram = label[start : start + _GRAM]
            if gram in grams:
                for one in grams[gram]:
                    if one.label != label and label.startswith(one.label, start):
                        found.append((f"{one.label} stands inside it", one.watches))

    def _in_front(self, front: str) -> Iterator[tuple[str, Numbers]]:
        """Look at what a stranger put in front of his own name: `www.example.org.` or `example-org.`."""
        written = front.replace(".", "-")
        for text in {written, written.removeprefix("www-")}:
            for one in self._written.get(text, ()):
                yield f"{one.name} stands in front of it", one.watches
        for label in front.split("."):
            for one in self._labels.get(label, ()):
                if len(label) >= SHORTEST_INSIDE:
                    yield f"{one.label} stands in front of it", one.watches


def _table(pairs: Iterable[tuple[str, Mine]]) -> dict[str, tuple[Mine, ...]]:
    gathered: dict[str, list[Mine]] = {}
    for text, one in pairs:
        gathered.setdefault(text, []).append(one)
    return {text: tuple(found) for text, found in gathered.items()}


def _shorter(text: str) -> list[str]:
    """Return the text with one letter left out, each way (Garbe's symmetric deletes)."""
    return [text[:at] + text[at + 1 :] for at in range(len(text))]


def parts(name: str) -> tuple[str, str]:
    """Return (label, suffix) of a canonical name: the label right under its public suffix, "" where there is none."""
    known = rules()
    names, wildcards = known.names, known.wildcards
    before, rest = "", name
    while rest not in names:  # as `is_public_suffix`, which is asked for each label
        label, dot, parent = rest.partition(".")
        if not dot or (parent in wildcards and rest not in known.exceptions):
            break
        before, rest = label, parent
    return before, rest


def one_edit(one: str, other: str) -> bool:
    """Say whether one insertion, deletion, exchange or swap of neighbours makes one text of the other."""
    if len(one) > len(other):
        one, other = other, one
    if one == other or len(other) - len(one) > 1:
        return False
    at = next((at for at in range(len(one)) if one[at] != other[at]), len(one))
    if len(one) < len(other):
        return one[at:] == other[at + 1 :]
    if one[at + 1 :] == other[at + 1 :]:
        return True
    return one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
