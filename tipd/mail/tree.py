"""From bytes to a tree of parts: caps first, then the fast parser, then the forgiving one, then the header alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.mail import defects, fallback, quick

if TYPE_CHECKING:
    from tipd.mail.limits import Limits
    from tipd.mail.parts import Part
    from tipd.mail.record import Parser


class Tree(NamedTuple):
    """The root, who parsed it, and what was met on the way."""

    root: Part
    parser: Parser
    defects: list[str]


def grown(raw: bytes, limits: Limits) -> Tree:
    """Return the tree of a mail; never raises, and reads at most what the limits say."""
    met: list[str] = []
    if len(raw) > limits.size:
        met.append(defects.CUT)
        raw = raw[: limits.size]
    if fallback.end_of_header(raw) > limits.header:
        return _header_only(raw, limits, [*met, defects.LONG_HEADER])
    if raw.count(b"\n--") > 4 * limits.parts:
        return _header_only(raw, limits, [*met, defects.MANY_PARTS])
    try:
        return Tree(quick.parse(raw), "fast", met)
    except quick.Unparsable:
        met.append(defects.BAD_MIME)
    try:
        return Tree(fallback.parse(raw), "fallback", met)
    except quick.Unparsable:
        return _header_only(raw, limits, met)


def _header_only(raw: bytes, limits: Limits, met: list[str]) -> Tree:
    root = fallback.header_only(raw, limits.header)
    return Tree(root, "headers" if root.headers else "none", [*met, defects.UNREAD])
