"""Where a name goes next: pure, one step at a time, with a word that says why."""

from __future__ import annotations

import msgspec

from tipd.model.flux import State, Tier
from tipd.modules.fastflux.scores.verdict import JUDGED, Verdict

DAY = 86400.0
CALM = 8  # windows in a row without flux after which a likely name is only watched again
_ABOVE = frozenset({State.LIKELY, State.CONFIRMED})


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """`let_go_after`: look-ups without a change; `dormant_after`, `gone_after`: seconds without an address."""

    let_go_after: int = 200
    dormant_after: float = DAY
    gone_after: float = 90 * DAY
    away_looks: int = 3  # look-ups without an address, at least, before their duration counts


class Standing(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is known of a name when it is asked where it goes.

    `looks`: look-ups with addresses so far. `stable`: those in a row that brought the same. `away`: look-ups in a row
    without an address that counts, over `away_for` seconds, and `why_away`: `nxdomain`, `nodata`, `sinkhole`,
    `private`. `calm`: windows in a row, up to now, that did not speak for flux. `verdict`: None where the name never
    changed and none was taken.
    """

    looks: int = 0
    stable: int = 0
    away: int = 0
    away_for: float = 0.0
    why_away: str = ""
    calm: int = 0
    verdict: Verdict | None = None


def next_state(state: State, standing: Standing, limits: Limits) -> tuple[State, str]:
    """Return the state that follows and the word for why; the same state with an empty word where nothing changes.

    SERVFAIL, REFUSED, policies and silence are no look-ups here: whoever counts must not count them.
    """
    if state is State.DROPPED:
        return state, ""
    if standing.away:
        return _away(state, standing, limits)
    if state is State.DORMANT:
        return (State.LIKELY, "back") if standing.looks else (state, "")
    if standing.stable >= limits.let_go_after:
        return State.DROPPED, "stable"
    return _judged(state, standing)


def _away(state: State, standing: Standing, limits: Limits) -> tuple[State, str]:
    if state is State.DORMANT:
        return (State.DROPPED, "gone") if standing.away_for >= limits.gone_after else (state, "")
    if standing.away < limits.away_looks or standing.away_for < limits.dormant_after:
        return state, ""
    return (State.DORMANT if state in _ABOVE else State.DROPPED), standing.why_away


def _judged(state: State, standing: Standing) -> tuple[State, str]:
    found = standing.verdict
    tier = Tier.BENIGN if found is None else found.tier
    if found is not None and tier is Tier.CONFIRMED and state is not State.CONFIRMED:
        return State.CONFIRMED, found.why
    if found is not None and tier is Tier.LIKELY and state in (State.CANDIDATE, State.WATCHED):
        return State.LIKELY, found.why
    if state is State.CANDIDATE and tier is not Tier.UNKNOWN and standing.looks >= JUDGED:
        return State.WATCHED, "judged"
    if found is not None and state in _ABOVE and tier in (Tier.BENIGN, Tier.POSSIBLE):
        return _calmed(state, found, standing)
    return state, ""


def _calmed(state: State, found: Verdict, standing: Standing) -> tuple[State, str]:
    """Return where a name above goes whose verdict does not speak for flux any more."""
    codes = {reason.code for reason in found.reasons}
    for code in ("known", "saturated"):
        if code in codes:
            return State.WATCHED, code
    if state is State.LIKELY and standing.calm >= CALM and "no_asns" not in codes:
        return State.WATCHED, "calm"
    return state, ""
