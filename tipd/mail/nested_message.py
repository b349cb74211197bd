"""Files of a mail that lies in another as a file, or in an archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.mail import headers, tree
from tipd.mail.limits import DEFAULT
from tipd.mail.nested import Member, sliced
from tipd.mail.parts import Part, leaves, parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

_BODY = frozenset({"text/plain", "text/html"})
_NO_FILE = frozenset({"message/delivery-status", "text/rfc822-headers", "message/disposition-notification"})


def members(content: bytes) -> Iterator[Member]:
    """Yield the files of a mail in its order."""
    for part, _ in leaves(tree.grown(content, DEFAULT).root, DEFAULT.parts, DEFAULT.depth):
        if is_file(part) and part.content is not None:
            yield Member(name(part, DEFAULT.field), len(part.content), sliced(part.content, 0, len(part.content)))


def is_file(part: Part) -> bool:
    """Say whether a leaf is a file: one with a name, one that says so, or neither text nor a container."""
    if part.is_message:
        return True
    if part.content is None or part.content_type in _NO_FILE or part.content_type.startswith("multipart/"):
        return False
    return bool(part.filename) or part.disposition == "attachment" or part.content_type not in _BODY


def name(part: Part, most: int) -> str:
    """Return the name of a file as its mail says it, at most so many characters."""
    return headers.display(part.filename or parameter(part.first("content-type"), "name"), most)
