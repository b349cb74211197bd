"""Name servers by address: which of them may be asked, and what is known of those that were.

An address learned from DNS is vetted before a socket is connected to it: a hostile zone names our own network, or this
machine, as its name server. What `[net] allow_networks` names may be asked.
"""

from __future__ import annotations

import contextlib
import socket
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from tipd.net.resolver.upstream import Upstream

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable

    from tipd.net.guard import Guard

MOST_SERVERS = 20_000
MOST_IN_FLIGHT = 100  # questions to one server
PORTS = 2  # sockets to one server at once
DEAF_AFTER = 6  # questions lost since the last answer
DEAF_FOR, DEAF_FOR_LONGEST = 10.0, 300.0  # seconds, doubled each time
REFUSED_FOR = 300.0  # seconds until an address that was ours, or out of reach, is looked at again
UNKNOWN_ROUND_TRIP = 0.05  # seconds: those never asked come before the far ones


class Server:
    """A name server that may be asked, and whether it answers at all."""

    __slots__ = ("_answered", "_lost", "_spells", "deaf_until", "key", "upstream")

    def __init__(self, key: str, upstream: Upstream) -> None:
        self.key, self.upstream = key, upstream
        self._answered = self._lost = self._spells = 0
        self.deaf_until = 0.0

    def deaf(self, now: float) -> bool:
        """Return whether it is left alone for now, since nothing of what it was asked lately was answered.

        When the while is over, one lost question is enough for a longer one.
        """
        asked = self.upstream
        if asked.answered != self._answered:
            self._answered, self._lost, self._spells, self.deaf_until = asked.answered, asked.lost, 0, 0.0
        elif now >= self.deaf_until and asked.lost - self._lost >= DEAF_AFTER:
            self.deaf_until = now + min(DEAF_FOR * 2**self._spells, DEAF_FOR_LONGEST)
            self._spells = min(self._spells + 1, 8)
            self._lost = asked.lost - DEAF_AFTER + 1
        return self.deaf_until > now


class Servers:
    """All name servers known, those not used longest dropped first. Keys: addresses; of the roots, `address#port`."""

    def __init__(
        self,
        guard: Guard,
        port: int,
        rate: float,
        now: Callable[[], float],
        rng: random.Random,
        *,
        most: int = MOST_SERVERS,
    ) -> None:
        self._guard, self._port, self._rate = guard, port, rate
        self._now, self._rng, self._most = now, rng, most
        self._known: OrderedDict[str, Server | float] = OrderedDict()  # a time: refused until then
        self._trusted: dict[str, Server] = {}
        self.refused = 0

    def __len__(self) -> int:
        return len(self._known) + len(self._trusted)

    def trust(self, servers: Iterable[tuple[str, int]]) -> tuple[str, ...]:
        """Take servers that the operator named, as they are, and return their keys."""
        for address, port in servers:
            key = f"{address}#{port}"
            self._trusted.setdefault(key, Server(key, self._upstream(address, port)))
        return tuple(self._trusted)

    def get(self, key: str) -> Server | None:
        """Return the server; None where it must not, or cannot, be asked."""
        if (trusted := self._trusted.get(key)) is not None:
            return trusted
        known = self._known.get(key)
        if isinstance(known, Server):
            self._known.move_to_end(key)
            return known
        if known is not None and known > self._now():
            return None
        made: Server | float = self._now() + REFUSED_FOR
        if self._may(key):
            made = Server(key, self._upstream(key, self._port))
        else:
            self.refused += 1
        self._known[key] = made
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return made if isinstance(made, Server) else None

    def _upstream(self, address: str, port: int) -> Upstream:
        own = self._guard.names(address)  # the operator's own: as much as it answers
        return Upstream(address, port, rate=0.0 if own else self._rate, most=MOST_IN_FLIGHT, ports=PORTS)

    def _may(self, address: str) -> bool:
        if self._guard.reason(address) is not None:
            return False
        return self._guard.names(address) or not _ours_or_away(address, self._port)

    def order(self, servers: Iterable[Server]) -> list[Server]:
        """Return those that are not deaf in the order to be asked: the near ones first, others now and then."""
        now = self._now()
        return sorted((server for server in servers if not server.deaf(now)), key=self._rank)

    def _rank(self, server: Server) -> float:
        asked = server.upstream
        far = 2.0 if ":" in asked.address and not asked.answered else 0.0  # many machines have no IPv6
        missed = 0.5 * (asked.lost - asked.answered) if asked.lost > asked.answered else 0.0
        return (asked.round_trip or UNKNOWN_ROUND_TRIP) * self._rng.uniform(0.5, 1.5) + far + missed

    def facts(self) -> dict[str, Any]:
        """Return counts for people."""
        now = self._now()
        known = [each for each in (*self._known.values(), *self._trusted.values()) if isinstance(each, Server)]
        deaf = sum(each.deaf(now) for each in known)
        return {"servers": len(known), "deaf": deaf, "addresses_refused": self.refused}


def _ours_or_away(address: str, port: int) -> bool:
    """Return whether the address is one of this machine's, or out of its reach.

    Connecting a datagram socket sends nothing; where the far end is this machine, both ends have one address.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            probe.connect((address, port))
            return bool(probe.getsockname()[0] == address)
        except OSError:
            return True
