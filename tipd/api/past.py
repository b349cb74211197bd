"""Look-ups of moments: from the request's values to the store's questions, and from its answers to ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.problem import Problem
from tipd.api.shapes import At, ListedLater, LookupResult, Match

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.api.auth import Caller
    from tipd.api.core import Core
    from tipd.store.past import Then

LONGEST_VALUE = 4096


async def answer(core: Core, caller: Caller | None, asked: Sequence[At]) -> list[LookupResult]:
    """Answer whether each value was listed at its moment; raises Problem 400, StoreAway, TryAgain."""
    for one in asked:
        _check(one)
    max_tlp = caller.max_tlp if caller is not None else 0
    found = await core.services.store.past.at([(one.value, one.at) for one in asked], max_tlp=int(max_tlp))
    return [_result(one) for one in found]


def _check(one: At) -> None:
    if one.at.tzinfo is None:
        raise Problem(400, "a moment needs its offset (2026-11-22T04:00:00Z)")
    if len(one.value) > LONGEST_VALUE:
        raise Problem(400, f"a value has at most {LONGEST_VALUE} characters")


def _result(then: Then) -> LookupResult:
    later = None
    if then.later is not None:
        after = (then.later.at - then.at).total_seconds()
        later = ListedLater(at=then.later.at, after_s=after, sources=then.later.sources)
    return LookupResult(
        value=then.value,
        kind=then.kind.value if then.kind else None,
        listed=bool(then.matches),
        confidence=then.confidence,
        sources=then.sources,
        matches=[Match(kind=one.kind.value, value=one.value, how=one.how) for one in then.matches],
        error=then.error,
        at=then.at,
        known_since=then.known_since,
        listed_later=later,
    )
