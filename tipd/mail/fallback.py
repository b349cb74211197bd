"""What the fast parser refuses: the standard library's parser in its old, forgiving mode; and the header alone.

`compat32` raised on none of 10,695 real and awkward files; `policy.default` is quadratic and raises, so no decoded
property of its header objects is used: fields are decoded here.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.policy import compat32
from typing import TYPE_CHECKING

from tipd.mail.parts import Part
from tipd.mail.quick import Unparsable

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_FIELD = 16384  # characters: decoding of longer ones is not tried
_FIELD = re.compile(rb"^([!-9;-~]{1,256})[ \t]*:[ \t]*(.*(?:\r?\n[ \t]+.*)*)", re.MULTILINE)
_FOLD = re.compile(r"\r?\n[ \t]+")


def parse(raw: bytes) -> Part:
    """Return the tree of a mail; raises Unparsable where even the standard library gives up."""
    try:
        return _part(message_from_bytes(raw, policy=compat32), 0)
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


def _part(message: Message, depth: int) -> Part:
    kind = message.get_content_type().lower()
    headers = _gathered((name, str(value)) for name, value in message.raw_items())
    payload = message.get_payload()
    if isinstance(payload, list):
        children = [_part(child, depth + 1) for child in payload if isinstance(child, Message)]
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
        _clean(piece) if isinstance(piece, str) else _read(piece, charset or "utf-8") for piece, charset in pieces
    )


def _read(piece: bytes, charset: str) -> str:
    try:
        return piece.decode(charset, "replace")
    except (LookupError, ValueError):
        return piece.decode("utf-8", "replace")


def _clean(text: str) -> str:
    """Return text without the halves of surrogates that bytes beyond ASCII came in as."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if not text.isascii() else text
