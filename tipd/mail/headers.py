"""Addresses and dates out of header fields, in linear time whatever they hold (RFC 5322)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 4096  # characters looked at of one field
_FIRST_YEAR, _LAST_YEAR = 1980, 2099
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@\\]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.\-_]{0,252}[A-Za-z0-9])?")
_ANGLE = re.compile(r"<([^<>\s]{1,320})>")
_QUOTED_OR_COMMA = re.compile(r'"(?:[^"\\]|\\.)*+"|[,;]', re.DOTALL)
# What nearly all mail programs write; the rest goes the standard library's long way.
_DATE = re.compile(
    r"\s*(?:[A-Z][a-z]{2},\s*)?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9:]{8}) ([+-][0-9]{4}|GMT|UTC?)"
    r"\s*(?:\([^()]*\)\s*)?\Z"
)
_MONTHS = {
    name: f"{at:02}"
    for at, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_ZONES = {"GMT": "+0000", "UT": "+0000", "UTC": "+0000"}


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
    if "," not in text and ";" not in text:
        return [text]
    pieces, begun = [], 0
    for match in _QUOTED_OR_COMMA.finditer(text):
        if match.end() == match.start() + 1:
            pieces.append(text[begun : match.start()])
            begun = match.end()
    return [*pieces, text[begun:]]


def display(text: str, most: int) -> str:
    """Return a field as it is kept: one line, without control characters, at most `most` characters."""
    text = text[: 4 * most]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(text.split())[:most]


def date(text: str) -> datetime | None:
    """Return a field's moment in UTC, None where it holds none that a mail can bear (1980 to 2099)."""
    if len(text) > LONGEST:
        return None
    match = _DATE.match(text)
    try:
        moment = _plain(*match.groups()) if match else _odd(text)
    except (ValueError, OverflowError, TypeError, IndexError, KeyError):
        return None
    return moment if _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _plain(day: str, month: str, year: str, time: str, zone: str) -> datetime:
    if time.endswith(":60"):
        time = f"{time[:6]}59"  # a leap second
    zone = _ZONES.get(zone, zone)
    moment = datetime.fromisoformat(f"{year}-{_MONTHS[month]}-{day:0>2}T{time}{zone}")
    return moment.replace(tzinfo=UTC) if zone.endswith("0000") else moment.astimezone(UTC)


def _odd(text: str) -> datetime:
    moment = parsedate_to_datetime(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def written(moment: datetime) -> str:
    """Return a moment as records hold it (RFC 3339, UTC, whole seconds)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
