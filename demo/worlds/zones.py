"""The tree of zones: root, top-level domains, what the script says, and a crowd of ordinary names.

Ordinary names (`word-123.example`, `….test`) need no line in the script: each is a zone of its own with one host.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.worlds import space
from demo.worlds.behaviour import Hosted, Look, Steady, chance
from demo.worlds.wire import Record, Reply, address_bytes, soa_bytes
from tipd.model.dns import CNAME, NS, SOA, A, text_name, wire_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from demo.worlds.behaviour import Behaviour, Moment

NEGATIVE_TTL = 5  # seconds
REFUSED, SERVFAIL, NXDOMAIN = 5, 2, 3
# Where servers listen, all on one port. Glue leads here; what the DNS says of name servers otherwise is public.
ROOT, TLDS, ZONES = "127.0.53.1", "127.0.53.2", ("127.0.53.3", "127.0.53.4")
_CROWD = re.compile(r"[a-z]+-\d+\.(?:example|test)")


@dataclass(frozen=True)
class Servers:
    """A zone's name servers: `shown` of `names` at a time, others each `ttl`; `homes`: where they live, seen publicly.

    `at`: the loopback addresses where they are asked, in the names' order, over and over.
    """

    names: tuple[str, ...]
    shown: int
    ttl: int = 30
    homes: Behaviour = field(default_factory=lambda: Hosted(space.HOSTED, 30))
    at: tuple[str, ...] = ZONES

    def now(self, zone: str, moment: Moment) -> tuple[str, ...]:
        """Return the names of this time."""
        if self.shown == len(self.names):
            return self.names
        return tuple(chance(self.names, self.shown, self.ttl, zone, moment))

    def near(self, name: str) -> str:
        """Return the loopback address of one."""
        return self.at[self.names.index(name) % len(self.at)]


@dataclass(frozen=True)
class Zone:
    """One zone. `hosts`: full names; `wildcard` answers for all others below it."""

    name: str
    servers: Servers
    hosts: Mapping[str, Behaviour] = field(default_factory=dict)
    wildcard: Behaviour | None = None

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return what it holds, name servers as the public sees them."""
        if name == self.name and rtype in {NS, SOA}:
            return self._own(rtype, moment)
        if name in self.servers.names:
            return self.servers.homes.look(name, rtype, moment)
        if (behaviour := self.hosts.get(name)) is not None:
            return behaviour.look(name, rtype, moment)
        if name == self.name or any(host.endswith(f".{name}") for host in (*self.hosts, *self.servers.names)):
            return Look(ttl=NEGATIVE_TTL)
        if self.wildcard is not None:
            return self.wildcard.look(name, rtype, moment)
        return Look(ttl=NEGATIVE_TTL, exists=False)

    def _own(self, rtype: int, moment: Moment) -> Look:
        if rtype == SOA:
            return Look((soa_bytes(self.name, int(moment.now), NEGATIVE_TTL),), NEGATIVE_TTL, SOA)
        names = self.servers.now(self.name, moment)
        return Look(tuple(map(wire_name, names)), self.servers.ttl, NS)


def usual(zone: str) -> Servers:
    """Return two name servers inside the zone, as most have."""
    return Servers((f"ns1.{zone}", f"ns2.{zone}"), 2)


class Tree:
    """All zones; `crowd_ttl` is that of ordinary names, `crowd_gone` the share of them that is not there any more."""

    def __init__(self, zones: Iterable[Zone], *, crowd_ttl: int = 20, crowd_gone: float = 0.2) -> None:
        """Hang the zones into a tree of the top-level domains they need."""
        self._zones = {zone.name: zone for zone in zones}
        for tld in sorted({name.rpartition(".")[2] for name in self._zones} | {"example", "test"}):
            self._zones.setdefault(tld, Zone(tld, Servers((f"ns.{tld}",), 1, at=(TLDS,))))
        self._zones[""] = Zone("", Servers(("a.root-servers.example",), 1, at=(ROOT,)))
        self._crowd = Hosted(space.HOSTED, crowd_ttl, crowd_gone)

    def chain(self, name: str) -> list[Zone]:
        """Return the zones that hold the name, the deepest first, the root last."""
        found, rest = [], name
        while rest:
            if (zone := self._zones.get(rest)) is not None:
                found.append(zone)
            elif _CROWD.fullmatch(rest):
                found.append(Zone(rest, usual(rest), {rest: self._crowd}))
            rest = rest.partition(".")[2]
        return [*found, self._zones[""]]

    def look(self, name: str, rtype: int, moment: Moment) -> Look:
        """Return what the zone that holds the name says; what resolvers come to know."""
        return self.chain(name)[0].look(name, rtype, moment)

    def asked_at(self, server: str, name: str, rtype: int, moment: Moment) -> Reply:
        """Return what the server at this loopback address says: an answer, a referral, or that it is none of its."""
        chain = self.chain(name)
        for depth, zone in enumerate(chain):
            if server in zone.servers.at:
                return _referral(chain[depth - 1], moment) if depth else _answer(zone, name, rtype, moment)
        return Reply(REFUSED)

    def addresses(self) -> set[str]:
        """Return where servers must listen."""
        return {address for zone in self._zones.values() for address in zone.servers.at} | set(ZONES)


def _referral(zone: Zone, moment: Moment) -> Reply:
    names = zone.servers.now(zone.name, moment)
    servers = tuple(Record(zone.name, NS, zone.servers.ttl, wire_name(name)) for name in names)
    glue = tuple(Record(name, A, zone.servers.ttl, address_bytes(zone.servers.near(name))) for name in names)
    return Reply(authority=servers, additional=glue)


def _answer(zone: Zone, name: str, rtype: int, moment: Moment) -> Reply:
    look = zone.look(name, rtype, moment)
    if name in zone.servers.names:  # where one can be asked, not where the public would look
        look = Steady((zone.servers.near(name),), zone.servers.ttl).look(name, rtype, moment)
    if look.fails:
        return Reply(SERVFAIL)
    answer = records(name, look)
    if look.rtype == CNAME and rtype != CNAME:
        target = text_name(look.rdatas[0])
        if target in zone.hosts:
            answer += records(target, zone.hosts[target].look(target, rtype, moment))
    soa = () if answer else (soa_record(zone, moment),)
    return Reply(0 if look.exists else NXDOMAIN, answer, soa, authoritative=True)


def records(name: str, look: Look) -> tuple[Record, ...]:
    """Return a look as records of the name."""
    return tuple(Record(name, look.rtype, look.ttl, rdata) for rdata in look.rdatas)


def soa_record(zone: Zone, moment: Moment, ttl: int = NEGATIVE_TTL) -> Record:
    """Return the zone's SOA record, which goes with what is not there (RFC 2308)."""
    return Record(zone.name, SOA, ttl, soa_bytes(zone.name, int(moment.now), NEGATIVE_TTL))
