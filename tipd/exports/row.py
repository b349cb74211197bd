"""What every format writes: one indicator that is listed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_BREAKS = frozenset("\r\n\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")


class Row(NamedTuple):
    """An indicator, the sources that name it, since when the first of them does (aware), and what they say beside it.

    `context` as in `tipd.model.context`, merged over the sources, each with its class.
    """

    kind: str
    value: str
    sources: tuple[str, ...]
    first_seen: datetime
    context: Mapping[str, Any] = {}


def one_line(value: str) -> bool:
    """Return whether a value stays on one line. A canonical one does; another is left out of line-based formats."""
    return _BREAKS.isdisjoint(value)


def moment(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC with whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
