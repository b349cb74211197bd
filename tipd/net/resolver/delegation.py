"""Which servers speak for which zone: what referrals said, for as long as they may be believed, and no more of them.

Times are seconds of the caller's monotonic clock. What was learned of a zone stands apart from what was learned of its
servers' own names, so that glue is used for the delegation it came with and for nothing else (RFC 2181, 5.4.1).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import msgspec

from tipd.net.resolver.bailiwick import ROOT, lineage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tipd.net.resolver.servers import Server

LEAST_TTL, MOST_TTL = 30.0, 3600.0  # seconds; a name-server set that fluxes is seen anew within the hour
LAME_FOR = 300.0  # seconds (RFC 2308, 7: at most five minutes)
MOST_ZONES = 50_000
MOST_HOSTS = 50_000
MOST_SERVERS = 13  # of one zone; more are not needed, and each costs questions
MOST_ADDRESSES = 4  # of one server


class NameServer(msgspec.Struct, frozen=True, gc=False):
    """A server of a zone by name, and its addresses where glue came along; without, they are looked up."""

    name: bytes
    addresses: tuple[str, ...] = ()


class Delegation(msgspec.Struct, eq=False):
    """Who speaks for a zone, since and until when; `lame`: addresses that do not, until when."""

    zone: bytes
    servers: tuple[NameServer, ...]
    until: float
    since: float = 0.0
    lame: dict[str, float] = {}
    order: list[Server] = []  # in which they are asked, until …
    ordered_until: float = 0.0

    def mark_lame(self, address: str, now: float) -> None:
        """Do not ask this address for this zone for a while."""
        self.lame[address] = now + LAME_FOR
        self.ordered_until = 0.0

    def is_lame(self, address: str, now: float) -> bool:
        """Return whether this address did not speak for the zone of late."""
        return self.lame.get(address, 0.0) > now


def believed(ttl: float) -> float:
    """Return for how many seconds something learned with this TTL is kept."""
    return min(max(ttl, LEAST_TTL), MOST_TTL)


class Delegations:
    """Delegations by zone, those not used longest dropped first; the root's stays."""

    def __init__(self, root: Delegation, now: Callable[[], float], most: int = MOST_ZONES) -> None:
        self._root = root
        self._now = now
        self._most = most
        self._zones: OrderedDict[bytes, Delegation] = OrderedDict()

    def __len__(self) -> int:
        return len(self._zones)

    def deepest(self, name: bytes) -> Delegation:
        """Return the delegation of the nearest zone at or above the name."""
        zones, now = self._zones, self._now()
        for ancestor in lineage(name):
            if (found := zones.get(ancestor)) is not None:
                if found.until > now:
                    zones.move_to_end(ancestor)
                    return found
                del zones[ancestor]
        return self._root

    def keep(self, zone: bytes, servers: Iterable[NameServer], ttl: float) -> Delegation:
        """Keep a delegation for its TTL, within bounds, and return it."""
        now = self._now()
        made = Delegation(zone, tuple(servers)[:MOST_SERVERS], now + believed(ttl), now)
        if zone == ROOT:
            return made
        self._zones[zone] = made
        self._zones.move_to_end(zone)
        while len(self._zones) > self._most:
            self._zones.popitem(last=False)
        return made

    def drop(self, delegation: Delegation) -> bool:
        """Forget a delegation that leads nowhere; False where it was not kept (any more)."""
        if self._zones.get(delegation.zone) is not delegation:
            return False
        del self._zones[delegation.zone]
        return True


class Hosts:
    """Addresses of name servers by name, looked up on their own; none: it has none, or nobody could say."""

    def __init__(self, now: Callable[[], float], most: int = MOST_HOSTS) -> None:
        self._now = now
        self._most = most
        self._hosts: OrderedDict[bytes, tuple[tuple[str, ...], float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._hosts)

    def get(self, name: bytes) -> tuple[str, ...] | None:
        """Return the addresses; None where they are to be looked up (again)."""
        found = self._hosts.get(name)
        if found is None:
            return None
        if found[1] <= self._now():
            del self._hosts[name]
            return None
        self._hosts.move_to_end(name)
        return found[0]

    def keep(self, name: bytes, addresses: Iterable[str], ttl: float) -> None:
        """Keep addresses for their TTL, within bounds."""
        self._hosts[name] = tuple(addresses)[:MOST_ADDRESSES], self._now() + believed(ttl)
        self._hosts.move_to_end(name)
        while len(self._hosts) > self._most:
            self._hosts.popitem(last=False)
