"""What the fast parser refuses: the standard library's parser in its old, forgiving mode; and the header alone.

`compat32` raised on none of 10,695 real and awkward files; `policy.default` is quadratic and raises, so no decoded
property of its header objects is used: fields are decoded here.
"""

from __future__ import annotations

import re
from email.errors import HeaderParseError
from email.feedparser import BytesFeedParser
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from typing import TYPE_CHECKING, Any

from tipd.mail import charset
from tipd.mail.parts import LONGEST_PARAMETERS, Part, parameter
from tipd.mail.quick import Unparsable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.mail.parts import Room

LONGEST_FIELD = 16384  # characters: decoding of longer ones is not tried
_FIELD = re.compile(rb"^([!-9;-~]{1,256})[ \t]*:[ \t]*(.*(?:\r?\n[ \t]+.*)*)", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")


class _Mail(Message):
    """A message whose parameters are read in linear time; the standard library's way is quadratic in their number."""

    def get_boundary(self, failobj: Any = None) -> Any:
        value = str(self.get("content-type", ""))
        return super().get_boundary(failobj) if len(value) <= LONGEST_PARAMETERS else parameter(value, "boundary")

    def get_filename(self, failobj: Any = None) -> Any:
        for name, key in (("content-disposition", "filename"), ("content-type", "name")):
            value = str(self.get(name, ""))
            if len(value) > LONGEST_PARAMETERS:
                return parameter(value, key)
        return super().get_filename(failobj)


def parse(raw: bytes, room: Room) -> Part:
    """Return the tree of a mail; raises Unparsable where even the standard library gives up."""
    try:
        parser = BytesFeedParser(_Mail, policy=compat32)
        parser.feed(raw)
        return _part(parser.close(), room, 0)
    except (RecursionError, ValueError, LookupError, TypeError, AttributeError, AssertionError, IndexError) as error:
        raise Unparsable(f"{type(error).__name__}: {error}") from None


def header_only(raw: bytes, most: int) -> Part:
    """Return a tree of the header alone, of its first `most` bytes; never raises. The body is its only content."""
    end = end_of_header(raw)
    fields = [(name, value) for name, value in _FIELD.findall(raw[: min(end, most)])]
    texts = ((name.decode("ascii", "replace"), value.decode("utf-8", "replace")) for name, value in fields)
    return Part(content_type="text/plain", headers=_gathered(texts), content=raw[end:])


def end_of_header(raw: bytes) -> int:
    """Return where the body begins; all of it is header where there is no empty line."""
    ends = [at + len(mark) for mark in (b"\r\n\r\n", b"\n\n") if (at := raw.find(mark)) >= 0]
    return min(ends, default=len(raw))


def _part(message: Message, room: Room, depth: int) -> Part:
    kind = message.get_content_type().lower()
    headers = _gathered((name, str(value)) for name, value in message.raw_items())
    payload = message.get_payload()
    if isinstance(payload, list):
        children = []
        for child in payload:
            if not isinstance(child, Message) or not room.takes(depth + 1):
                break
            children.append(_part(child, room, depth + 1))
        return Part(content_type=kind, headers=headers, children=children, is_message=kind == "message/rfc822")
    content = message.get_payload(decode=True)
    return Part(
        content_type=kind,
        headers=headers,
        filename=decoded(message.get_filename() or ""),
        disposition=(message.get_content_disposition() or "").lower(),
        content=content if isinstance(content, bytes) else b"",
    )


def _gathered(fields: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in fields:
        found.setdefault(name.lower(), []).append(decoded(_FOLD.sub(" ", value).strip()))
    return found


def decoded(text: str) -> str:
    """Return a field with its encoded words read (RFC 2047); what cannot be read stays as it is."""
    if "=?" not in text or len(text) > LONGEST_FIELD:
        return _clean(text)
    try:
        pieces = decode_header(text)
    except (HeaderParseError, ValueError, IndexError):
        return _clean(text)
    return "".join(
        _clean(piece) if isinstance(piece, str) else charset.decode(piece, name or "utf-8")[0] for piece, name in pieces
    )


def _clean(text: str) -> str:
    """Return text without halves of surrogates: bytes beyond ASCII came in as such."""
    if text.isascii():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
