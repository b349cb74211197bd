"""When a trigger is due next: pure arithmetic over aware times."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tipd.nursery.contract import At, Due, Every

if TYPE_CHECKING:
    from collections.abc import Sequence

type Timed = Every | At

_DAY = timedelta(days=1)
_TICK = timedelta(microseconds=1)
_SET_BACK = timedelta(hours=1)
NEVER = datetime.max.replace(tzinfo=UTC)


def in_utc(at: datetime) -> datetime:
    """Return a time in UTC; a naive one is taken as UTC, one beyond the calendar's end is `NEVER`."""
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError:
        return NEVER if at.year > 1 else at.replace(tzinfo=UTC)


def next_at(trigger: At, after: datetime) -> datetime:
    """Return the first time `trigger` is due strictly after `after`, in UTC; `NEVER` where the calendar ends.

    A local time that the clocks skip is taken with the offset from before the change, so it falls as much later as they
    skip; of one they repeat only the first is taken (PEP 495, fold=0).
    """
    zone = trigger.zone
    try:
        day = after.astimezone(zone).date() - _DAY
        for _ in range(4):  # a zone may drop a whole day (Samoa, 2011-12-30): look one further
            found = datetime.combine(day, trigger.at, tzinfo=zone).astimezone(UTC)
            if found > after:
                return found
            day += _DAY
    except OverflowError:
        return NEVER
    return NEVER  # not reached by any zone known: offsets stay within a day


def next_every(trigger: Every, due: datetime, started: datetime) -> datetime:
    """Return the first of `due + k * period` (k >= 1) after `started`, the start of the run that was due at `due`.

    Times missed while nothing ran are dropped but for that one run; a time passed *during* the run is still due, so a
    run that overlaps it delays it.
    """
    passed = max(0, (started - due) // trigger.period)
    try:
        return due + (passed + 1) * trigger.period
    except OverflowError:
        return NEVER


def first_due(triggers: Sequence[Timed], now: datetime, *, follows: bool = False) -> datetime | None:
    """Return when a unit that never ran is due: at once with `Every`, else at the next `At`; None without either.

    One that `follows` another (`After`) lets it go first: it is due by time only when a period is over.
    """
    every = min((trigger.period for trigger in triggers if isinstance(trigger, Every)), default=None)
    if every is not None:
        return now + every if follows else now
    return min((next_at(trigger, now) for trigger in triggers if isinstance(trigger, At)), default=None)


def next_due(triggers: Sequence[Timed], due: datetime, started: datetime) -> datetime | None:
    """Return when a unit is due next after the run that was due at `due` and began at `started`; None: not by time."""
    return min((_next(trigger, due, started) for trigger in triggers), default=None)


def _next(trigger: Timed, due: datetime, started: datetime) -> datetime:
    if isinstance(trigger, Every):
        return next_every(trigger, due, started)
    return next_at(trigger, max(due, started))


def cause_of(triggers: Sequence[Timed], due: datetime) -> Timed | None:
    """Return the trigger that a stored due time comes from; None where there is no timed one."""
    for trigger in triggers:
        if isinstance(trigger, At) and next_at(trigger, due - _TICK) == due:
            return trigger
    every = (trigger for trigger in triggers if isinstance(trigger, Every))
    return next(every, triggers[0] if triggers else None)


def repaired(row: Due, now: datetime) -> Due:
    """Return the row with its due time set right where the wall clock went back far behind the last run.

    The gap that was planned between last run and due is kept, counted from now: a clock that once stood in 2036 does
    not stop a unit for ten years, and nothing runs sooner than planned. A clock that went back by an hour or less just
    makes the unit wait that much longer.
    """
    if row.due is None or row.last_run is None or row.last_run <= now + _SET_BACK:
        return row
    gap = max(timedelta(0), row.due - row.last_run)
    return replace(row, due=min(row.due, now + gap), last_run=now)


def resumed(row: Due | None, name: str, triggers: Sequence[Timed], now: datetime, *, follows: bool = False) -> Due:
    """Return the row a unit goes on with after a start: what was stored, completed where it says no due time."""
    if row is None:
        return Due(name, first_due(triggers, now, follows=follows), None, 0)
    if row.due is None and row.last_run is not None:  # it was not timed when it last ran
        return repaired(replace(row, due=next_due(triggers, row.last_run, row.last_run)), now)
    if row.due is None:
        return replace(row, due=first_due(triggers, now, follows=follows))
    return repaired(row, now)
