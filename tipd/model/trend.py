"""What rises and falls: daily counts put into periods, and how far the last one stands from those before it."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

type By = Literal["day", "week", "month"]

LOOK_BACK: dict[str, int] = {"day": 15, "week": 9, "month": 7}  # periods told where nobody says since when
CLEAR = 3.0  # standard deviations: a score of less is noise


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """Days from `start` up to and without `end`; `complete`: all of it has passed and is counted."""

    start: date
    end: date
    complete: bool


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """The last complete period against the mean of those before it.

    `change` is their ratio less one, None where nothing was before; `score` how many standard deviations of a Poisson
    count lie between, positive where it rises. With fewer than two complete periods to compare nothing moves.
    """

    last: int
    before: float
    change: float | None
    score: float


def start_of(day: date, by: By) -> date:
    """Return the first day of the period that holds the day; weeks begin on Monday (ISO 8601)."""
    if by == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if by == "month" else day


def next_start(start: date, by: By) -> date:
    """Return the first day of the next period; raises OverflowError at the end of time."""
    if by == "month":
        return (start + timedelta(days=32)).replace(day=1)
    return start + timedelta(days=7 if by == "week" else 1)


def default_since(until: date, by: By) -> date:
    """Return the first day told where nobody says since when."""
    start = start_of(until - timedelta(days=1), by)
    for _ in range(LOOK_BACK[by] - 1):
        start = start_of(start - timedelta(days=1), by)
    return start


def periods(since: date, until: date, by: By, today: date) -> list[Period]:
    """Return the periods that hold days from `since` up to and without `until`, in order.

    One that is not over today, or of which days are cut off, is not complete.
    """
    found = []
    start = start_of(since, by)
    while start < until:
        end = next_start(start, by)
        found.append(Period(start=start, end=end, complete=since <= start and end <= min(until, today)))
        start = end
    return found


def movement(counts: Sequence[int], complete: Sequence[bool], begun: int = 0) -> Movement:
    """Return how the last complete period stands to those before it.

    `begun`: the first period that was counted as a whole. That nothing was counted before says nothing, and a source
    that is new is no wave.
    """
    whole = [number for number, full in enumerate(complete) if full]
    last = counts[whole[-1]] if whole else 0
    earlier = [counts[number] for number in whole[:-1] if number >= begun]
    if not earlier:
        return Movement(last=last, before=float(last), change=0.0 if last else None, score=0.0)
    before = sum(earlier) / len(earlier)
    # The mean of n counts varies by its own n-th part; plus one, so that the first few of anything are no sensation.
    score = (last - before) / sqrt(before + before / len(earlier) + 1)
    return Movement(last=last, before=before, change=last / before - 1 if before else None, score=score)
