"""A mail as a tree of parts, whoever parsed it (RFC 2045, RFC 2183)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tipd.mail import defects

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LONGEST_PARAMETERS = 4096


@dataclass(slots=True)
class Part:
    """One node: header fields by lower-case name, each with all its values; `content` is None for a container.

    `content_type` is lower-case `type/subtype`; `is_message`: a message inside, whose root is the only child.
    """

    content_type: str
    headers: Mapping[str, Sequence[str]]
    filename: str = ""
    disposition: str = ""
    content: bytes | None = None
    is_message: bool = False
    children: Sequence[Part] = field(default_factory=tuple)

    def first(self, name: str) -> str:
        """Return the first value of a header field, empty where there is none."""
        values = self.headers.get(name)
        return values[0] if values else ""

    @property
    def charset(self) -> str:
        """The charset its Content-Type names, empty where it names none."""
        return parameter(self.first("content-type"), "charset").lower()


class Room:
    """How many parts may still be taken over, and how deep they may lie; `met`: what was left out."""

    def __init__(self, parts: int, depth: int) -> None:
        self.parts = parts
        self.depth = depth
        self.met: list[str] = []

    def takes(self, depth: int) -> bool:
        """Say whether a part at this depth is taken over, and count it."""
        if depth > self.depth:
            self.met.append(defects.DEEP)
        elif self.parts <= 0:
            self.met.append(defects.MANY_PARTS)
        else:
            self.parts -= 1
            return True
        return False


def leaves(root: Part, most: int, depth: int) -> Iterator[tuple[Part, int]]:
    """Yield parts without children and messages inside, with their depth, in the mail's order; at most `most`."""
    waiting: list[tuple[Part, int]] = [(root, 0)]
    while waiting and most > 0:
        part, at = waiting.pop()
        if part.is_message or not part.children:
            most -= 1
            yield part, at
        if part.children and at < depth:
            waiting.extend((child, at + 1) for child in reversed(part.children))


def parameter(text: str, name: str) -> str:
    """Return a parameter of a structured field's value (`charset` of `text/plain; charset="utf-8"`).

    Read as mail programs read it, quoted or not; linear in the text.
    """
    for piece in text[:LONGEST_PARAMETERS].split(";")[1:]:
        key, equals, value = piece.partition("=")
        if equals and key.strip().lower() == name:
            return value.strip().strip('"').strip()
    return ""
