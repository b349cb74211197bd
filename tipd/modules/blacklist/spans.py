"""Durations in declarations."""

from __future__ import annotations

from datetime import timedelta

from tipd.config import duration


def check_duration(key: str, text: str) -> None:
    """Raise ValueError, with the key, for what is no duration or not longer than nothing."""
    try:
        length = duration(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if length <= timedelta(0):
        raise ValueError(f"{key}: must be longer than nothing")
