"""A MISP body cut into attributes, each with what its event and its object say: the units of parser `misp`.

Shapes (MISP core format; automation API, restSearch): `{"Event": …}`, lists of it, `{"response": [{"Event": …}]}`,
`{"response": {"Attribute": […]}}`, `{"response": [{"Object": …}]}`, and several documents one after the other.

A unit is a line of JSON, the head, and the attribute's raw bytes. What a head says often stands behind the attributes
(a feed's keys are in alphabetic order), so those of one event wait in a spool until the event ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.modules.blacklist.reading.intake import Unit, in_runs
from tipd.modules.blacklist.reading.json_stream import SEPARATOR, Window, key_of_member
from tipd.modules.blacklist.reading.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DEEPEST = 8  # containers around events


class Tag(msgspec.Struct, gc=False):
    """A tag of an event or attribute."""

    name: str | None = ""


class Organisation(msgspec.Struct, gc=False):
    """Who made an event."""

    name: Any = ""


class Case(msgspec.Struct, gc=False):
    """What is kept of what MISP calls an event."""

    id: Any = None
    uuid: Any = None
    info: Any = None
    date: Any = None
    distribution: Any = None
    tags: list[Tag] | None = msgspec.field(default=None, name="Tag")
    maker: Organisation | None = msgspec.field(default=None, name="Orgc")


class Thing(msgspec.Struct, gc=False):
    """What is kept of an object; its attributes are still raw."""

    name: Any = None
    comment: Any = None
    deleted: Any = False
    distribution: Any = None
    first_seen: Any = None
    last_seen: Any = None
    attributes: list[msgspec.Raw] | None = msgspec.field(default=None, name="Attribute")
    event: Case | None = msgspec.field(default=None, name="Event")


class Head(msgspec.Struct, gc=False, omit_defaults=True):
    """What stands over an attribute."""

    event: Case | None = None
    thing: Thing | None = None


_encode = msgspec.json.Encoder().encode
_thing = msgspec.json.Decoder(Thing).decode
_EVENT_KEYS = frozenset(field.encode_name for field in msgspec.structs.fields(Case))


class Cutter:
    """Cuts one body; `longest` bounds an attribute, an object, and each other value of an event, in bytes."""

    def __init__(self, chunks: Iterable[bytes], longest: int) -> None:
        """Nothing is read yet."""
        self._window = Window(chunks, longest)
        self._spool = Spool()
        self._known = False  # whether anything of MISP was seen

    def units(self) -> Iterator[Unit]:
        """Yield the units in runs; raises JsonFault, also for JSON that is none of MISP's."""
        return in_runs(self._documents())

    def _documents(self) -> Iterator[bytes]:
        window = self._window
        while (first := window.peek()) != -1:
            if first == SEPARATOR[0]:
                window.at += 1
                continue
            self._known = False
            yield from self._container(0)
            if not self._known:
                raise window.fault("a document without event, attribute or response")

    def _container(self, depth: int) -> Iterator[bytes]:
        window = self._window
        first = window.peek()
        if depth > _DEEPEST:
            raise window.fault("nested too deep")
        if first == ord("["):
            elements = 0
            for _ in self._elements():
                elements += 1
                yield from self._container(depth + 1)
            self._known = self._known or not elements
        elif first == ord("{"):
            for key in self._members():
                yield from self._member(key, depth)
        else:
            window.value()

    def _member(self, key: str, depth: int) -> Iterator[bytes]:
        if key == "response":
            self._known = True
            yield from self._container(depth + 1)
        elif key == "Event":
            self._known = True
            yield from self._each(self._case)
        elif key == "Attribute":
            self._known = True
            yield from self._attributes()
        elif key == "Object":
            self._known = True
            yield from self._each(lambda: of_object(None, self._window.value()))
        else:
            self._window.value()

    def _each(self, read: Any) -> Iterator[bytes]:
        """Read one, or a list of them."""
        if self._window.peek() != ord("["):
            yield from read()
            return
        for _ in self._elements():
            yield from read()

    def _attributes(self) -> Iterator[bytes]:
        window = self._window
        if window.peek() == ord("["):
            for raw in window.elements():
                yield b"{}\n" + line(raw)
        else:
            yield b"{}\n" + line(window.value())

    def _case(self) -> Iterator[bytes]:
        window = self._window
        if window.peek() != ord("{"):
            window.value()
            return
        said: list[bytes] = []
        for key in self._members():
            if key in ("Attribute", "Object") and window.peek() == ord("["):
                mark = key[:1].encode()
                for raw in window.elements():
                    self._spool.add(mark + line(raw))
            elif key in _EVENT_KEYS:
                said.append(_encode(key) + b":" + window.value())
            else:
                window.value()
        yield from self._told(b"{" + b",".join(said) + b"}")

    def _told(self, said: bytes) -> Iterator[bytes]:
        """Give out what waited for the event's end."""
        try:
            event = msgspec.json.decode(said, type=Case)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise self._window.fault("an event's own values cannot be read") from None
        head = _encode(Head(event)) + b"\n"
        for kept in self._spool.take():
            if kept[:1] == b"A":
                yield head + kept[1:]
            else:
                yield from of_object(event, kept[1:])

    def _elements(self) -> Iterator[None]:
        """Step through an array; whoever asks reads each element."""
        window = self._window
        window.expect(b"[")
        first = True
        while window.peek() != ord("]"):
            if not first:
                window.expect(b",")
            first = False
            yield
        window.at += 1

    def _members(self) -> Iterator[str]:
        """Step through an object, key by key; whoever asks reads each value."""
        window = self._window
        window.expect(b"{")
        first = True
        while window.peek() != ord("}"):
            if not first:
                window.expect(b",")
            first = False
            yield key_of_member(window)
        window.at += 1


def of_object(event: Case | None, raw: bytes) -> Iterator[bytes]:
    """Yield the units of an object's attributes; one that cannot be read is a unit that cannot be read."""
    try:
        thing = _thing(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        yield b"\n" + line(raw)
        return
    attributes, thing.attributes = thing.attributes or [], None
    head = _encode(Head(event or thing.event, thing)) + b"\n"
    for attribute in attributes:
        yield head + line(bytes(attribute))


def line(raw: bytes) -> bytes:
    """Return JSON without line ends: outside strings they are white space, inside they are errors."""
    return raw.replace(b"\n", b" ")
