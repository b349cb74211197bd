"""Walks that go on by themselves: from names that came by `--follow`, and from names with a tag in `follow_tags`.

A name leads on once it is likely or confirmed, and again when it has had further addresses. What is found is watched
like any other name, with the path that led to it; where it fluxes too, it leads on in its turn, until depth or budget,
both counted from where the walk began, are spent.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway
from tipd.model.flux import NewName, State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.breath import unhurried
from tipd.modules.fastflux.follow import walk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.log import Log
    from tipd.model.tracked import TrackedDetail
    from tipd.modules.fastflux.needs import Flux, Subject, Tracker
    from tipd.modules.fastflux.settings import FluxSettings

FOLLOW = "follow"
EVERY = 30.0  # seconds
MOST_WALKS = 20  # in one go: each is some look-ups in the store
LONGEST_PATH = 20
_ABOVE = frozenset({State.LIKELY, State.CONFIRMED})


class Following:
    """`run` looks for ever."""

    def __init__(self, flux: Flux, tracker: Tracker, settings: FluxSettings, log: Log) -> None:
        """Nothing was walked yet."""
        self._flux = flux
        self._tracker = tracker
        self._tags = frozenset(settings.follow_tags)
        self._budget = settings.follow_budget
        self._depth = settings.follow_depth
        self._log = log
        self._walked: dict[int, int] = {}  # name -> how many addresses it had had when it was looked at
        self.found = 0

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Look every half minute; the store being away is waited for."""
        while True:
            await trio.sleep(EVERY)
            if may():
                with suppress(StoreAway):
                    await self.look()

    async def look(self) -> None:
        """Go on from some of the names that have had addresses they had not had when they were looked at."""
        subjects = await unhurried(self._tracker.subjects(_ABOVE))
        known = {subject.id for subject in subjects}
        self._walked = {name_id: number for name_id, number in self._walked.items() if name_id in known}
        due = [each for each in subjects if len(self._tracker.distinct(each.id)) > self._walked.get(each.id, -1)]
        for subject in due[:MOST_WALKS]:
            number = len(self._tracker.distinct(subject.id))
            await self._go_on(subject)
            self._walked[subject.id] = number

    async def _go_on(self, subject: Subject) -> None:
        detail = await self._flux.get(subject.name, max_tlp=Tlp.RED)
        if detail is None or not self._leads_on(subject, detail):
            return
        path = detail.row.path
        root = path[0] if path else subject.name
        if steps_of(path) >= self._depth:
            return
        budget = self._budget - await self._flux.followed(root)
        if budget <= 0:
            self._log.info("a walk has spent its budget", root=root)
            return
        walked = await walk(self._flux, subject.name, budget=budget, depth=1, max_tlp=Tlp.RED, tlp=subject.tlp)
        names = [
            NewName(
                name=one.name,
                why=FOLLOW,
                tags=tuple(sorted(self._tags.intersection(subject.tags))),
                path=(*path, *one.path[:-1])[-LONGEST_PATH:],
                tlp=one.tlp,
                by="tracker",
            )
            for one in walked.found
        ]
        await self._add(names, root)

    def _leads_on(self, subject: Subject, detail: TrackedDetail) -> bool:
        return not self._tags.isdisjoint(subject.tags) or any(origin.why == FOLLOW for origin in detail.origins)

    async def _add(self, names: Sequence[NewName], root: str) -> None:
        if not names:
            return
        added = await self._flux.add(names)
        self.found += len(added.new)
        if added.new:
            self._log.info("a walk put names under watch", root=root, names=len(added.new))


def steps_of(path: Sequence[str]) -> int:
    """Return how many steps a path has: it holds the values that led to a name, two a step."""
    return (len(path) + 1) // 2
