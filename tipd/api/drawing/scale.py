"""Scales: from moments and amounts to positions, and where their marks stand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

# What a mark may stand for: seconds of the step, and how its label is written.
_STEPS = (
    *((seconds, "%H:%M:%S") for seconds in (1, 5, 15, 30)),
    *((60 * minutes, "%H:%M") for minutes in (1, 5, 15, 30)),
    *((3600 * hours, "%H:%M") for hours in (1, 3, 6, 12)),
    *((86400 * days, "%m-%d") for days in (1, 2, 7, 14, 30, 91)),
    (86400 * 365, "%Y"),
)
MOST_MARKS = 8


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark of a scale: its position and its words."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeScale:
    """From `since` to `until`, both included, onto `left` to `right`; a span of nothing lies in the middle."""

    since: datetime
    until: datetime
    left: float
    right: float

    def at(self, moment: datetime) -> float:
        """Return a moment's position; what lies outside is put onto the border."""
        whole = (self.until - self.since).total_seconds()
        if whole <= 0:
            return (self.left + self.right) / 2
        share = min(max((moment - self.since).total_seconds() / whole, 0.0), 1.0)
        return round(self.left + share * (self.right - self.left), 1)

    def ticks(self) -> list[Tick]:
        """Return at most `MOST_MARKS` marks at round moments (UTC)."""
        whole = (self.until - self.since).total_seconds()
        if whole <= 0:
            return [Tick(self.at(self.since), _written(self.since, "%H:%M:%S"))]
        step, form = next((found for found in _STEPS if whole / found[0] <= MOST_MARKS), _STEPS[-1])
        first = math.ceil(self.since.timestamp() / step) * step
        last = self.until.timestamp()
        count = min(int((last - first) // step) + 1, 2 * MOST_MARKS) if first <= last else 0
        moments = [datetime.fromtimestamp(first, UTC) + timedelta(seconds=step * n) for n in range(count)]
        return [Tick(self.at(moment), _written(moment, form)) for moment in moments]


@dataclass(frozen=True, slots=True)
class AmountScale:
    """From 0 to `most` onto `bottom` to `top` (a drawing's y grows downwards)."""

    most: float
    bottom: float
    top: float

    def at(self, amount: float) -> float:
        """Return an amount's position; what lies outside is put onto the border."""
        share = min(max(amount / self.most, 0.0), 1.0) if self.most > 0 else 0.0
        return round(self.bottom - share * (self.bottom - self.top), 1)

    def ticks(self) -> list[Tick]:
        """Return some marks at round amounts, 0 included."""
        step = round_step(self.most / 4) if self.most > 0 else 1
        return [Tick(self.at(step * n), amount(step * n)) for n in range(int(self.most / step + 1e-9) + 1)]


def amount(value: float) -> str:
    """Return a round amount in few characters: thousands as k, millions as M."""
    for least, size, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= least:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def round_step(least: float) -> float:
    """Return the least of 1, 2 and 5 times a power of ten that is not below `least` (positive)."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9))


def _written(moment: datetime, form: str) -> str:
    return moment.astimezone(UTC).strftime(form)
