"""What lists and other modules say of names that flux, and of the addresses they have: evidence beside the DNS."""

from __future__ import annotations

from contextlib import suppress
from socket import AF_INET, inet_ntop
from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway
from tipd.model.flux import State
from tipd.modules.fastflux.breath import unhurried

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tipd.model.tlp import Tlp
    from tipd.modules.fastflux.needs import Flux, Subject, Tracker

EVERY = 60.0  # seconds
AT_ONCE = 200  # names a question
MOST_ADDRESSES = 32  # of one name
LISTED, LISTED_ADDRESSES = "listed", "listed_addresses"
_ABOVE = frozenset({State.LIKELY, State.CONFIRMED})


class Siblings:
    """`run` looks for ever; what is found goes to the tracker."""

    def __init__(self, flux: Flux, tracker: Tracker) -> None:
        """Nothing was told yet."""
        self._flux = flux
        self._tracker = tracker
        self._told: dict[int, dict[str, int]] = {}  # by name, so that only changes are told

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Look every minute; the store being away is waited for."""
        while True:
            if may():
                with suppress(StoreAway):
                    await self.look()
            await trio.sleep(EVERY)

    async def look(self) -> None:
        """Look at all likely and confirmed names once."""
        subjects = await unhurried(self._tracker.subjects(_ABOVE))
        known = {subject.id for subject in subjects}
        self._told = {name_id: told for name_id, told in self._told.items() if name_id in known}
        for mark in sorted({subject.tlp for subject in subjects}):
            marked = [subject for subject in subjects if subject.tlp == mark]
            for start in range(0, len(marked), AT_ONCE):
                await self._ask(marked[start : start + AT_ONCE], mark)

    async def _ask(self, subjects: Sequence[Subject], mark: Tlp) -> None:
        """Ask about names of one mark: what is counted stands in their verdicts, so stricter sources do not count."""
        addresses = {subject.id: _texts(subject.addresses) for subject in subjects}
        every = sorted({address for texts in addresses.values() for address in texts})
        hits = await self._flux.hits([subject.name for subject in subjects], every, max_tlp=mark)
        for subject in subjects:
            found = {
                LISTED: hits.get(subject.name, 0),
                LISTED_ADDRESSES: sum(1 for address in addresses[subject.id] if hits.get(address)),
            }
            told = {word: number for word, number in found.items() if number}
            if told != self._told.get(subject.id, {}):
                self._told[subject.id] = told
                self._tracker.learn(subject.id, siblings=told)


def _texts(packed: bytes) -> list[str]:
    return [inet_ntop(AF_INET, packed[at : at + 4]) for at in range(0, len(packed), 4)][:MOST_ADDRESSES]
