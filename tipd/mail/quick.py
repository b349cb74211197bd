"""The fast parser: nearly every mail, five to seven times faster than the standard library's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import fast_mail_parser

from tipd.mail.parts import Part

if TYPE_CHECKING:
    from fast_mail_parser import PyMimePart


class Unparsable(Exception):
    """This parser makes nothing of this mail."""


def parse(raw: bytes) -> Part:
    """Return the tree of a mail; raises Unparsable.

    The tree call, never the flat one, which loses parts without a word.
    """
    try:
        return _part(fast_mail_parser.parse_email_tree(raw))
    except (fast_mail_parser.ParseError, RecursionError, UnicodeError, ValueError) as error:
        raise Unparsable(str(error)) from None


def _part(node: PyMimePart) -> Part:
    return Part(
        content_type=node.content_type.lower(),
        headers=_folded(node.headers),
        filename=node.filename,
        disposition=(node.disposition or "").lower(),
        content=node.content,
        is_message=node.is_message,
        children=[_part(child) for child in node.children],
    )


def _folded(headers: dict[str, list[str]]) -> dict[str, list[str]]:
    """Return fields by lower-case name; spellings of one name come together."""
    found: dict[str, list[str]] = {}
    for name, values in headers.items():
        known = found.setdefault(name.lower(), values)
        if known is not values:
            known += values
    return found
