"""Addresses and dates out of header fields, in linear time whatever they hold (RFC 5322)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
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
    r"\s*(?:[A-Z][a-z]{2},\s*)?([0-9]{1,2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r" ([+-][0-9]{4}|GMT|UTC?)\s*(?:\([^()]*\)\s*)?\Z"
)
_MONTHS = {
    name: f"{at:02}"
    for at, name in enumerate(("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"), 1)
}
_ZONES = {"GMT": "+0000", "UT": "+0000", "UTC": "+0000"}


def addresses(values: Iterable[str], most: int, longest: int = LONGEST) -> list[str]:
    """Return the mail addresses of address fields, in lower case, each once, in their order; at most `most`.

    `longest`: characters that are looked at of each field.
    What stands in angle brackets is the address where there are brackets: a display name may hold any address.
    """
    found: dict[str, None] = {}
    for value in values:
        for mailbox in _mailboxes(value[:longest]):
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
    found = _naive(text)
    return found.replace(tzinfo=UTC) if found else None


def moment(text: str) -> str:
    """Return a field's moment as records hold it, empty where it holds none."""
    match = _DATE.match(text) if len(text) <= LONGEST else None
    if match is not None:
        day, month, year, time, zone = match.groups()
        hour, minute, second = int(time[:2]), int(time[3:5]), int(time[6:])
        begun = _day(day, month, year)
        minutes = 60 * hour + minute - _minutes(zone)
        if begun and hour < 24 and minute < 60 and second < 60 and 0 <= minutes < 1440:  # the same day here and there
            return f"{begun}T{minutes // 60:02}:{minutes % 60:02}:{time[6:]}Z"
    found = _naive(text)
    return found.isoformat("T", "seconds") + "Z" if found else ""


@lru_cache(maxsize=4096)
def _day(day: str, month: str, year: str) -> str:
    """Return a day as RFC 3339 writes it, empty where there was no such or no mail can bear it."""
    try:
        found = f"{year}-{_MONTHS[month]}-{day:0>2}"
        return found if _FIRST_YEAR <= datetime.fromisoformat(found).year <= _LAST_YEAR else ""
    except (ValueError, KeyError):
        return ""


@lru_cache(maxsize=512)
def _minutes(zone: str) -> int:
    """Return how far a zone is ahead; a day or more, which no zone is, leads to no moment."""
    zone = _ZONES.get(zone, zone)
    minutes = 60 * int(zone[1:3]) + int(zone[3:])
    return -minutes if zone.startswith("-") else minutes


def _naive(text: str) -> datetime | None:
    """Return a field's moment in UTC, without saying so: reckoning with zones takes longer than all the rest."""
    if not text or len(text) > LONGEST:
        return None
    match = _DATE.match(text)
    try:
        found = _plain(*match.groups()) if match else _odd(text)
    except (ValueError, OverflowError, TypeError, IndexError, KeyError):
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def _plain(day: str, month: str, year: str, time: str, zone: str) -> datetime:
    if time.endswith(":60"):
        time = f"{time[:6]}59"  # a leap second
    return datetime.fromisoformat(f"{year}-{_MONTHS[month]}-{day:0>2}T{time}") - _offset(zone)


@lru_cache(maxsize=512)
def _offset(zone: str) -> timedelta:
    zone = _ZONES.get(zone, zone)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
    if offset >= timedelta(days=1):
        raise ValueError(f"no zone: {zone}")
    return -offset if zone.startswith("-") else offset


def _odd(text: str) -> datetime:
    found = parsedate_to_datetime(text)
    return (found.astimezone(UTC) if found.tzinfo else found).replace(tzinfo=None)


def written(moment: datetime) -> str:
    """Return a moment as records hold it (RFC 3339, UTC, whole seconds)."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat()[:19] + "Z"
