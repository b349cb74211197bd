"""A walk from one value to the names it leads to, and on from these, with a budget and a depth.

A step goes from a name by an address it has to the other names that have it too, or to the end of its CNAME chain (or,
where the walk begins with an address, a network, an AS or a name server, from that to its names). What very many names
share is a host of strangers or a parking place and leads nowhere: it is passed over. Nothing is asked of the DNS: what
is known is walked.

What is found bears the strictest mark of all that led to it: its path names them, and nobody may learn from a path what
its origin would not tell.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple, Protocol

import trio

from tipd.model.canonical.domain import why_refused
from tipd.model.dns import AAAA, CNAME, NS, A
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from tipd.model.tracked import Pivot, PivotRow

MOST_STEPS = 1000
CROWD = 100  # names on one address, beyond which it ties nobody to anybody
PAGE = 1000  # rows of one look
BY_ADDRESS = frozenset({A, AAAA})
BY_ANY = frozenset({A, AAAA, NS, CNAME})


class Pivots(Protocol):
    """`store.flux`, as far as a walk needs it."""

    async def pivot(
        self,
        value: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        tag: Sequence[str] = (),
        limit: int = 1000,
        max_tlp: Tlp,
    ) -> Pivot:
        """Return where a value leads."""
        ...


class Found(NamedTuple):
    """A name and the values that led to it, the first being where the walk began.

    `tlp`: the strictest mark on the way; `known`: the name is watched already.
    """

    name: str
    path: tuple[str, ...]
    tlp: Tlp
    known: bool


class Walked(NamedTuple):
    """What a walk found, nearest first; `steps`: values looked at; `spent`: a bound ended it, there is more.

    `kind` and `value`: where it began, as the store names it.
    """

    found: list[Found]
    steps: int
    spent: bool
    kind: str = ""
    value: str = ""


class _Place(NamedTuple):
    """A value to be looked at: how it was reached, how many steps from the start, under which mark."""

    value: str
    path: tuple[str, ...]
    gone: int
    tlp: Tlp


async def walk(
    flux: Pivots,
    start: str,
    *,
    budget: int,
    depth: int,
    max_tlp: Tlp,
    since: datetime | None = None,
    until: datetime | None = None,
    tag: Sequence[str] = (),
    by: frozenset[int] = BY_ADDRESS,
    wanted: Callable[[str], bool] = lambda _: True,
    tlp: Tlp = Tlp.CLEAR,
    within: float = float("inf"),
) -> Walked:
    """Return at most `budget` names within `depth` steps of `start`; what is not `wanted` is not gone on from either.

    `by`: record types that tie names together, on the way from name to name. `tag` holds for the first step only: it
    says where to begin, not what may be found. `tlp`: the mark of the start itself; `within`: seconds. Raises
    StoreAway, and ValueError for a value that leads nowhere.
    """
    ahead: deque[_Place] = deque([_Place(start, (start,), 0, tlp)])
    seen, steps, ends = {start}, 0, trio.current_time() + within
    walked = Walked([], 0, spent=False, value=start)
    while ahead:
        if steps >= MOST_STEPS or trio.current_time() > ends:
            return walked._replace(steps=steps, spent=True)
        place = ahead.popleft()
        tags = tag if not place.gone else ()
        pivot = await flux.pivot(place.value, since=since, until=until, tag=tags, limit=PAGE, max_tlp=max_tlp)
        await trio.lowlevel.checkpoint()
        if not steps:
            seen.add(pivot.value)
            walked = walked._replace(kind=pivot.kind, value=pivot.value)
        steps += 1
        walked = walked._replace(steps=steps, spent=walked.spent or pivot.more)
        for one in _names(pivot, place, by):
            if one.name in seen or why_refused(one.name) is not None:
                continue
            seen.add(one.name)
            if not wanted(one.name):
                continue
            if len(walked.found) >= budget:
                return walked._replace(spent=True)
            walked.found.append(one)
            if place.gone + 1 < depth:
                ahead.append(_Place(one.name, one.path, place.gone + 1, one.tlp))
    return walked


def _names(pivot: Pivot, place: _Place, by: frozenset[int]) -> list[Found]:
    """Return the names one step on; what a crowd shares is left out."""
    rows = [row for row in pivot.rows if row.kind == "domain" and _ties(row, by, first=not place.gone)]
    crowds: dict[str, set[str]] = {}
    for row in rows:
        crowds.setdefault(row.via, set()).add(row.found)
    # Who begins with an address asked for all its names, however many.
    return [
        Found(
            row.found,
            (*place.path, *((row.via,) if row.via else ()), row.found),
            max(place.tlp, row.tlp),
            row.state is not None,
        )
        for row in rows
        if not row.via or len(crowds[row.via]) <= CROWD
    ]


def _ties(row: PivotRow, by: frozenset[int], *, first: bool) -> bool:
    """Say whether a row leads on to another name, rather than to a name server."""
    if row.how == "has":
        return row.rtype == CNAME
    if row.how in ("had_by", "served_by"):
        return first or row.rtype in by
    return row.how == "shares" and row.rtype in by
