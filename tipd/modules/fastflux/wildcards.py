"""Zones that answer for any label at all: their names are one, however many a list holds of them.

Found by random labels, at least three, none of which anybody registered: all must have addresses. These questions show
the zone's owner that somebody looks, so they are asked only of names with a tag in `wildcard_tags`. A wildcard speaks
neither for flux nor against it; names of one such zone share their addresses because it is one zone, not because they
belong to one network.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

import trio

from tipd.model.canonical.domain import LONGEST
from tipd.model.dns import A, Outcome
from tipd.model.flux import State
from tipd.modules.fastflux.breath import unhurried

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from tipd.log import Log
    from tipd.modules.fastflux.needs import Resolver, Subject, Tracker
    from tipd.modules.fastflux.settings import FluxSettings

LABELS = 3  # random labels asked for; fewer could be names that are there
LENGTH = 20  # characters of one: 103 bits
AGAIN = 86400.0  # seconds until a zone is tried again
SOON = 600.0  # … where it could not be told
PAUSE = 10.0
SPACING = 0.2  # seconds between two questions
MOST_ZONES = 50_000
_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_WATCHED = frozenset({State.CANDIDATE, State.WATCHED, State.LIKELY, State.CONFIRMED})
_NO = frozenset({Outcome.NXDOMAIN, Outcome.NODATA})


class Zone(NamedTuple):
    """What was found: `wildcard` None where it could not be told; `until`: when it is tried again (trio's clock)."""

    wildcard: bool | None
    until: float


class Wildcards:
    """`run` tries the zones of names that may be tried; `zone_of` says to which wildcard zone a name belongs."""

    def __init__(
        self, resolver: Resolver, tracker: Tracker, settings: FluxSettings, rng: random.Random, log: Log
    ) -> None:
        """Know nothing yet."""
        self._resolver = resolver
        self._tracker = tracker
        self._tags = frozenset(settings.wildcard_tags)
        self._rng = rng
        self._log = log
        self._zones: OrderedDict[str, Zone] = OrderedDict()
        self.questions = 0

    def zone_of(self, name: str, apex: str) -> str | None:
        """Return the wildcard zone that a name is in, the nearest one; None where it is known to be in none."""
        zone = name
        while zone != apex and "." in zone:
            zone = zone.partition(".")[2]
            found = self._zones.get(zone)
            if found is not None and found.wildcard:
                return zone
        return None

    def found(self) -> list[str]:
        """Return the wildcard zones."""
        return [zone for zone, found in self._zones.items() if found.wildcard]

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Try what is due, for ever; nothing at all where no tag allows it."""
        while self._tags:
            subjects = await unhurried(self._tracker.subjects(_WATCHED, tags=self._tags), MOST_ZONES)
            for zone in self._due(subjects):
                if not may():
                    break
                await self.attempt(zone)
            await trio.sleep(PAUSE)

    def _due(self, subjects: Iterable[Subject]) -> list[str]:
        """Return the zones to try: the parents of names that may be tried, and the registrable domains themselves."""
        now = trio.current_time()
        zones: dict[str, None] = {}
        for subject in subjects:
            zone = subject.apex if subject.name == subject.apex else subject.name.partition(".")[2]
            for candidate in (zone, subject.apex):
                known = self._zones.get(candidate)
                if (known is None or now >= known.until) and len(zones) < MOST_ZONES:
                    zones[candidate] = None
        return list(zones)

    async def attempt(self, zone: str) -> bool | None:
        """Ask for random labels; return whether the zone is a wildcard, None where it cannot be told now."""
        verdict = await self._ask(zone)
        self._zones[zone] = Zone(verdict, trio.current_time() + (SOON if verdict is None else AGAIN))
        self._zones.move_to_end(zone)
        while len(self._zones) > MOST_ZONES:
            self._zones.popitem(last=False)
        if verdict:
            self._log.info("a zone answers for any label", zone=zone)
        return verdict

    async def _ask(self, zone: str) -> bool | None:
        if len(zone) + LENGTH + 1 > LONGEST:
            return False
        for _ in range(LABELS):
            label = "".join(self._rng.choices(_ALPHABET, k=LENGTH))
            self.questions += 1
            answer = await self._resolver.query(f"{label}.{zone}", A)
            await trio.sleep(SPACING)
            if answer.outcome in _NO:
                return False
            if answer.outcome is not Outcome.NOERROR or not answer.rdata:
                return None  # trouble, or a policy on the way: it says nothing about the zone
        return True
