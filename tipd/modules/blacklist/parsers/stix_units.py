"""A STIX body cut into objects, each with the TLP words of its markings: the units of parser `stix`.

Shapes: bundles and TAXII 2.1 envelopes (`{"objects": […]}`), arrays of objects, several documents one after the other.
A unit is a line of words (`green,amber`) and the object's raw bytes. Markings are objects of their own and may stand
behind what they mark: an object whose markings are not known yet waits in a spool until its document ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tipd.modules.blacklist.parsers.misp_units import line
from tipd.modules.blacklist.parsers.stix_marks import FIXED, NONE, UNKNOWN, word_of
from tipd.modules.blacklist.reading.intake import Unit, in_runs
from tipd.modules.blacklist.reading.json_stream import SEPARATOR, Window, key_of_member
from tipd.modules.blacklist.reading.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_MOST_MARKINGS = 10_000  # definitions of one document


class Granular(msgspec.Struct, gc=False):
    """A marking of a part of an object: taken for the whole of it."""

    marking_ref: str | None = None


class Marked(msgspec.Struct, gc=False):
    """What is read of an object to know its markings."""

    type: str = ""
    object_marking_refs: list[str] | None = None
    granular_markings: list[Granular] | None = None

    @property
    def refs(self) -> list[str]:
        """The markings of the object and of its parts."""
        refs = list(self.object_marking_refs or ())
        refs += [part.marking_ref for part in self.granular_markings or () if part.marking_ref]
        return refs


class Cutter:
    """Cuts one body; `types` are the objects that are rows; `declared` gives words of markings by id."""

    def __init__(
        self, chunks: Iterable[bytes], longest: int, types: frozenset[str], declared: Mapping[str, str]
    ) -> None:
        """Nothing is read yet."""
        self._window = Window(chunks, longest)
        self._types = types
        self._given = {**declared, **FIXED}
        self._words = dict(self._given)
        self._spool = Spool()
        self._decode = msgspec.json.Decoder(Marked).decode

    def units(self) -> Iterator[Unit]:
        """Yield the units in runs; raises JsonFault, also for JSON without objects."""
        return in_runs(self._documents())

    def _documents(self) -> Iterator[bytes]:
        window = self._window
        while (first := window.peek()) != -1:
            if first == SEPARATOR[0]:
                window.at += 1
            elif first == ord("["):
                yield from self._objects()
            elif first == ord("{"):
                yield from self._document()
            else:
                raise window.fault("neither a bundle nor an envelope")

    def _document(self) -> Iterator[bytes]:
        window = self._window
        window.expect(b"{")
        keys: set[str] = set()
        while window.peek() != ord("}"):
            if keys:
                window.expect(b",")
            key = key_of_member(window)
            if key == "objects" and window.peek() == ord("["):
                yield from self._objects()
            else:
                window.value()
            keys.add(key if len(keys) < 20 else "")
        window.at += 1
        # An envelope without objects has nothing new; anything else is an answer of another kind.
        if keys and "objects" not in keys and not keys <= {"more", "next", "type", "id", "spec_version"}:
            raise window.fault("a document without objects")

    def _objects(self) -> Iterator[bytes]:
        for raw in self._window.elements():
            try:
                marked = self._decode(raw)
            except (msgspec.DecodeError, UnicodeError, RecursionError):
                yield b"\n" + line(raw)
                continue
            if marked.type == "marking-definition":
                self._learn(raw)
            elif marked.type in self._types:
                refs = marked.refs
                if all(ref in self._words for ref in refs):
                    yield self._told(refs) + line(raw)
                else:
                    self._spool.add(msgspec.json.encode(refs) + b"\0" + line(raw))
        for kept in self._spool.take():
            said, _, rest = kept.partition(b"\0")
            yield self._told(msgspec.json.decode(said, type=list[str])) + rest
        self._words = dict(self._given)

    def _learn(self, raw: bytes) -> None:
        try:
            definition: Any = msgspec.json.decode(raw)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return
        identity = definition.get("id")
        if isinstance(identity, str) and identity not in self._given and len(self._words) < _MOST_MARKINGS:
            self._words[identity] = word_of(definition)

    def _told(self, refs: list[str]) -> bytes:
        """Return a unit's first line."""
        if not refs:
            return b"\n"
        words = sorted({self._words.get(ref, UNKNOWN) for ref in refs} - {NONE})
        return ",".join(words).encode() + b"\n"
