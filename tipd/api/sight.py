"""What a caller may see: everything whose mark is not stricter than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tipd.api.problem import Problem
from tipd.model.tlp import Tlp, tlp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.api.declare import Call
    from tipd.api.services import Source


def max_tlp_of(call: Call) -> Tlp:
    """Return how strict a mark may be shown to the caller; to nobody in particular only what is clear."""
    return Tlp.CLEAR if call.caller is None else call.caller.max_tlp


def seen(sources: Iterable[Source], max_tlp: Tlp) -> list[Source]:
    """Return the sources whose rows, and whose very names, may be shown."""
    return [source for source in sources if source.tlp <= max_tlp]


def mark_given(call: Call, word: str | None) -> Tlp:
    """Return the mark somebody gives away with a token or a link: not above their own; None: green, or their own.

    Raises Problem 400, 403.
    """
    own = max_tlp_of(call)
    if word is None:
        return min(Tlp.GREEN, own)
    try:
        mark = tlp_of(word)
    except ValueError as error:
        raise Problem(400, f"max_tlp: {error}") from None
    if mark > own:
        raise Problem(403, f"nobody gives away more than they may see: yours is {own.word}", max_tlp=own.word)
    return mark
