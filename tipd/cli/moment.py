"""Moments as people type them: ISO 8601; without a zone UTC is meant, without a time the beginning of the day."""

from __future__ import annotations

from datetime import UTC, datetime

from tipd.errors import EXIT_USAGE, TipdError


class NoMoment(TipdError):
    """A text that names no moment."""

    exit_code = EXIT_USAGE


def moment(text: str) -> datetime:
    """Return the moment, in UTC. Raises NoMoment."""
    try:
        at = datetime.fromisoformat(text.strip())
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise NoMoment(f"{text!r} is no moment: write 2026-11-22, 2026-11-22T04:00 or 2026-11-22T04:00+01:00") from None


def short(at: str | None) -> str:
    """Return a moment of the API's to the second (UTC); empty for none."""
    return at[:19].replace("T", " ") if at else ""
