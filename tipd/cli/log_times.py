"""The time of a log's line: ISO 8601, syslog (RFC 3164 and 5424), Apache, nginx, BIND, seconds since 1970, or as told.

A time without offset is meant in the log's zone. One without a year (RFC 3164) gets the latest in which it is not to
come; from then on lines go forward: January after December is the next year, December after January a late line.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

_WITH_YEAR = ("%Y", "%y", "%G", "%c", "%x", "%D", "%F")
_LOOK_AT = 400  # characters of a line in which its time stands
_NAMES = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_MONTHS = {name: number for number, name in enumerate(_NAMES.split("|"), start=1)}
_CLOCK = r"(?P<h>[0-2]\d):(?P<m>[0-5]\d)(?::(?P<s>[0-6]\d)(?:[.,](?P<f>\d{1,9}))?)?"
_ZONE = r"(?: ?(?P<z>Z|[+-]\d\d:?\d\d))?"
_PATTERNS = (
    # 2026-11-22T04:00:00.1+01:00, 2026-11-22 04:00:00,123, 2026/11/22 04:00:00
    re.compile(rf"(?<!\d)(?P<y>\d{{4}})[-/](?P<mo>[01]\d)[-/](?P<d>[0-3]\d)[T ]{_CLOCK}{_ZONE}", re.ASCII),
    # [22/Nov/2026:04:00:00 +0000], 22-Nov-2026 04:00:00.123
    re.compile(rf"(?<!\d)(?P<d>[0-3]?\d)[/-](?P<mo>{_NAMES})[/-](?P<y>\d{{4}})[: ]{_CLOCK}{_ZONE}", re.ASCII),
    # Nov 22 04:00:00 2026, Nov 22 2026 04:00:00, Nov  2 04:00:00
    re.compile(
        rf"(?:^|[\s>])(?P<mo>{_NAMES}) {{1,2}}(?P<d>[0-3]?\d)(?: (?P<y>\d{{4}}))? {_CLOCK}(?: (?P<y2>\d{{4}})(?!\S))?",
        re.ASCII,
    ),
    # 1795320000.123 at the beginning (squid), or milliseconds
    re.compile(r"\s*\[?(?P<e>1\d{9})(?P<ms>\d{3})?(?:\.(?P<f>\d{1,9}))?(?!\d)", re.ASCII),
)


class LogTimes:
    """Reads one log, line after line."""

    def __init__(self, now: datetime, zone: tzinfo | None, *, form: str | None = None, year: int | None = None) -> None:
        """`zone` None: the machine's own. `form`: strptime's; `year`: of the first line that has none."""
        self._now = now
        self._zone = zone
        self._form = form
        self._words = len(form.split()) if form else 0
        self._yearless = form is not None and not any(word in form for word in _WITH_YEAR)
        self._year = year
        self._month = 0

    def at(self, line: str) -> datetime | None:
        """Return when the line was written, None where it does not say. Never raises."""
        try:
            return self._formed(line) if self._form else self._found(line[:_LOOK_AT])
        except (ValueError, OverflowError, OSError):
            return None

    def _found(self, head: str) -> datetime | None:
        first = None
        for pattern in _PATTERNS[:3]:
            match = pattern.search(head)
            if match is not None and (first is None or match.start() < first.start()):
                first = match
        if first is not None:
            return self._made(first.groupdict())
        match = _PATTERNS[3].match(head)
        if match is None:
            return None
        fraction = match["f"] or match["ms"]
        return datetime.fromtimestamp(int(match["e"]), UTC) + timedelta(seconds=float(f"0.{fraction or 0}"))

    def _made(self, parts: dict[str, str | None]) -> datetime:
        word = parts["mo"] or ""
        month = int(word) if word.isdigit() else _MONTHS[word]
        year, day = parts.get("y") or parts.get("y2"), int(parts["d"] or 0)
        fraction = int(((parts.get("f") or "") + "000000")[:6])
        clock = (int(parts["h"] or 0), int(parts["m"] or 0), min(59, int(parts["s"] or 0)), fraction)
        if year is not None:
            return self._aware(datetime(int(year), month, day, *clock), parts.get("z"))  # noqa: DTZ001
        return self._without_year(month, day, clock)

    def _without_year(self, month: int, day: int, clock: tuple[int, int, int, int]) -> datetime:
        if self._year is None:
            self._year = self._first_year(month, day)
        elif month == 1 and self._month == 12:
            self._year += 1
        elif month == 12 and self._month == 1:
            return self._aware(datetime(self._year - 1, month, day, *clock), None)  # noqa: DTZ001 - a late line
        self._month = month
        return self._aware(datetime(self._year, month, day, *clock), None)  # noqa: DTZ001

    def _first_year(self, month: int, day: int) -> int:
        """Return the latest year in which the day exists and is not to come."""
        for year in range(self._now.year + 1, self._now.year - 9, -1):
            try:
                at = datetime(year, month, day, tzinfo=UTC)
            except ValueError:
                continue  # the 29th of February
            if at <= self._now + timedelta(days=1):
                return year
        raise ValueError("no year has that day")

    def _formed(self, line: str) -> datetime | None:
        """Find the words that the format fits, wherever they stand at the beginning of the line."""
        words = line[: _LOOK_AT * 2].split()
        for start in range(max(1, len(words) - self._words + 1)):
            text = " ".join(words[start : start + self._words]).strip("[]<>()\"',;")
            try:
                made = self._parsed(text)
            except ValueError:
                continue
            if self._yearless:
                return self._without_year(made.month, made.day, (made.hour, made.minute, made.second, made.microsecond))
            return made if made.tzinfo else self._aware(made, None)
        return None

    def _parsed(self, text: str) -> datetime:
        form = self._form or ""
        if self._yearless:  # a leap year, so that each day exists
            return datetime.strptime(f"2024 {text}", f"%Y {form}")  # noqa: DTZ007 - the zone comes next
        return datetime.strptime(text, form)  # noqa: DTZ007

    def _aware(self, naive: datetime, offset: str | None) -> datetime:
        if offset is not None:
            return datetime.fromisoformat(naive.isoformat() + offset).astimezone(UTC)
        return (naive.replace(tzinfo=self._zone) if self._zone else naive.astimezone()).astimezone(UTC)
