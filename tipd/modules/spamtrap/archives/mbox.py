"""mbox files as a stream of mails (RFC 4155, and how programs really write them).

A mail begins at a line `From ` with a year in it, at the file's beginning or behind an empty line. `>From ` loses one
`>` (mboxrd). A `Content-Length` is not believed: forged ones would hide mails.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_LINE = rb"From [^\n]{0,400}\b(?:19|20)\d\d\b[^\n]{0,80}\n"
_FROM = re.compile(_LINE)
_BORDER = re.compile(rb"\n\r?\n(?=" + _LINE + rb")")
_END = re.compile(rb"\n\r?\n\Z")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
_OVERLAP = 1024  # bytes; a border is shorter


class Mail(NamedTuple):
    """A mail's bytes, at most as many as were asked for, and how many it has in all."""

    raw: bytes
    size: int


def is_mbox(head: bytes) -> bool:
    """Say whether a file begins as an mbox does."""
    return _FROM.match(head) is not None


def mails_of(chunks: Iterator[bytes], most: int) -> Iterator[Mail]:
    """Yield the mails of an mbox; of one larger than `most` bytes only the first ones are kept."""
    held = bytearray()
    kept: bytes | None = None  # the beginning of a mail that is too large; the rest of it passes by
    passed = 0
    for chunk in chunks:
        start = max(0, len(held) - _OVERLAP)
        held += chunk
        while (border := _BORDER.search(held, start)) is not None:
            if mail := _mail(kept, bytes(held[: border.start() + 1]), passed, most):
                yield mail
            del held[: border.end()]
            kept, passed, start = None, 0, 0
        if len(held) > most + _OVERLAP:
            kept = kept or bytes(held[:most])
            passed += len(held) - _OVERLAP
            del held[:-_OVERLAP]
    end = _END.search(held, max(0, len(held) - 4))  # the empty line that every writer puts behind a mail
    if mail := _mail(kept, bytes(held[: end.start() + 1] if end else held), passed, most):
        yield mail


def unquoted(raw: bytes) -> bytes:
    """Return a mail without its `From ` line, and its own lines as they were."""
    head = _FROM.match(raw)
    body = raw[head.end() :] if head else raw
    return _QUOTED.sub(rb"\1", body) if b">From " in body else body


def _mail(kept: bytes | None, last: bytes, passed: int, most: int) -> Mail | None:
    """Return what was held as a mail, None where there is nothing in it."""
    body = unquoted(last[:most] if kept is None else kept)
    if not body.strip():
        return None
    whole = kept is None and len(last) <= most
    return Mail(body, len(body) if whole else passed + len(last))
