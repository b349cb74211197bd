"""The states of a source, and the findings that tell of a change between them."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tipd.model.finding import (
    SOURCE_DEGRADED,
    SOURCE_DISABLED,
    SOURCE_ENABLED,
    SOURCE_LOADED,
    SOURCE_RECOVERED,
    NewFinding,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.store.sources import SourceRow
    from tipd.store.switches import Off

MODULE = "blacklist"


class State(StrEnum):
    """How a source is. The last good set of one that is not healthy stays listed."""

    NEW = "new"  # never asked yet
    OK = "ok"  # read, and there was something to read
    UNCHANGED = "unchanged"  # the same body, read in the same way
    EMPTY = "empty"  # a body without a single row
    SHRUNK = "shrunk"  # too much of yesterday's set is missing
    WRONG_PAGE = "wrong_page"  # a page instead of the list, or without its canary
    DRIFTED = "drifted"  # the format is not the declared one any more, or the list grew beyond belief
    BAD_SIGNATURE = "bad_signature"  # without a good OpenPGP signature by the declared key
    NEEDS_KEY = "needs_key"  # no credential
    FORBIDDEN = "forbidden"
    GONE = "gone"
    RATE_LIMITED = "rate_limited"
    UNREACHABLE = "unreachable"
    STALE = "stale"  # it answers, and has not changed for longer than it should
    MISDECLARED = "misdeclared"  # its declaration is wrong
    REMOVED = "removed"  # its declaration is gone
    OFF = "off"  # `enabled = false`
    LEFT_OUT = "left_out"  # `commercial = true`, and its provider does not say that a business may use it


HEALTHY = frozenset({State.OK, State.UNCHANGED})
AWAY = frozenset({State.REMOVED, State.OFF, State.LEFT_OUT})  # not collected, and nothing of it is listed
_SILENT = frozenset({State.NEW, *AWAY})  # leaving these for a healthy state is no recovery


def findings_of_change(name: str, old: str, new: str, why: str | None) -> list[NewFinding]:
    """Return what to tell of a source that went from one state to another: one finding, or none.

    Its data: `{"old", "new", "why"}`.
    """
    if old == new or new in _SILENT or (new in HEALTHY and (old in HEALTHY or old in _SILENT)):
        return []
    kind = SOURCE_RECOVERED if new in HEALTHY else SOURCE_DEGRADED
    return [NewFinding(kind=kind, module=MODULE, source=name, data={"old": old, "new": new, "why": why})]


def findings_of_switches(
    before: Mapping[str, SourceRow], enabled: Collection[str], off: Mapping[str, Off]
) -> list[NewFinding]:
    """Return what to tell of sources that are switched on or off, by hand or by a command: `{"why"}` of those off."""
    told = [
        NewFinding(kind=SOURCE_DISABLED, module=MODULE, source=name, data={"why": each.why})
        for name, each in off.items()
        if name in before and before[name].state not in AWAY
    ]
    told += [
        NewFinding(kind=SOURCE_ENABLED, module=MODULE, source=name)
        for name in enabled
        if name in before and before[name].state in {State.OFF, State.LEFT_OUT}
    ]
    return told


def finding_of_load(name: str, result: ReadResult) -> NewFinding:
    """Return the finding of a source's first round: counts instead of a million single alarms."""
    counts = {"entries": result.entries, "rows": result.rows, "refused": result.refused, "bytes": result.bytes}
    return NewFinding(kind=SOURCE_LOADED, module=MODULE, source=name, data=counts, initial=True)
