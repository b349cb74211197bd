"""Walks from a value to names, and from those on: what `POST /api/v1/pivot/{value}` puts under watch.

A walk goes broad first, so that what is near is found before the budget ends it. Each name knows the values that led
to it. It is given the mark of what showed it, so that nobody learns by it what its origin would not tell.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import trio

from tipd.api.naming import FOLLOW, PIVOT
from tipd.model.flux import NewName
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tipd.api.naming import Said
    from tipd.api.services_flux import Flux
    from tipd.model.tlp import Tlp
    from tipd.model.tracked import Pivot, PivotRow

MOST_ROWS = 1000  # of one step
MOST_STEPS = 1000
WITHIN = 20.0  # seconds: what is not reached then is left to the tracker, which goes on from what was found
LONGEST_PATH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How far a walk goes: steps deep, names in all; which rows count; and why the names are then watched."""

    depth: int = 1
    budget: int = 1000
    since: datetime | None = None
    until: datetime | None = None
    tag: tuple[str, ...] = ()
    max_tlp: Tlp

    @property
    def why(self) -> str:
        """What is written down as the names' origin."""
        return FOLLOW if self.depth > 1 else PIVOT


@dataclass(slots=True)
class Walk:
    """What a walk found: names in the order they were found; `spent`: there is more, but a bound ended it."""

    kind: str = ""
    value: str = ""
    names: dict[str, NewName] = field(default_factory=dict)
    steps: int = 0
    spent: bool = False


async def walk(flux: Flux, value: str, path: Sequence[str], plan: Plan, said: Said) -> Walk:
    """Go from a value over whoever shares data with it; `path`: what led to the value itself. Raises StoreAway."""
    found = Walk(value=value)
    ahead: list[tuple[str, tuple[str, ...]]] = [(value, (*path, value)[-LONGEST_PATH:])]
    until = trio.current_time() + WITHIN
    for _ in range(plan.depth):
        further: list[tuple[str, tuple[str, ...]]] = []
        for one, led in ahead:
            if found.steps >= MOST_STEPS or trio.current_time() > until:
                found.spent = True
                return found
            page = await _step(flux, one, plan)
            found.steps += 1
            if found.steps == 1:
                found.kind, found.value = page.kind, page.value
            found.spent = found.spent or page.more
            for name in _names(page.rows, led, plan, said):
                if name.name in found.names or name.name in {value, *led}:
                    continue
                if len(found.names) >= plan.budget:
                    found.spent = True
                    return found
                found.names[name.name] = name
                further.append((name.name, (*name.path, name.name)[-LONGEST_PATH:]))
        ahead = further
    return found


async def _step(flux: Flux, value: str, plan: Plan) -> Pivot:
    return await flux.pivot(
        value, since=plan.since, until=plan.until, tag=plan.tag, limit=MOST_ROWS, max_tlp=plan.max_tlp
    )


def _names(rows: Sequence[PivotRow], led: tuple[str, ...], plan: Plan, said: Said) -> list[NewName]:
    return [
        NewName(
            name=row.found,
            why=plan.why,
            tags=said.tags,
            note=said.note,
            path=(*led, row.via)[-LONGEST_PATH:] if row.via else led,
            tlp=max(said.tlp, row.tlp),
            by=said.by,
        )
        for row in rows
        if row.kind == Kind.DOMAIN
    ]
