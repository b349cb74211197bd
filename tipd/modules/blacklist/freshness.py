"""Whether a list that answered is as fresh as its declaration wants it (`[expect] max_age`)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tipd.config import duration
from tipd.modules.blacklist.states import State

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.store.sources import SourceRow


def freshness(
    source: Source, row: SourceRow, healthy: State, stamp: str | None, now: datetime
) -> tuple[State, str | None]:
    """Return the state of a list that answered: healthy, or stale with the reason; `stamp`: its own date."""
    if not source.expect.max_age:
        return healthy, None
    oldest = now - duration(source.expect.max_age)
    said = parse_stamp(stamp, source.timezone) if stamp else None
    if said is not None and said < oldest:
        return State.STALE, f"says of itself {stamp}, older than {source.expect.max_age} (max_age)"
    if healthy is State.UNCHANGED and row.last_change and row.last_change < oldest:
        return State.STALE, f"has not changed for {source.expect.max_age} (max_age)"
    return healthy, None


def parse_stamp(text: str, timezone: str) -> datetime | None:
    """Return a source's own date (`2026-11-22`, with a time or without) as a moment; None where it is none."""
    try:
        stamp = datetime.fromisoformat(text)
        return (stamp if stamp.tzinfo else stamp.replace(tzinfo=ZoneInfo(timezone))).astimezone(UTC)
    except (ValueError, OverflowError):  # no date, or one at the edge of what can be said
        return None
