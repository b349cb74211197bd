"""When a source is asked next: its pace, its provider's floor, and patience with one that fails."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tipd.nursery.backoff import Backoff

if TYPE_CHECKING:
    import random

# A provider that was never reached (no network, no name, nobody listening) has nothing to be spared of: its floor
# does not hold, so that a machine that comes up before its network collects soon after.
UNREACHED = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=7)  # nobody's Retry-After is believed beyond this


def after_success(now: datetime, every: timedelta, floor: timedelta) -> datetime:
    """Return the next due time of a source that answered."""
    return now + max(every, floor)


def after_failure(
    now: datetime,
    *,
    every: timedelta,
    floor: timedelta,
    failures: int,
    retry_after: float | None,
    rng: random.Random,
) -> datetime:
    """Return the next due time after the `failures`-th failure in a row (from 1).

    Exponential with full jitter from the floor on, at most the source's own pace; never sooner than the floor, nor than
    `retry_after` (seconds), which is believed up to a week.
    """
    pace = max(every, floor).total_seconds()
    backoff = Backoff(min(floor.total_seconds(), pace), pace, rng, failures=max(0, failures - 1))
    wait = max(floor.total_seconds(), min(floor.total_seconds() + backoff.next(), pace))
    asked = min(retry_after or 0.0, LONGEST_WAIT.total_seconds())
    return now + timedelta(seconds=max(wait, asked))
