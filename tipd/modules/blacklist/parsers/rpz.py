"""`rpz`: a response policy zone as text.

Sources: RFC 1035, section 5 (master files); draft-vixie-dnsop-dns-rpz (triggers, actions, how addresses are written).
A line is a unit. What a line means hangs on lines before it (`$ORIGIN`, an owner left out, round brackets), so where
such stand `begin` writes it out: every unit says all of itself but for the zone's name, which is the mark.
"""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from tipd.modules.blacklist.parsers.named import Named
from tipd.modules.blacklist.parsers.plain import LineParser
from tipd.modules.blacklist.parsers.rows import Rows
from tipd.modules.blacklist.reading.batch import text_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tipd.modules.blacklist.declaration import Source
    from tipd.modules.blacklist.parsers.options_rules import RpzOptions

VERSION = 1
_NAMES = ("trigger", "action", "type")
_ADDRESS = {"rpz-ip": "ip", "rpz-nsip": "nsip", "rpz-client-ip": "client-ip"}
_LISTING = frozenset({"CNAME", "A", "AAAA", "TXT", "MX", "SRV", "PTR", "NAPTR", "HTTPS", "SVCB", "DNAME"})
_ZONE = frozenset({"SOA", "NS", "DNSKEY", "DS", "RRSIG", "NSEC", "NSEC3", "NSEC3PARAM", "CDS", "CDNSKEY", "ZONEMD"})
_ACTIONS = {".": "nxdomain", "*.": "nodata", "rpz-passthru.": "passthru", "rpz-drop.": "drop"}
_ACTIONS["rpz-tcp-only."] = "tcp-only"
_LONGEST_RECORD = 100  # lines
_PASSING = frozenset({"passthru", "tcp-only"})
_TTL = re.compile(r"(?:\d+[smhdw]?)+\Z", re.IGNORECASE | re.ASCII)
_CLASSES = frozenset({"IN", "CH", "HS", "ANY"})
_STATEFUL = (b"$", b"(", b"\n ", b"\n\t", b'"', b"SOA", b"soa")
_COMMENT = re.compile(rb'((?:[^;"]++|"(?:[^"\\]++|\\.)*+")*+);.*', re.DOTALL)
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|([()])', re.DOTALL)


class Rpz(LineParser):
    """Owners of policy records; the record's data says whether it is a listing."""

    def __init__(self, source: Source, options: RpzOptions) -> None:
        """Raise ValueError for fields a zone does not have."""
        super().__init__(options)
        self._beside = Named(source, {}, _NAMES)
        self._kept = bool(source.fields)
        self._triggers = frozenset(options.triggers)
        self._zone = _absolute(options.zone) if options.zone else ""
        self._origin = self._zone
        self._owner = b""
        self._depth = 0
        self._bracketed_lines = 0

    @property
    def mark(self) -> str:
        """The zone's name: owners are below it."""
        return self._zone

    def begin(self, units: list[bytes]) -> list[bytes]:
        """Write out what hangs on other lines."""
        units = super().begin(units)
        joined = b"\n" + b"\n".join(units)
        if not self._depth and self._origin == self._zone and not any(mark in joined for mark in _STATEFUL):
            last = next((words for line in reversed(units) if (words := _bare(line).split())), None)
            self._owner = last[0] if last else self._owner
            return units
        return [self._written_out(line) for line in units]

    def _written_out(self, line: bytes) -> bytes:
        bare = _bare(line)
        if self._depth or b"(" in bare:
            return self._bracketed(line, bare)
        if bare.startswith(b"$"):
            words = bare.split()
            if words[0].upper() == b"$ORIGIN" and len(words) > 1:
                self._origin = _joined(text_of(words[1]), self._origin)
                self._zone = self._zone or self._origin
            return b"" if words[0].upper() in (b"$ORIGIN", b"$TTL") else bare
        if not bare.strip():
            return b""
        if bare[:1] in (b" ", b"\t"):
            bare = self._owner + bare
        owner, rest = [*bare.split(None, 1), b""][:2]
        self._owner = owner
        self._learn_zone(owner, rest)
        if owner == b"@" or self._origin != self._zone:
            return _joined(text_of(owner), self._origin).encode() + b" " + rest
        return bare

    def _bracketed(self, line: bytes, bare: bytes) -> bytes:
        """A record over several lines is the zone's own (SOA): the policy's are short."""
        self._bracketed_lines = self._bracketed_lines + 1 if self._depth else 0
        if not self._bracketed_lines:
            owner, rest = [*bare.split(None, 1), b""][:2]
            self._learn_zone(owner, rest)
        elif self._bracketed_lines > _LONGEST_RECORD:  # a bracket that nobody closes shall not swallow the zone
            self._depth = 0
            return line
        for match in _BRACKETS.finditer(bare):
            self._depth = max(0, self._depth + {b"(": 1, b")": -1}.get(match[1], 0))
        return b""

    def _learn_zone(self, owner: bytes, rest: bytes) -> None:
        if not self._zone and b"SOA" in rest.upper().split():
            name = text_of(owner)
            if name.endswith(".") and name != ".":
                self._zone = self._origin = _absolute(name)

    def parse(self, units: Sequence[bytes]) -> Rows:
        """Return the value of each policy record."""
        rows = Rows(contexts=[] if self._kept else None)
        for place, line in enumerate(units):
            words = text_of(_bare(line)).split()
            if not words:
                rows.blank += 1
                continue
            kind, target = _record(words)
            if kind in _ZONE:
                rows.blank += 1
            elif kind not in _LISTING:
                rows.refused.append((place, "malformed"))
            else:
                self._policy(place, words[0], kind, target, rows)
        return rows

    def _policy(self, place: int, owner: str, kind: str, target: str, rows: Rows) -> None:
        name = self._below_zone(owner.lower())
        trigger, value = _trigger(name)
        action = _ACTIONS.get(target.lower(), "redirect") if kind == "CNAME" else "data"
        if action == "redirect" and target.lower().rstrip(".") == name:
            action = "passthru"  # as it was written before there was a word for it
        said = {"trigger": trigger, "action": action, "type": kind}
        if trigger not in self._triggers or action in _PASSING or not name or not self._beside.passes(said.get):
            rows.filtered += 1
        elif not value:
            rows.refused.append((place, "malformed"))
        else:
            rows.add(place, value.encode(), self._beside.context(said.get))

    def _below_zone(self, owner: str) -> str:
        if not owner.endswith("."):
            return "" if owner == "@" else owner
        name = owner[:-1]
        zone = self._zone[:-1]
        return "" if name == zone else name.removesuffix(f".{zone}") if zone else name


def _bare(line: bytes) -> bytes:
    """Return a line without its comment."""
    if b";" not in line:
        return line
    match = _COMMENT.fullmatch(line)
    return match[1] if match else line


def _absolute(name: str) -> str:
    return name.lower().rstrip(".") + "."


def _joined(name: str, origin: str) -> str:
    """Return an absolute name."""
    if name == "@":
        return origin or "@"
    return name if name.endswith(".") or not origin else f"{name}.{origin}"


def _record(words: list[str]) -> tuple[str, str]:
    """Return a record's type and the first word of its data, past TTL and class."""
    for place, word in enumerate(words[1:4], 1):
        upper = word.upper()
        if upper in _CLASSES or _TTL.match(word):
            continue
        return upper, words[place + 1] if place + 1 < len(words) else ""
    return "", ""


def _trigger(name: str) -> tuple[str, str]:
    """Return what of a packet the owner is about, and the indicator; an empty one cannot be read."""
    head, _, last = name.rpartition(".")
    if last in _ADDRESS:
        return _ADDRESS[last], _network(head)
    if last == "rpz-nsdname":
        return "nsdname", head.removeprefix("*.")
    return "qname", name.removeprefix("*.")


def _network(text: str) -> str:
    """Return `32.7.100.51.198` as 198.51.100.7, `48.zz.db8.2001` as 2001:db8::/48; empty where it is neither."""
    prefix, *parts = text.split(".")
    if len(parts) == 4 and "zz" not in parts:
        address = ".".join(reversed(parts))
    else:
        groups = ["" if part == "zz" else part for part in reversed(parts)]
        address = ":".join(groups)
        if groups and not groups[0]:
            address = f":{address}"
        if groups and not groups[-1]:
            address += ":"
    try:
        network = ipaddress.ip_network(f"{address}/{prefix}", strict=False)
    except ValueError:
        return ""
    return str(network.network_address if network.prefixlen == network.max_prefixlen else network)
