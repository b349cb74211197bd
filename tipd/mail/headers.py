"""Addresses and dates out of header fields, in linear time whatever they hold (RFC 5322)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 4096  # characters looked at of one field
_FIRST = datetime(1980, 1, 1, tzinfo=UTC)
_LAST = datetime(2100, 1, 1, tzinfo=UTC)
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-_]{0,252}[A-Za-z0-9])?")
_ANGLE = re.compile(r"<([^<>\s]{1,320})>")


def addresses(values: Iterable[str], most: int) -> list[str]:
    """Return the mail addresses of address fields, in lower case, each once, in their order; at most `most`.

    What stands in angle brackets is the address where there are brackets: a display name may hold any address.
    """
    found: dict[str, None] = {}
    for value in values:
        for mailbox in _mailboxes(value[:LONGEST]):
            inside = _ANGLE.findall(mailbox)
            match = _ADDRESS.search(inside[-1] if inside else mailbox)
            if match:
                found[match[0].lower()] = None
            if len(found) >= most:
                return list(found)
    return list(found)


def _mailboxes(text: str) -> list[str]:
    """Return the pieces between commas that are not quoted."""
    pieces, begun, quoted = [], 0, False
    for at, character in enumerate(text):
        if character == '"' and (at == 0 or text[at - 1] != "\\"):
            quoted = not quoted
        elif character in ",;" and not quoted:
            pieces.append(text[begun:at])
            begun = at + 1
    return [*pieces, text[begun:]]


def display(text: str, most: int) -> str:
    """Return a field as it is kept: one line, without control characters, at most `most` characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * most]).split())[:most]


def date(text: str) -> datetime | None:
    """Return a field's moment in UTC, None where it holds none that a mail can bear (1980 to 2099)."""
    if len(text) > LONGEST:
        return None
    try:
        moment = parsedate_to_datetime(text)
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return moment if _FIRST <= moment < _LAST else None


def written(moment: datetime) -> str:
    """Return a moment as records hold it (RFC 3339, UTC, whole seconds)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
