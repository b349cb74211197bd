"""What stands beside a row: from what a parser hands over, by the declaration, to three columns of a sighting.

A value that is not what its key wants (a port of 70000, a date of the year 9999) is left out and counted; the row and
its other values stay.
"""

from __future__ import annotations

import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from tipd.model.context import (
    CLASS,
    MOST_BYTES,
    TLP,
    UNTIL,
    Unreadable,
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
from tipd.modules.blacklist.fields import Field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tipd.model.context import Context
    from tipd.modules.blacklist.declaration import Source

_NULL = b"\xff\xff\xff\xff"
NOTHING = _NULL * 3
_SIZE = struct.Struct(">i")
_JSONB = struct.Struct(">iB")
_TLP = struct.Struct(">ih")
_UNTIL = struct.Struct(">iq")
_VERSION = 1  # the byte before a jsonb's text
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's
_MOST_PARTS = 1000  # of one field of one row
_REMEMBERED = 20_000  # values of one key, so that a word that stands in every row is read once
_REMEMBERED_LONGEST = 100
_UNREADABLE = b"?"
_OTHERWISE = frozenset({TLP, UNTIL})


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
        context = b"{%s}" % b",".join(said) if said else b""
        if len(context) > MOST_BYTES:
            context = encoded(fitted(msgspec.json.decode(context)))
        return _columns(context, tlp, until)

    def _learn(self, name: str, given: Any) -> bytes:
        """Return what one field says as it is written, nothing where it says nothing; words that recur are kept."""
        piece = self._piece(name, given)
        if isinstance(given, str) and len(given) <= _REMEMBERED_LONGEST:
            known = self._known.setdefault(name, {})
            if len(known) >= _REMEMBERED:
                known.clear()
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
        return b'"%s":%s' % (name.encode(), json_of(value))

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
