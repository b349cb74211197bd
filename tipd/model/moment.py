"""Dates as lists write them, to moments: whole seconds, UTC.

A date without offset is read in the zone its source declares. One that a change to summer time leaves out is read with
the offset from before the change, one that occurs twice as the first of the two (PEP 495, fold 0). Nothing is guessed:
`03/04/2026` is no date; `25/04/2026`, `04/25/2026` and `03.04.2026` (day first) are. What lies before 1980 or after
2199 is no date of a list.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

FIRST = datetime(1980, 1, 1, tzinfo=UTC)
LAST = datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST = 64
_PLAIN = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)\Z", re.ASCII)
# Of 1980 to 2199, and of every year: 29 February is not among them. Each ends a line.
_ALL_PLAIN = re.compile(
    r"(?:(?:19[89]|2[01]\d)\d-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
    r"[ T](?:[01]\d|2[0-3])(?::[0-5]\d){2}(?:\n|\Z))++",
    re.ASCII,
)
_NUMBER = re.compile(r"(\d{9,19})(?:\.\d*)?\Z", re.ASCII)
_COMPACT = re.compile(r"([12]\d{3})([01]\d)([0-3]\d)(?:([0-2]\d)([0-5]\d)([0-5]\d)?)?\Z", re.ASCII)
_PARTED = re.compile(
    r"(\d{1,4})([./-])(\d{1,2})\2(\d{1,4})(?:[T ,]+(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?\Z", re.ASCII
)
_NAMED = re.compile(
    r"(?:[a-z]{3,9},? )?(?:(\d{1,2})[ -]([a-z]{3})[a-z]*\.?,?[ -]|([a-z]{3})[a-z]*\.? (\d{1,2}),? )"
    r"(?:(\d{4}),?)?(?: ?(\d{1,2}):(\d\d)(?::(\d\d))?)?(?: (\d{4}))?\Z",
    re.ASCII,
)
_OFFSET = re.compile(
    r"[ ]?(?:(z|utc|gmt)(?:[+-]00:?00)?|(?:utc|gmt)?([+-])(\d\d):?(\d\d)?)\Z", re.IGNORECASE | re.ASCII
)
_HALF = re.compile(r"(.*\d) ?([ap])\.?m\.?\Z", re.IGNORECASE | re.ASCII)
_ODD = re.compile(r"\d{4}-\d\d-\d\d[^T ]", re.IGNORECASE | re.ASCII)  # what ISO 8601 has not, and Python takes
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905
}
_SCALES = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # seconds until the year 5138 are below each


def read_moment(text: str, zone: tzinfo = UTC, form: str = "") -> datetime | None:
    """Return the moment a text names, None where it is none; `form` is its strptime format, where it has a rare one.

    Read are ISO 8601 in its usual forms, the same with `/` or `.`, day first with `.`, RFC 2822 and names of months,
    seconds and milliseconds (to nanoseconds) since 1970; clocks of 24 and of twelve hours (`4:00 PM`); each with `Z`,
    `UTC`, `GMT`, an offset, or none. Never raises.
    """
    if len(text) > 10 * _LONGEST:
        return None
    text = " ".join(text.split())
    if not text or len(text) > _LONGEST:
        return None
    try:
        if zone is UTC and not form and _PLAIN.match(text):  # most dates of most lists
            moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
            return moment if FIRST <= moment < LAST else None
        made = datetime.strptime(text, form) if form else _read(text)  # noqa: DTZ007 - the zone comes next
        if made is None:
            return None
        moment = (made if made.tzinfo else made.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError, IndexError, re.error):
        return None
    return moment.replace(microsecond=0) if FIRST <= moment < LAST else None


def rfc3339(moment: datetime) -> str:
    """Return an aware moment as RFC 3339 in UTC, whole seconds: `2026-11-22T04:00:00Z`."""
    return (moment if moment.tzinfo is UTC else moment.astimezone(UTC)).isoformat()[:19] + "Z"


def all_plain_moments(lines: str) -> bool:
    """Say whether all of the lines are such as `2026-11-22 04:00:00`, which in UTC are RFC 3339 but for `T` and `Z`."""
    return _ALL_PLAIN.fullmatch(lines) is not None


def _read(text: str) -> datetime | None:
    if _PLAIN.match(text):
        return datetime.fromisoformat(text)
    number = _NUMBER.match(text)
    if number and not _COMPACT.match(text):
        return _since_1970(float(text))
    try:
        return _offset(text) or _parts(text)
    except (ValueError, OverflowError):
        return _by_library(text)


def _since_1970(number: float) -> datetime | None:
    for least, scale in _SCALES:
        if number >= least:
            return datetime.fromtimestamp(number / scale, UTC)
    return datetime.fromtimestamp(number, UTC)


def _offset(text: str) -> datetime | None:
    """Read a date with an offset behind it, None where it has none."""
    match = _OFFSET.search(text)
    if match is None or _COMPACT.match(text) or (match[2] == "-" and ":" not in text[: match.start()]):
        return None
    minutes = 0 if match[1] else (int(match[3]) * 60 + int(match[4] or 0)) * (-1 if match[2] == "-" else 1)
    if abs(minutes) > 24 * 60:
        raise ValueError("an offset of more than a day")
    return _parts(text[: match.start()]).replace(tzinfo=UTC) - timedelta(minutes=minutes)


def _parts(text: str) -> datetime:
    """Read a date without offset; raises ValueError."""
    half = _HALF.match(text)
    if half:
        return _of_half(_parts(half[1]), late=half[2] in "pP")
    compact = _COMPACT.match(text)
    if compact:
        return _naive(*compact.groups())
    parted = _PARTED.match(text)
    if parted:
        one, mark, two, three, *clock = parted.groups()
        day = _day(int(one), int(two), int(three), mark, long_first=len(one) == 4)
        return _naive(*day, *clock)
    named = _NAMED.match(text.lower())
    if named:
        first, month, other, second, year, hour, minute, moment, late = named.groups()
        return _naive(year or late, _MONTHS.get(month or other, 0), first or second, hour, minute, moment)
    return _iso(text)


def _of_half(clock: datetime, *, late: bool) -> datetime:
    """Return what a clock of twelve hours says."""
    if not 1 <= clock.hour <= 12:
        raise ValueError("an hour of no half day")
    return clock.replace(hour=clock.hour % 12 + 12 * late)


def _iso(text: str) -> datetime:
    if _ODD.match(text):
        raise ValueError("date and time are parted by T or a blank")
    return datetime.fromisoformat(text)


def _naive(*parts: str | int | None) -> datetime:
    year, month, day, *clock = (int(part or 0) for part in parts)
    return datetime(year, month, day, *clock)  # type: ignore[arg-type] # noqa: DTZ001 - the zone comes later


def _day(one: int, two: int, three: int, mark: str, *, long_first: bool) -> tuple[int, int, int]:
    """Return (year, month, day): year first, or day first with dots, or whichever of day and month can be no month."""
    if long_first:
        return one, two, three
    if three < 1000:
        raise ValueError("a year of two digits")
    if mark != ".":
        if one <= 12 and two <= 12 and one != two:
            raise ValueError("day or month first, nobody knows")
        return (three, one, two) if two > 12 else (three, two, one)
    return three, two, one


def _by_library(text: str) -> datetime | None:
    try:
        return _iso(text)
    except ValueError:
        moment = parsedate_to_datetime(text)
    return None if moment.tzinfo is None and text[-1].isalpha() else moment  # a zone that nobody knows
