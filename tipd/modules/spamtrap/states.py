"""How archives and agents are, as sources: the words, and what is told of a change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.model.finding import SOURCE_DEGRADED, SOURCE_RECOVERED, NewFinding

if TYPE_CHECKING:
    from collections.abc import Mapping

MODULE = "spamtrap"
NEW, OK, UNREACHABLE, WRONG_PAGE, DAMAGED, OFF = "new", "ok", "unreachable", "wrong_page", "damaged", "off"
REMOVED = "removed"
_SILENT = frozenset({NEW, OFF, REMOVED})


def findings_of_change(name: str, old: str, new: str, why: str | None) -> list[NewFinding]:
    """Return what to tell of a source that went from one state to another: `{"old", "new", "why"}`, or nothing."""
    if old == new or new in _SILENT or (new == OK and old in _SILENT):
        return []
    kind = SOURCE_RECOVERED if new == OK else SOURCE_DEGRADED
    data: Mapping[str, str | None] = {"old": old, "new": new, "why": why}
    return [NewFinding(kind=kind, module=MODULE, source=name, data=dict(data))]
