"""Read names that somebody wants watched: text, or objects with tags and a note; one a line where there are many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from tipd.api.problem import Problem
from tipd.model.canonical import read
from tipd.model.flux import NewName
from tipd.model.indicator import RefusedValue
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp, tlp_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PERSON, PIVOT, FOLLOW = "person", "pivot", "follow"
LONGEST_TAG = 64  # characters
MOST_TAGS = 32
LONGEST_NOTE = 2000
LONGEST_LINE = 8192  # bytes
_KINDS = frozenset({Kind.DOMAIN, Kind.URL})


class Said(NamedTuple):
    """What is said of all names of a call: tags, note, mark, who says it."""

    tags: tuple[str, ...] = ()
    note: str = ""
    tlp: Tlp = Tlp.GREEN
    by: str = ""


class NewDomain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name to watch, with tags, a note and a mark of its own beside those of the call."""

    domain: str
    tags: list[str] = []
    note: str = ""
    tlp: str | None = None


class Named(NamedTuple):
    """Names by their places (each place's name once), and why others are none."""

    names: dict[int, NewName]
    refused: dict[int, str]


def read_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags, each once; raises ValueError for what is none.

    A tag has 1 to 64 printable characters, no space and no comma.
    """
    kept = tuple(dict.fromkeys(tags))
    if len(kept) > MOST_TAGS:
        raise ValueError(f"tags: at most {MOST_TAGS}")
    for tag in kept:
        if not 0 < len(tag) <= LONGEST_TAG or " " in tag or "," in tag or not tag.isprintable():
            raise ValueError(f"tags: {tag[:LONGEST_TAG]!r} is no tag: 1 to {LONGEST_TAG} characters, no space or comma")
    return kept


def wanted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Return tags that are searched for; raises Problem 400."""
    try:
        return read_tags(tags)
    except ValueError as error:
        raise Problem(400, str(error), parameter="tag") from None


def read_note(note: str) -> str:
    """Return a note; raises ValueError where it is too long or holds what no text of ours may."""
    if len(note) > LONGEST_NOTE:
        raise ValueError(f"note: at most {LONGEST_NOTE} characters")
    if "\0" in note:
        raise ValueError("note: holds a NUL")
    return note.strip()


def read_domain(text: str) -> str:
    """Return the canonical name that a text is, or that the URL in it has as its host; raises RefusedValue."""
    found = read(text, _KINDS).indicators[0]
    if found.kind is Kind.DOMAIN:
        return found.value
    host = urlsplit(found.value).hostname or ""
    named = read(host, frozenset({Kind.DOMAIN}))  # a URL's host may be an address
    return named.indicators[0].value


def read_names(raw: Sequence[Any], said: Said) -> Named:
    """Return what is to be watched; a wrong one harms no other. About 10 µs each: run many in a thread."""
    names: dict[int, NewName] = {}
    refused: dict[int, str] = {}
    for place, one in enumerate(raw):
        try:
            names[place] = _read_one(one, said)
        except RefusedValue as error:
            refused[place] = error.reason
        except ValueError as error:
            refused[place] = str(error)
    return Named(names, refused)


def read_line(line: bytes) -> Any:
    """Return what a line of an import says, None where it says nothing: empty, or a comment. Raises ValueError."""
    if len(line) > LONGEST_LINE:
        raise ValueError(f"a line is at most {LONGEST_LINE} bytes")
    text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    if not text or text.startswith("#"):
        return None
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no JSON: {error}") from None


def joined(names: Iterable[NewName]) -> list[NewName]:
    """Return each name once: tags together, the first note and path, the least mark."""
    found: dict[str, NewName] = {}
    for name in names:
        before = found.get(name.name)
        found[name.name] = name if before is None else _both(before, name)
    return list(found.values())


def _both(first: NewName, second: NewName) -> NewName:
    tags = tuple(dict.fromkeys((*first.tags, *second.tags)))[:MOST_TAGS]
    mark = min((one for one in (first.tlp, second.tlp) if one is not None), default=None)
    return msgspec.structs.replace(first, tags=tags, note=first.note or second.note, tlp=mark)


def _read_one(raw: Any, said: Said) -> NewName:
    if isinstance(raw, str):
        return _new(raw, said.tags, said.note, said)
    try:
        given = msgspec.convert(raw, NewDomain)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from None
    own = read_tags((*said.tags, *given.tags))
    mark = said if given.tlp is None else said._replace(tlp=tlp_of(given.tlp))
    return _new(given.domain, own, read_note(given.note) or said.note, mark)


def _new(text: str, tags: tuple[str, ...], note: str, said: Said) -> NewName:
    return NewName(name=read_domain(text), why=PERSON, tags=tags, note=note, tlp=said.tlp, by=said.by)
