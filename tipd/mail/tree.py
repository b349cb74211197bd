"""From bytes to a tree of parts: caps first, then the fast parser, then the forgiving one, then the header alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.mail import defects, fallback, quick
from tipd.mail.parts import Part, Room

if TYPE_CHECKING:
    from tipd.mail.limits import Limits
    from tipd.mail.record import Parser

# What the parsers need, measured: a third of a nanosecond for a byte at each level of nesting, a quarter of a
# microsecond for a line that is a field or a boundary, and four times as much in the standard library's.
_WORK = 1_000_000_000  # bytes times levels
_MOST_LINES = 1_000_000
_MOST_PARTS = 250_000
_FALLBACK_BYTES = 8 * 2**20
_FALLBACK_LINES = 200_000
_OF_MAILS = frozenset(("from", "to", "subject", "date", "received", "message-id", "return-path", "content-type"))
_SMALL = 1 << 20


class Tree(NamedTuple):
    """The root, who parsed it, and what was met on the way."""

    root: Part
    parser: Parser
    defects: list[str]


def grown(raw: bytes, limits: Limits) -> Tree:
    """Return the tree of a mail; never raises, and reads at most what the limits say."""
    met: list[str] = []
    kept = _cut(raw[: limits.size])
    if len(kept) < len(raw):
        met.append(defects.CUT)
    if len(kept) > limits.header and fallback.end_of_header(kept[: limits.header + 4]) > limits.header:
        return _header_only(kept, limits, [*met, defects.LONG_HEADER])
    room = Room(limits.parts, limits.depth)
    try:
        root = quick.parse(kept, room)
        return _whole(Tree(root, "fast", [*met, *room.met]), kept, limits)
    except quick.Unparsable:
        met.append(defects.BAD_MIME)
    room = Room(limits.parts, limits.depth)
    try:
        root = fallback.parse(_cut_small(kept, met), room)
        return _whole(Tree(root, "fallback", [*met, *room.met]), kept, limits)
    except quick.Unparsable:
        return _header_only(kept, limits, met)


def _whole(tree: Tree, raw: bytes, limits: Limits) -> Tree:
    """Return the tree; where it holds nothing, what lies behind the header is text, or all of what is no mail."""
    root = tree.root
    if root.children or root.content:
        return tree
    body = raw[fallback.end_of_header(raw) :]
    if not body.strip():
        if _OF_MAILS & root.headers.keys():
            return tree
        body = raw
    elif not root.content_type.startswith(("multipart/", "message/")):
        return tree
    text = Part(content_type="text/plain", headers=root.headers, content=body[: limits.text + 1])
    return Tree(text, tree.parser, [*tree.defects, defects.BAD_MIME] if body else tree.defects)


def _header_only(raw: bytes, limits: Limits, met: list[str]) -> Tree:
    root = fallback.header_only(raw, limits.header)
    return Tree(root, "headers" if root.headers else "none", [*met, defects.UNREAD])


def _cut(raw: bytes) -> bytes:
    """Return what of a mail is parsed in good time: all, but for mails made to take long."""
    if len(raw) <= _SMALL:
        return raw
    nested = raw.lower().count(b"boundary")
    raw = raw[: _WORK // max(nested, 1)]
    raw = _to_count(raw, b"\n", _MOST_LINES)
    return _to_count(raw, b"\n--", _MOST_PARTS)


def _cut_small(raw: bytes, met: list[str]) -> bytes:
    nested = min(raw.lower().count(b"boundary"), 300)
    kept = _to_count(raw[:_FALLBACK_BYTES], b"\n", _FALLBACK_LINES // (1 + nested // 5))
    kept = _to_count(kept, b"\r", _FALLBACK_LINES)
    if len(kept) < len(raw):
        met.append(defects.CUT)
    return kept


def _to_count(raw: bytes, mark: bytes, most: int) -> bytes:
    """Return the beginning that holds about `most` of a mark at most."""
    count = raw.count(mark)
    while count > most:
        raw = raw[: len(raw) * most // count]
        count = raw.count(mark)
    return raw
