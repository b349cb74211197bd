"""Decide whether a body that was read may replace what is listed. Pure: facts and a declaration in, a verdict out.

A refused body is set aside and the last good set stays (trap 19: a 200 may be empty, an HTML page, or a tenth of
yesterday).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.modules.blacklist.states import State

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Expect, Source
    from tipd.modules.blacklist.reading.job import ReadResult

# Where the declaration does not say: short lists change by half in a day, long ones do not.
SHRINK, SHRINK_FROM = 0.5, 10
GROWTH, GROWTH_FROM = 20.0, 100
# Rows that say the format is not the declared one; poison is not among them, it is refused one by one.
BAD = ("malformed", "empty", "too_long", "wrong_kind")
BAD_FROM = 3  # fewer bad rows say nothing


class Refusal(NamedTuple):
    """The state the source goes into, and one line on why."""

    state: State
    why: str


def refusal(source: Source, result: ReadResult) -> Refusal | None:
    """Return why the body must not be used, None where it may."""
    expect = source.expect
    if result.html and not expect.html:
        return Refusal(State.WRONG_PAGE, "an HTML page where a list is due")
    if result.broken:
        return Refusal(State.DRIFTED, f"cannot be read to its end: {result.broken}")
    if not result.rows:
        return None if expect.may_be_empty else Refusal(State.EMPTY, "no rows at all")
    if not result.canary:
        return Refusal(State.WRONG_PAGE, f"does not hold {expect.must_match!r} (must_match)")
    return _form(expect, result) or _amount(source, result)


def _form(expect: Expect, result: ReadResult) -> Refusal | None:
    bad = sum(result.refused.get(reason, 0) for reason in BAD)
    nothing_good = bad and bad + result.filtered >= result.rows and not result.entries
    if nothing_good or (bad >= BAD_FROM and bad > expect.max_bad * result.rows):
        first = next((sample for sample in result.samples if sample.reason in BAD), None)
        shown = f", first in row {first.line}: {first.reason} {first.text[:80]!r}" if first else ""
        return Refusal(State.DRIFTED, f"{bad} of {result.rows} rows cannot be read{shown}")
    return None


def _amount(source: Source, result: ReadResult) -> Refusal | None:
    expect, had, now = source.expect, result.had, result.entries
    if expect.min_rows and result.rows < expect.min_rows:
        return Refusal(State.SHRUNK, f"{result.rows} rows, at least {expect.min_rows} are expected (min_rows)")
    if expect.max_rows and result.rows > expect.max_rows:
        return Refusal(State.DRIFTED, f"{result.rows} rows, at most {expect.max_rows} are expected (max_rows)")
    if source.absence == "left" and had and not expect.may_be_empty:
        refused = _shrunk(expect, result)
        if refused:
            return refused
    if had and now > had * (expect.max_growth or GROWTH) and (expect.max_growth or had >= GROWTH_FROM):
        return Refusal(State.DRIFTED, f"grew from {had} to {now} indicators (max_growth)")
    return None


def _shrunk(expect: Expect, result: ReadResult) -> Refusal | None:
    had, now = result.had, result.entries
    if not now:
        return Refusal(State.EMPTY, f"none of its {result.rows} rows gave an indicator, {had} were listed")
    limit = expect.max_shrink if expect.max_shrink is not None else SHRINK
    if had - now > limit * had and (expect.max_shrink is not None or had >= SHRINK_FROM):
        return Refusal(State.SHRUNK, f"shrank from {had} to {now} indicators (max_shrink {limit:g})")
    return None
