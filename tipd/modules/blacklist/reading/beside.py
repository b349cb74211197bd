"""What stands beside a row: from what a parser hands over, by the declaration, to three columns of a sighting.

A value that is not what its key wants (a port of 70000, a date of the year 9999) is left out and counted; the row and
its other values stay.
"""

from __future__ import annotations

import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tipd.model.context import (
    CLASS,
    CONFIDENCE,
    FIRST_SEEN,
    LAST_SEEN,
    MOST_BYTES,
    PORT,
    TLP,
    UNTIL,
    Unreadable,
    all_plain_texts,
    all_ports,
    encoded,
    fitted,
    joined,
    json_of,
    later,
    mark_of,
    merged,
    moment_of,
    stricter,
    text_of,
    value_of,
)
from tipd.model.moment import all_plain_moments
from tipd.modules.blacklist.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tipd.model.context import Context
    from tipd.modules.blacklist.declaration import Source

_NULL = b"\xff\xff\xff\xff"
NOTHING = _NULL * 3
_SIZE = struct.Struct(">i")
_JSONB = struct.Struct(">iB")
_OPENING = struct.Struct(">iBc")
_TLP = struct.Struct(">ih")
_UNTIL = struct.Struct(">iq")
_VERSION = 1  # the byte before a jsonb's text
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's
_MOST_PARTS = 1000  # of one field of one row
_REMEMBERED = 20_000  # values of one key, so that a word that stands in every row is read once
_REMEMBERED_LONGEST = 100
_UNREADABLE = b"?"
_OTHERWISE = frozenset({TLP, UNTIL})
_BY_WORDS = _OTHERWISE | {CLASS, CONFIDENCE}
_DATES = frozenset({FIRST_SEEN, LAST_SEEN})


class Beside(NamedTuple):
    """The context, the row's own TLP, and its end in microseconds since 2000 (None: neither is said)."""

    context: Context
    tlp: int | None = None
    until: int | None = None

    @property
    def end(self) -> datetime | None:
        """The row's end as a moment."""
        return None if self.until is None else _EPOCH + timedelta(microseconds=self.until)


class BesideReader:
    """Reads what stands beside the rows of one source; `unread` counts by key what could not be read."""

    def __init__(self, source: Source) -> None:
        """Take the declaration's words."""
        self.unread: Counter[str] = Counter()
        self._zone = UTC if source.timezone == "UTC" else ZoneInfo(source.timezone)
        self._class = source.class_
        self._fields = {name: place for name, place in source.fields.items() if isinstance(place, Field)}
        self._maps = {
            name: {word.casefold(): kept for word, kept in field.map.items()} for name, field in self._fields.items()
        }
        self._known: dict[str, dict[str, bytes]] = {}

    def read(self, raw: Mapping[str, Any]) -> Beside:
        """Return what the raw values say; never raises."""
        return read_back(self.columns(raw))

    def columns(self, raw: Mapping[str, Any]) -> bytes:
        """Return the same as the last three fields of a COPY tuple (`written`), for a row a millionth of a list."""
        tlp = until = _NULL
        said: list[bytes] = []
        known = self._known
        for name, given in raw.items():
            try:
                piece = known[name][given]
            except (KeyError, TypeError):  # new, or a list
                piece = self._learn(name, given)
            if not piece:
                continue
            if piece is _UNREADABLE:
                self.unread[name] += 1
            elif name == TLP:
                tlp = piece
            elif name == UNTIL:
                until = piece
            else:
                said.append(piece)
        said.sort()  # by name: JSON's quotation mark is less than what names are made of
        return _row(b"".join(said), tlp + until)

    def of_columns(self, columns: Mapping[str, Sequence[str]], count: int) -> list[bytes]:
        """Return what `columns` does for each of `count` rows, whose texts stand together by their names.

        Each distinct text is read once; what is done for every row is done by the interpreter's own loops.
        """
        ends: dict[str, Iterable[bytes]] = dict.fromkeys((TLP, UNTIL), repeat(_NULL, count))
        said: list[list[bytes]] = []
        for name in sorted(columns):
            pieces = self._pieces(name, columns[name])
            if name in ends:
                ends[name] = [piece or _NULL for piece in pieces]
            else:
                said.append(pieces)
        contexts = list(map(b"".join, zip(*said, strict=True))) if said else [b""] * count
        if TLP not in columns and UNTIL not in columns:
            pack, end = _OPENING.pack, b"}" + _NULL * 2
            return [
                pack(len(context) + 2, _VERSION, b"{") + context[1:] + end
                if 0 < len(context) < MOST_BYTES
                else _row(context, _NULL * 2)
                for context in contexts
            ]
        both = map(b"".join, zip(ends[TLP], ends[UNTIL], strict=True))
        return [_row(context, end) for context, end in zip(contexts, both, strict=True)]

    def _pieces(self, name: str, texts: Sequence[str]) -> list[bytes]:
        known = self._known.setdefault(name, {"": b""})
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if not fresh:
            return self._counted(name, texts, known)
        said = self._all_plain(name, fresh) or [self._piece(name, text) for text in fresh]
        if len(fresh) == len(texts):
            return self._counted(name, fresh, dict(zip(fresh, said, strict=True)))
        pieces = known | dict(zip(fresh, said, strict=True))
        if len(fresh) < len(texts) // 2 and len(max(fresh, key=len)) <= _REMEMBERED_LONGEST:
            self._known[name] = pieces if len(pieces) <= _REMEMBERED else {"": b""}
        return self._counted(name, texts, pieces)

    def _counted(self, name: str, texts: Sequence[str], pieces: Mapping[str, bytes]) -> list[bytes]:
        """Return the piece of each text; those that say nothing readable are counted."""
        said = [pieces[text] for text in texts]
        if _UNREADABLE in said:
            self.unread[name] += said.count(_UNREADABLE)
            return [b"" if piece is _UNREADABLE else piece for piece in said]
        return said

    def _all_plain(self, name: str, texts: list[str]) -> list[bytes]:
        """Return the pieces where all of the texts are such as need no change, which few searches say; else nothing."""
        if name in self._fields or name in _BY_WORDS:
            return []
        lines = "\n".join(texts)
        if name == PORT:
            return _all_within(',"port":', lines, "") if all_ports(lines) else []
        if name in _DATES:
            plain = self._zone is UTC and all_plain_moments(lines)
            return _all_within(f',"{name}":"', lines.replace(" ", "T"), 'Z"') if plain else []
        return _all_within(f',"{name}":"', lines, '"') if all_plain_texts(lines, texts) else []

    def _learn(self, name: str, given: Any) -> bytes:
        """Return what one field says as it is written, nothing where it says nothing; words that recur are kept."""
        piece = self._piece(name, given)
        if isinstance(given, str) and len(given) <= _REMEMBERED_LONGEST:
            known = self._known.setdefault(name, {"": b""})
            if len(known) >= _REMEMBERED:
                known = self._known[name] = {"": b""}
            known[given] = piece
        return piece

    def _piece(self, name: str, given: Any) -> bytes:
        value = self._said(name, given)
        if value is None:
            return b""
        if value is Unreadable:
            return _UNREADABLE
        if name == TLP:
            return _TLP.pack(2, value)
        if name == UNTIL:
            return _UNTIL.pack(8, value)
        return b',"%s":%s' % (name.encode(), json_of(value))

    def _said(self, name: str, given: Any) -> Any:
        """Return what one field says, None for nothing, the class Unreadable for what nobody can read."""
        if isinstance(given, str) and name not in self._fields and name not in _OTHERWISE:
            try:
                value = value_of(name, given, self._zone)
            except Unreadable:
                return Unreadable
            return None if name == CLASS and value == self._class else value
        parts = list(self._parts(name, given))
        if name == TLP:
            return mark_of(parts)
        values = []
        unreadable = False
        for part in parts:
            try:
                value = self._value(name, part)
            except Unreadable:
                unreadable = True
                continue
            if value is not None and not (name == CLASS and value == self._class):
                values.append(value)
        if not values:
            return Unreadable if unreadable else None
        return max(values) if name == UNTIL else joined(name, values)

    def _value(self, name: str, part: Any) -> Any:
        form = self._fields[name].format if name in self._fields else ""
        if name == UNTIL:
            moment = moment_of(part, self._zone, form)
            return None if moment is None else (moment - _EPOCH) // timedelta(microseconds=1)
        return value_of(name, part, self._zone, form)

    def _parts(self, name: str, given: Any) -> Iterator[Any]:
        field = self._fields.get(name)
        pieces: Iterable[Any] = given if isinstance(given, list) else (given,)
        if field is not None and field.split:
            pieces = [
                part
                for piece in pieces
                for part in (piece.split(field.split, _MOST_PARTS) if isinstance(piece, str) else (piece,))
            ]
        words = self._maps.get(name)
        for number, piece in enumerate(pieces):
            if number == _MOST_PARTS:
                return
            if words:
                word = text_of(piece)
                piece = words.get(word.casefold(), word)  # noqa: PLW2901 - the same, by our name
            if piece != "":
                yield piece


def _all_within(before: str, lines: str, after: str) -> list[bytes]:
    return f"{before}{lines.replace('\n', f'{after}\n{before}')}{after}".encode().split(b"\n")


def written(beside: Beside) -> bytes:
    """Return the last three fields of a COPY tuple: context jsonb, tlp int2, until timestamptz."""
    return _columns(
        encoded(beside.context) if beside.context else b"",
        _NULL if beside.tlp is None else _TLP.pack(2, beside.tlp),
        _NULL if beside.until is None else _UNTIL.pack(8, beside.until),
    )


def _columns(context: bytes, tlp: bytes, until: bytes) -> bytes:
    if not context:
        return _NULL + tlp + until
    return b"".join((_JSONB.pack(len(context) + 1, _VERSION), context, tlp, until))


def _row(pieces: bytes, end: bytes) -> bytes:
    """Return the three columns from the context's members, each with a comma before it, and the other two."""
    if not pieces:
        return _NULL + end
    size = len(pieces) + 1  # braces, less a comma
    if size > MOST_BYTES:
        context = encoded(fitted(msgspec.json.decode(b"{%s}" % pieces[1:])))
        return b"".join((_JSONB.pack(len(context) + 1, _VERSION), context, end))
    return b"".join((_OPENING.pack(size + 1, _VERSION, b"{"), pieces[1:], b"}", end))


def read_back(raw: bytes) -> Beside:
    """Return what `written` wrote."""
    (size,) = _SIZE.unpack_from(raw)
    at = _SIZE.size + max(size, 0)
    context = msgspec.json.decode(raw[_JSONB.size : at]) if size >= 0 else {}
    tlp = until = None
    (size,) = _SIZE.unpack_from(raw, at)
    if size >= 0:
        tlp = _TLP.unpack_from(raw, at)[1]
    at += _SIZE.size + max(size, 0)
    if _SIZE.unpack_from(raw, at)[0] >= 0:
        until = _UNTIL.unpack_from(raw, at)[1]
    return Beside(context, tlp, until)


def together(several: Iterable[bytes]) -> bytes:
    """Return what several rows of one indicator say together, in whatever order; its context may be over the size."""
    rows = [read_back(raw) for raw in several]
    return written(
        Beside(
            merged([row.context for row in rows]),
            reduce(stricter, (row.tlp for row in rows)),
            reduce(later, (row.until for row in rows)),
        )
    )


def shortened(raw: bytes) -> bytes:
    """Return it with a context of at most 8 KiB."""
    if len(raw) <= MOST_BYTES:
        return raw
    beside = read_back(raw)
    return written(beside._replace(context=fitted(beside.context)))
