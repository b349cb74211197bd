"""The records of a JSON document as raw bytes, one after the other, without the document in memory.

`records` names where they are: `""` (the members of the whole document), `"data"`, `"result.rows"`, `"*"` (the members
of each member: ThreatFox's object of arrays). Grammar: RFC 8259, scanned for structure only; each record is decoded by
who reads it, and what is outside the path is skipped.
"""

from __future__ import annotations

import functools
import itertools
import re
from typing import TYPE_CHECKING

import msgspec

from tipd.modules.blacklist.reading.intake import BodyFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEPARATOR = b"\x1e"  # stands between documents that were joined
_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,\]}\[{:\"]++")
# Up to the next bracket outside strings.
_TO_BRACKET = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+[{}\[\]]', re.DOTALL)
# A whole container of four levels at most, brackets not compared: most records at one stroke. Possessive, so linear.
_SHALLOW = re.compile(
    functools.reduce(
        lambda inner, _: rb'[{\[](?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+"|' + inner + rb")*+[}\]]",
        range(3),
        rb'[{\[](?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+[}\]]',
    ),
    re.DOTALL,
)
_OPENING = frozenset(b"{[")
_DEEPEST = 100
_PIECE = 1 << 16
_CUTS = 16  # places that are tried for the end of a run
_WORTH = 4096  # bytes of a run; shorter ones go one by one
_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])


class JsonFault(BodyFault):
    """The document is no JSON, ends early, nests too deep, or a record is too long; the text says where (bytes)."""


class Window:
    """A sliding window over the document; `at` is the place in `buffer`. Its methods raise JsonFault."""

    def __init__(self, chunks: Iterable[bytes], longest: int) -> None:
        """`longest` bounds a value that is taken as a whole, in bytes."""
        self._chunks = iter(chunks)
        self.buffer = b""
        self.at = 0
        self.dropped = 0
        self._longest = longest

    def more(self) -> bool:
        """Fetch more; what lies before `at` is let go. False at the end of the document."""
        held = len(self.buffer) - self.at
        piece = b"".join(self._at_least(held))
        if not piece:
            return False
        if held > self._longest + _PIECE:
            raise self.fault("a value is too long")
        self.dropped += self.at
        self.buffer = self.buffer[self.at :] + piece
        self.at = 0
        return True

    def _at_least(self, size: int) -> Iterator[bytes]:
        """Yield as much as is held already: what is looked at again then costs no more than what is new."""
        for piece in self._chunks:
            yield piece
            size -= len(piece)
            if size < 0:
                break

    def elements(self) -> Iterator[bytes]:
        """Yield the raw elements of the array that stands next, and step over it: many at a stroke where possible."""
        self.expect(b"[")
        if self.peek() != ord("]"):
            yield self.value()
        while self.peek() != ord("]"):
            self.expect(b",")
            self.peek()
            seen = self.dropped + len(self.buffer)
            yield from self._run()
            # What is left of this buffer goes one by one: a cut that failed once is not tried again and again.
            yield self.value()
            while self.dropped + len(self.buffer) == seen and self.peek() == ord(","):
                self.at += 1
                yield self.value()
        self.at += 1

    def _run(self) -> Iterator[bytes]:
        """Yield the elements up to a cut near the buffer's end, where all before it proves to be whole elements."""
        end = len(self.buffer)
        for _ in range(_CUTS):
            end = self.buffer.rfind(b"}", self.at, end)
            if end - self.at < _WORTH:
                return
            after = _SPACE.match(self.buffer, end + 1)
            if after is None or self.buffer[after.end() : after.end() + 1] != b",":
                continue
            try:
                # JSON is read from left to right: what is an array between brackets of ours is a run of elements.
                found = _ELEMENTS.decode(b"[" + self.buffer[self.at : end + 1] + b"]")
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                continue
            self.at = after.end() + 1
            yield from map(bytes, found)
            self.peek()
            return

    def fault(self, text: str) -> JsonFault:
        """Return the error that says where the window stands."""
        return JsonFault(f"{text} at byte {self.dropped + self.at}")

    def peek(self) -> int:
        """Return the next byte after white space, -1 at the end."""
        while True:
            match = _SPACE.match(self.buffer, self.at)
            self.at = match.end() if match else self.at
            if self.at < len(self.buffer):
                return self.buffer[self.at]
            if not self.more():
                return -1

    def expect(self, byte: bytes) -> None:
        """Step over the byte that must come next."""
        if self.peek() != byte[0]:
            raise self.fault(f"expected {byte.decode()!r}")
        self.at += 1

    def value(self) -> bytes:
        """Return the raw bytes of the value that stands next, and step over it."""
        first = self.peek()
        if first == -1:
            raise self.fault("the document ends where a value is due")
        if first in _OPENING:
            return self._nested()
        pattern = _STRING if first == ord('"') else _SCALAR
        while True:
            match = pattern.match(self.buffer, self.at)
            # A scalar that touches the window's end may go on in the next piece.
            if match and (pattern is _STRING or match.end() < len(self.buffer)):
                self.at = match.end()
                return match[0]
            if not self.more():
                if match:
                    self.at = match.end()
                    return match[0]
                raise self.fault("expected a value")

    def _nested(self) -> bytes:
        whole = _SHALLOW.match(self.buffer, self.at)
        if whole is not None:
            self.at = whole.end()
            return whole[0]
        depth, scanned = 0, 0
        while True:
            match = _TO_BRACKET.match(self.buffer, self.at + scanned)
            if match is None:
                if not self.more():
                    raise self.fault("the document ends inside a value")
                continue
            scanned = match.end() - self.at
            depth += 1 if self.buffer[match.end() - 1] in b"{[" else -1
            if depth > _DEEPEST:
                raise self.fault("nested too deep")
            if depth == 0:
                raw = self.buffer[self.at : match.end()]
                self.at = match.end()
                return raw


def records(chunks: Iterable[bytes], path: str, longest: int) -> Iterator[tuple[str | None, bytes]]:
    """Yield (key or None, raw bytes) of each record; `longest` bounds a record in bytes.

    A scalar where a container is due is one record itself. Several documents may follow each other, each after a
    SEPARATOR (RFC 7464): a set that came in pages. Raises JsonFault, also in the middle.
    """
    window = Window(chunks, longest)
    if window.peek() == -1:
        return
    steps = [step for step in path.split(".") if step] if path else []
    yield from _members(window, steps, 0)
    while window.peek() == SEPARATOR[0]:
        window.at += 1
        yield from _members(window, steps, 0)
    if window.peek() != -1:
        raise window.fault("something stands behind the document")


def _members(window: Window, steps: list[str], depth: int) -> Iterator[tuple[str | None, bytes]]:
    opening = window.peek()
    if opening not in _OPENING:
        yield None, window.value()
        return
    if depth == len(steps) and opening == ord("["):
        yield from zip(itertools.repeat(None), window.elements(), strict=False)
        return
    window.at += 1
    closing = ord("}") if opening == ord("{") else ord("]")
    place = 0
    while window.peek() != closing:
        if place:
            window.expect(b",")
        key = key_of_member(window) if opening == ord("{") else None
        if depth == len(steps):
            yield key, window.value()
        elif steps[depth] in ("*", key, str(place) if key is None else None):
            yield from _members(window, steps, depth + 1)
        else:
            window.value()
        place += 1
    window.at += 1


def key_of_member(window: Window) -> str:
    """Return the key that stands next in an object, and step over its colon."""
    if window.peek() != ord('"'):
        raise window.fault("expected a key")
    raw = window.value()
    window.expect(b":")
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise window.fault("a key is no text") from None
