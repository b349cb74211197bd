"""Scripts that answer from zones as a right-minded server does: authority, referrals with glue, negative answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import dns.name
import dns.rdata

from support.dns.responder import Script
from support.dns.wire import AA, NXDOMAIN, QR, RD, REFUSED, Asked, a, record, reply, soa
from tipd.model.dns import AAAA, CNAME, NS, A, wire_name


@dataclass
class Zone:
    """A zone's records by name and type; `lines` are `name [ttl] type data`, names in full without the last dot."""

    name: str
    lines: Sequence[str]
    minimum: int = 60
    records: dict[tuple[str, int], list[bytes]] = field(default_factory=dict)
    targets: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for line in self.lines:
            self._take(line.split())

    def _take(self, words: list[str]) -> None:
        name, *rest = words
        ttl = int(rest.pop(0)) if rest[0].isdigit() else 60
        kind, value = rest[0], " ".join(rest[1:])
        rtype = {"A": A, "AAAA": AAAA, "NS": NS, "CNAME": CNAME, "MX": 15, "TXT": 16}[kind]
        if rtype in (A, AAAA):
            made = a(name, value, ttl=ttl)[0]
        elif rtype in (NS, CNAME):
            made = record(name, rtype, wire_name(value), ttl)
        else:
            made = record(name, rtype, _other(kind, value), ttl)
        self.records.setdefault((name, rtype), []).append(made)
        self.targets.setdefault((name, rtype), []).append(value)

    def cut(self, name: str) -> str | None:
        """Return the name of the delegation that the name is in, the highest one."""
        labels = name.split(".")
        for first in range(len(labels) - 1, -1, -1):
            above = ".".join(labels[first:])
            if above != self.name and _within(above, self.name) and (above, NS) in self.records:
                return above
        return None

    def has(self, name: str) -> bool:
        return any(_within(each, name) for each, _rtype in self.records)


def _other(kind: str, value: str) -> bytes:
    return dns.rdata.from_text("IN", kind, value, origin=dns.name.root, relativize=False).to_wire() or b""


def _within(name: str, zone: str) -> bool:
    return zone in {"", "."} or name == zone or name.endswith(f".{zone}")


def authority(*zones: Zone) -> Script:
    """Answer for these zones with authority; refuse for all others."""

    def answer(asked: Asked) -> bytes:
        held = [zone for zone in zones if _within(asked.name, zone.name)]
        if not held:
            return reply(asked, rcode=REFUSED, flags=QR | (asked.flags & RD))
        return _answer(asked, max(held, key=lambda zone: len(zone.name.strip("."))))

    return answer


def _answer(asked: Asked, zone: Zone) -> bytes:
    flags = QR | (asked.flags & RD)
    if (cut := zone.cut(asked.name)) is not None:
        targets = zone.targets[cut, NS]
        glue = [each for target in targets for rtype in (A, AAAA) for each in zone.records.get((target, rtype), [])]
        return reply(asked, [], zone.records[cut, NS], glue, flags=flags)
    answers: list[bytes] = []
    name = asked.name
    while (name, CNAME) in zone.records and asked.rtype != CNAME and len(answers) < 64:
        answers += zone.records[name, CNAME]
        name = zone.targets[name, CNAME][0]
    found = zone.records.get((name, asked.rtype), [])
    if found or not _within(name, zone.name):
        return reply(asked, [*answers, *found], flags=flags | AA)
    code = 0 if zone.has(name) else NXDOMAIN
    return reply(asked, answers, [soa(zone.name, zone.minimum, zone.minimum)], rcode=code, flags=flags | AA)
