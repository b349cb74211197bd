"""Networks of names: which likely and confirmed names share addresses, told when a network grows.

All addresses that are remembered of a name count, but those of CDNs, pools, parking places and sinkholes. Names of one
wildcard zone are one name: they share their addresses because they are one zone.
"""

from __future__ import annotations

from contextlib import suppress
from socket import AF_INET, inet_ntop
from typing import TYPE_CHECKING

import trio

from tipd.errors import StoreAway
from tipd.model.finding import NewFinding
from tipd.model.flux import NETWORK, State
from tipd.model.indicator import Indicator
from tipd.model.kind import Kind
from tipd.modules.fastflux.breath import unhurried
from tipd.modules.fastflux.scores.networks import Member, networks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from tipd.modules.fastflux.knowledge.knowledge import Knowledge
    from tipd.modules.fastflux.needs import Flux, Subject, Tracker
    from tipd.modules.fastflux.scores.networks import Network, Networks

MOST_NAMES = 100  # and addresses of one finding
_ABOVE = frozenset({State.LIKELY, State.CONFIRMED})


class Kinship:
    """`run` looks for ever; `told` takes findings. `knowledge` may be exchanged."""

    def __init__(
        self,
        flux: Flux,
        tracker: Tracker,
        knowledge: Knowledge,
        *,
        every: float,
        zone_of: Callable[[str, str], str | None],
        tell: Callable[[Sequence[NewFinding]], None],
    ) -> None:
        """`zone_of(name, apex)`: the wildcard zone that a name is in, or None; `every`: seconds."""
        self.knowledge = knowledge
        self._flux = flux
        self._tracker = tracker
        self._every = every
        self._zone_of = zone_of
        self._tell = tell
        self._groups: list[tuple[int, ...]] | None = None  # as they were stored last
        self._sharing: dict[int, tuple[int, int]] = {}  # as the tracker was told
        self.networks = 0

    async def run(self, may: Callable[[], bool] = lambda: True) -> None:
        """Look every so often; the store being away is waited for."""
        while True:
            await trio.sleep(self._every)
            if may():
                with suppress(StoreAway):
                    await self.look()

    async def look(self) -> None:
        """Find the networks there are now; store and tell what is new about them."""
        subjects = {subject.id: subject for subject in await unhurried(self._tracker.subjects(_ABOVE))}
        zones = self._zones(subjects.values())
        found = await self._found(zones)
        await self._share(found, zones, subjects)
        whole = {ids[0]: ids for ids in zones}
        groups = [
            tuple(sorted(name_id for first in network.members for name_id in whole[first]))
            for network in found.networks
        ]
        self.networks = len(groups)
        if groups == self._groups:
            return
        joined = await self._flux.join(groups)
        self._groups = groups
        told = [
            self._finding(one.network, ids, set(one.joined), network, subjects)
            for one, ids, network in zip(joined, groups, found.networks, strict=True)
            if one.joined
        ]
        self._tell(told)

    async def _found(self, zones: list[list[int]]) -> Networks:
        members = await unhurried(Member(ids[0], self._tracker.distinct(ids[0])) for ids in zones)
        return await trio.to_thread.run_sync(self._find, members)

    def _find(self, members: list[Member]) -> Networks:
        """Find them, in a thread: ten thousand names of some hundred addresses each take a second."""
        return networks_of(members, skip=self._says_nothing)

    def _says_nothing(self, number: int) -> bool:
        return self.knowledge.of_address(number.to_bytes(4)) is not None

    def _zones(self, subjects: Iterable[Subject]) -> list[list[int]]:
        """Return names by what counts as one: those of a wildcard zone together, each other alone."""
        zones: dict[str, list[int]] = {}
        for subject in subjects:
            zone = self._zone_of(subject.name, subject.apex)
            zones.setdefault(f"*.{zone}" if zone else subject.name, []).append(subject.id)
        return [sorted(ids) for ids in zones.values()]

    async def _share(self, found: Networks, zones: list[list[int]], subjects: dict[int, Subject]) -> None:
        """Tell the tracker of whom each name shares addresses with, where that changed.

        What is told stands in the name's verdict: only names count that whoever may see this one may see as well.
        """
        now: dict[int, tuple[int, int]] = {}
        marks = sorted({subject.tlp for subject in subjects.values()})
        for mark in marks:
            if mark < marks[-1]:
                zones_seen = self._zones(subject for subject in subjects.values() if subject.tlp <= mark)
                seen = await self._found(zones_seen)
            else:
                zones_seen, seen = zones, found
            for ids in zones_seen:
                sharing = seen.sharing.get(ids[0])
                if sharing is not None and sharing.addresses:
                    own = [name_id for name_id in ids if subjects[name_id].tlp == mark]
                    now |= dict.fromkeys(own, (sharing.addresses, sharing.names))
        for name_id in now.keys() | self._sharing.keys():
            shared = now.get(name_id, (0, 0))
            if shared != self._sharing.get(name_id, (0, 0)):
                self._tracker.learn(name_id, shared=shared[0], shared_names=shared[1])
        self._sharing = now

    def _finding(
        self, number: int, ids: Sequence[int], joined: set[int], network: Network, subjects: dict[int, Subject]
    ) -> NewFinding:
        """Return what is told of a network; it names names, so it is marked as the most secret of these."""
        named = sorted(ids, key=lambda name_id: (name_id not in joined, name_id))[:MOST_NAMES]
        shown = [subjects[name_id] for name_id in named]
        return NewFinding(
            kind=NETWORK,
            module="fastflux",
            subject=Indicator(Kind.DOMAIN, shown[0].name),
            data={
                "network": number,
                "names": sorted(subject.name for subject in shown),
                "joined": sorted(subject.name for subject in shown if subject.id in joined),
                "shared": [inet_ntop(AF_INET, address.to_bytes(4)) for address in network.shared[:MOST_NAMES]],
                "size": len(ids),
                "tags": sorted({tag for subject in shown for tag in subject.tags}),
            },
            tlp=max(subjects[name_id].tlp for name_id in ids),  # its size and its addresses tell of all
        )
