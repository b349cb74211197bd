"""What a caller may see: everything whose mark is not stricter than its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tipd.api.problem import Problem
from tipd.errors import StoreAway
from tipd.model.tlp import Tlp, tlp_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tipd.api.declare import Call
    from tipd.api.services import Services, Source


def max_tlp_of(call: Call) -> Tlp:
    """Return how strict a mark may be shown to the caller; to nobody in particular only what is clear."""
    return Tlp.CLEAR if call.caller is None else call.caller.max_tlp


def seen(sources: Iterable[Source], max_tlp: Tlp) -> list[Source]:
    """Return the sources whose rows, and whose very names, may be shown."""
    return [source for source in sources if source.tlp <= max_tlp]


async def tree_for(call: Call) -> dict[str, Any]:
    """Return the nursery tree as the caller may see it.

    Facts and errors count and name whatever runs; they are told to who may see all there is, and to nobody else.
    """
    services = call.core.services
    tree = services.health.snapshot()
    return tree if await _sees_all(services, max_tlp_of(call)) else _bare(tree)


async def _sees_all(services: Services, max_tlp: Tlp) -> bool:
    if max_tlp is Tlp.RED:
        return True
    if services.index is not None and services.index.hides(max_tlp):
        return False
    try:
        return all(source.tlp <= max_tlp for source in await services.store.sources.known())
    except StoreAway:
        return False


def _bare(node: Any) -> Any:
    if isinstance(node, dict):
        shown = {name: _bare(part) for name, part in node.items() if name != "facts"}
        return shown | {"last_error": None} if "last_error" in shown else shown
    return [_bare(one) for one in node] if isinstance(node, list) else node


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
