"""Decide whether a body that was read may replace what is listed. Pure: facts and a declaration in, a verdict out.

A refused body is set aside and the last good set stays (trap 19: a 200 may be empty, an HTML page, or a tenth of
yesterday).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tipd.modules.blacklist.states import State

if TYPE_CHECKING:
    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.expect import Expect
    from tipd.modules.blacklist.reading.job import ReadResult
    from tipd.store.sources import Acceptance

# Where the declaration does not say: short lists change by half in a day, long ones do not.
SHRINK, SHRINK_FROM = 0.5, 10
GROWTH, GROWTH_FROM = 20.0, 100
# Rows that say the format is not the declared one; poison is not among them, it is refused one by one.
BAD = ("malformed", "empty", "too_long", "wrong_kind")
BAD_FROM = 3  # fewer bad rows say nothing


class Refusal(NamedTuple):
    """The state the source goes into, and one line on why.

    `amount`: nothing is wrong but how much there is. `unread`: the body was not read whole, so it cannot be used.
    """

    state: State
    why: str
    amount: bool = False
    unread: bool = False


def refusal(source: Source, result: ReadResult) -> Refusal | None:
    """Return why the body must not be used, None where it may."""
    expect = source.expect
    if result.unsigned:
        return Refusal(State.BAD_SIGNATURE, result.unsigned, unread=True)
    if result.html and not source.may_be_page:
        return Refusal(State.WRONG_PAGE, "an HTML page where a list is due", unread=True)
    if result.broken:
        return Refusal(State.DRIFTED, f"cannot be read to its end: {result.broken}", unread=True)
    if not result.rows:
        return None if expect.may_be_empty else Refusal(State.EMPTY, "no rows at all", amount=result.canary)
    if not result.canary:
        return Refusal(State.WRONG_PAGE, f"does not hold {expect.must_match!r} (must_match)")
    return _form(expect, result) or _amount(source, result)


def overruled(
    source: Source, result: ReadResult, refused: Refusal, sha256: bytes | None, accepted: Acceptance | None
) -> bool:
    """Return whether an operator's acceptance covers the body that is refused.

    It covers the very body that was looked at, and one of about its size where nothing else is wrong: a list that
    changes by the hour is never that body again.
    """
    if accepted is None or refused.unread:
        return False
    if sha256 is not None and sha256.hex() == accepted.sha256:
        return True
    if not refused.amount or (accepted.rows and not result.rows):
        return False
    return _amount(source, result, accepted) is None


def _form(expect: Expect, result: ReadResult) -> Refusal | None:
    bad = sum(result.refused.get(reason, 0) for reason in BAD)
    nothing_good = bad and bad + result.filtered >= result.rows and not result.entries
    if nothing_good or (bad >= BAD_FROM and bad > expect.max_bad * result.rows):
        first = next((sample for sample in result.samples if sample.reason in BAD), None)
        shown = f", first in row {first.line}: {first.reason} {first.text[:80]!r}" if first else ""
        return Refusal(State.DRIFTED, f"{bad} of {result.rows} rows cannot be read{shown}")
    return None


def _amount(source: Source, result: ReadResult, accepted: Acceptance | None = None) -> Refusal | None:
    """With an acceptance, what lies between the listed and the accepted amount is as good as either."""
    expect, now = source.expect, result.entries
    least = most = result.had
    rows = result.rows
    if accepted is not None:
        least, most = min(result.had or accepted.entries, accepted.entries), max(result.had, accepted.entries)
    if expect.min_rows and rows < expect.min_rows and not (accepted and accepted.rows < expect.min_rows):
        return _too(State.SHRUNK, f"{rows} rows, at least {expect.min_rows} are expected (min_rows)")
    if expect.max_rows and rows > expect.max_rows and not (accepted and accepted.rows > expect.max_rows):
        return _too(State.DRIFTED, f"{rows} rows, at most {expect.max_rows} are expected (max_rows)")
    if source.absence == "left" and least and not expect.may_be_empty:
        refused = _shrunk(expect, result, least)
        if refused:
            return refused
    if most and now > most * (expect.max_growth or GROWTH) and (expect.max_growth or most >= GROWTH_FROM):
        return _too(State.DRIFTED, f"grew from {most} to {now} indicators (max_growth)")
    return None


def _shrunk(expect: Expect, result: ReadResult, had: int) -> Refusal | None:
    now = result.entries
    if not now:
        return _too(State.EMPTY, f"none of its {result.rows} rows gave an indicator, {had} were listed")
    limit = expect.max_shrink if expect.max_shrink is not None else SHRINK
    if had - now > limit * had and (expect.max_shrink is not None or had >= SHRINK_FROM):
        return _too(State.SHRUNK, f"shrank from {had} to {now} indicators (max_shrink {limit:g})")
    return None


def _too(state: State, why: str) -> Refusal:
    return Refusal(state, why, amount=True)
