"""How a name's records come about: pure functions of the time, the place that asks, and a seed.

Times are seconds since the world began. A TTL is also the pace at which a zone changes: what it says at one time holds
until the next whole multiple.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

from demo.worlds.wire import address_bytes
from tipd.model.dns import AAAA, CNAME, A, wire_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Moment(NamedTuple):
    """When and from where somebody looks; `seed` says which of all possible worlds this is."""

    now: float
    region: str = ""
    seed: str = "0"


class Look(NamedTuple):
    """What a zone holds for a name and a type. `exists` false: the name itself is not there; `fails`: SERVFAIL."""

    rdatas: tuple[bytes, ...] = ()
    ttl: int = 5
    rtype: int = A
    exists: bool = True
    fails: bool = False


class Behaviour(Protocol):
    """What stands behind a name."""

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return the records of a type."""
        ...


@dataclass(frozen=True)
class Steady:
    """Always the same addresses; none: the name is there and holds no address."""

    addresses: tuple[str, ...] = ()
    ttl: int = 3

    def look(self, _name: str, rtype: int, _moment: Moment) -> Look:
        """Return them all."""
        return _of(self.addresses, rtype, self.ttl)


@dataclass(frozen=True)
class Rotating:
    """Each time some others out of a pool, by chance: a botnet's machines, a CDN's edges, volunteers."""

    pool: tuple[str, ...]
    shown: int
    ttl: int
    pool6: tuple[str, ...] = ()

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return those of this time."""
        chosen = chance(self.pool, self.shown, self.ttl, name, moment)
        chosen6 = chance(self.pool6, self.shown, self.ttl, name, moment)
        return _of((*chosen, *chosen6), rtype, self.ttl)


@dataclass(frozen=True)
class RoundRobin:
    """All of them, another first each time."""

    addresses: tuple[str, ...]
    ttl: int

    def look(self, _name: str, rtype: int, moment: Moment) -> Look:
        """Return them in this time's order."""
        turn = int(moment.now // self.ttl) % len(self.addresses)
        return _of((*self.addresses[turn:], *self.addresses[:turn]), rtype, self.ttl)


@dataclass(frozen=True)
class Alias:
    """Another name stands for it."""

    target: str
    ttl: int

    def look(self, _name: str, _rtype: int, _moment: Moment) -> Look:
        """Return the CNAME, whatever was asked for."""
        return Look((wire_name(self.target),), self.ttl, CNAME)


@dataclass(frozen=True)
class ByRegion:
    """Who asks from elsewhere is told something else; `""` is for who asks from nowhere known."""

    regions: Mapping[str, Behaviour]

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return what is said to that region."""
        return self.regions.get(moment.region, self.regions[""]).look(name, rtype, moment)


@dataclass(frozen=True)
class Stages:
    """One after the other: pairs of when it ends (seconds) and what there is until then; None: the name is gone."""

    stages: Sequence[tuple[float, Behaviour | None]]
    ttl: int = 5

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return what this stage says; after the last one that stays."""
        behaviour = next((stage for end, stage in self.stages if moment.now < end), self.stages[-1][1])
        return Look(exists=False, ttl=self.ttl) if behaviour is None else behaviour.look(name, rtype, moment)


@dataclass(frozen=True)
class Broken:
    """A server that cannot answer for it."""

    def look(self, _name: str, _rtype: int, _moment: Moment) -> Look:
        """Fail."""
        return Look(fails=True)


@dataclass(frozen=True)
class Hosted:
    """A customer of a hosting company: one address for good, chosen by the name; some are not there any more."""

    pool: tuple[str, ...]
    ttl: int
    gone: float = 0.0

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return its one address."""
        rng = random.Random(f"{moment.seed}/{name}")
        if rng.random() < self.gone:
            return Look(exists=False, ttl=self.ttl)
        return _of((rng.choice(self.pool),), rtype, self.ttl)


def chance(pool: tuple[str, ...], count: int, ttl: int, name: str, moment: Moment) -> list[str]:
    """Return `count` of the pool: the same for the same name, seed and time, others when the TTL is over."""
    rng = random.Random(f"{moment.seed}/{name}/{int(moment.now // ttl)}")
    return rng.sample(pool, min(count, len(pool)))


def _of(addresses: Sequence[str], rtype: int, ttl: int) -> Look:
    """Return those addresses that are of the type."""
    wanted = {A: False, AAAA: True}.get(rtype)
    found = (address for address in addresses if (":" in address) is wanted)
    return Look(tuple(map(address_bytes, found)), ttl, rtype)
