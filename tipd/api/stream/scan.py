"""Reading the log through a choice, a bounded stretch a time: what REST and the live page show."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tipd.api.services import Findings
    from tipd.model.annotate import Annotations
    from tipd.model.choice import Choice
    from tipd.model.finding import Finding

PAGE = 2000  # findings read at once, at most
MOST = 20_000  # looked through in one request: about a fifth of a second


class Page(NamedTuple):
    """What was found, ascending; `last` is how far the log was looked through, `more` whether it may go on."""

    findings: list[Finding]
    last: int
    more: bool


async def forward(log: Findings, annotations: Annotations, choice: Choice, since: int, *, end: int, limit: int) -> Page:
    """Return at most `limit` findings after `since` that the choice admits; `end`: the log's, seen before.

    Looks through `MOST` findings at most, so that a choice of rare ones costs no request much: `last` then moved on
    although little or nothing was found. Raises GoneError, StoreAway.
    """
    found: list[Finding] = []
    position, looked, size = since, 0, min(limit + 1, PAGE)
    while True:
        rows = await log.read(position, limit=size, kinds=tuple(choice.kinds))
        for finding in annotations.annotated(rows):
            if choice.admits(finding):
                if len(found) == limit:
                    return Page(found, found[-1].seq, more=True)
                found.append(finding)
        if rows:
            position = rows[-1].seq
        if len(rows) < size:
            return Page(found, max(end, position), more=False)
        looked += size
        if looked >= MOST and len(found) < limit:
            return Page(found, position, more=True)
        # Few of the first were admitted: look at more at once.
        size = min(PAGE, max(size * 4, limit + 1 - len(found)))


async def newest(log: Findings, annotations: Annotations, choice: Choice, limit: int) -> tuple[list[Finding], int]:
    """Return the newest findings that the choice admits, the newest first, and the log's end to go on from.

    Looks back over `MOST` numbers at most. Raises StoreAway, GoneError where retention just passed.
    """
    first, last = await log.bounds()
    found: list[Finding] = []
    upper, size = last, limit
    while upper >= first and len(found) < limit and last - upper < MOST:
        lower = max(first - 1, upper - size)
        rows = await log.read(lower, limit=upper - lower, kinds=tuple(choice.kinds))
        annotated = annotations.annotated([finding for finding in rows if finding.seq <= upper])
        found += [finding for finding in reversed(annotated) if choice.admits(finding)]
        upper, size = lower, PAGE
    return found[:limit], last
