"""The operator's allowlist: what is listed and shall not count, and why. Pure.

An entry covers its own value, and: of a network every address and narrower network inside it; of an address or a name
the URLs on it; of a name every name below it. A network wider than what is allowed inside it is not covered: it is
carved. An e-mail address is covered by itself only: who answers for a name does not answer for every mailbox there.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from tipd.model.canonical import canonical
from tipd.model.canonical.address import Block, blocks_of_range, parse_address, parse_block
from tipd.model.canonical.bogon import why_refused as why_network_refused
from tipd.model.canonical.domain import why_refused as why_name_refused
from tipd.model.canonical.reading import indicator_of_block
from tipd.model.canonical.url import host_of
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_INET = frozenset({Kind.IPV4, Kind.IPV6, Kind.NETWORK})
# A fingerprint of a certificate looks like a file's hash: whoever allows one means either.
_SAME = {Kind.CERT_SHA1: Kind.SHA1, Kind.CERT_SHA256: Kind.SHA256}


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """One entry: whose word it is, why, and until when (None: until it is removed)."""

    kind: Kind
    value: str
    reason: str
    by: str
    created: datetime
    until: datetime | None = None


def readable(text: str) -> Indicator:
    """Return what an entry may name. Raises RefusedValue: as `canonical`, `too_wide`, `public_suffix`.

    Private addresses may be allowed; a network too wide to be listed, or all names of a registry, may not.
    """
    indicator = canonical(text, poison=False)
    reason = None
    if indicator.kind is Kind.NETWORK:
        reason = "too_wide" if why_network_refused(_block(indicator.value)) == "too_wide" else None
    elif indicator.kind is Kind.DOMAIN:
        reason = "public_suffix" if why_name_refused(indicator.value) == "public_suffix" else None
    if reason:
        raise RefusedValue(reason, text)
    return indicator


@dataclass(frozen=True, slots=True)
class AllowList:
    """Entries that hold now: immutable, replaced whole. What has come to its `until` must be left out of it."""

    entries: tuple[Allowance, ...] = ()
    _others: dict[tuple[Kind, str], Allowance] = field(default_factory=dict, repr=False, compare=False)
    _networks: dict[int, _Family] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, entries: Iterable[Allowance]) -> AllowList:
        """Return a list of these."""
        entries = tuple(entries)
        inet = [(_block(entry.value), entry) for entry in entries if entry.kind in _INET]
        networks = {bits: _Family.of(bits, inet) for bits in {block.bits for block, _ in inet}}
        others = {(_SAME.get(entry.kind, entry.kind), entry.value): entry for entry in entries}
        return cls(entries, others, networks)

    def __bool__(self) -> bool:
        return bool(self.entries)

    def at(self, now: datetime) -> AllowList:
        """Return the list without what has come to its end; itself where nothing has."""
        ends = self.ends
        if ends is None or ends > now:
            return self
        return AllowList.of(entry for entry in self.entries if entry.until is None or entry.until > now)

    @property
    def ends(self) -> datetime | None:
        """When the next entry comes to its end; None: none will."""
        return min((entry.until for entry in self.entries if entry.until is not None), default=None)

    def covers(self, kind: Kind, value: str) -> bool:
        """Say whether this indicator, in canonical form, is allowed."""
        return self.covering(kind, value) is not None

    def covering(self, kind: Kind, value: str) -> Allowance | None:
        """Return the entry that allows this indicator, the nearest one first; None where none does."""
        if not self.entries:
            return None
        if kind in _INET:
            block = _read(value)
            return None if block is None else self._around(block)  # findings hold what was forgotten as words
        found = self._others.get((_SAME.get(kind, kind), value))
        if found is not None:
            return found
        if kind is Kind.DOMAIN:
            return self._above(value)
        return self._host(host_of(value)) if kind is Kind.URL and "://" in value else None

    def carve(self, network: str) -> list[Indicator] | None:
        """Return the fewest networks and addresses that hold all of the network but what is allowed in it.

        None where nothing inside it is allowed; an empty list where all of it is.
        """
        block = _block(network)
        family = self._networks.get(block.bits)
        inside = list(family.within(block)) if family else []
        if not inside:
            return None
        edges = [block.first - 1, *(edge for span in inside for edge in span), block.last + 1]
        kept = [(end + 1, start - 1) for end, start in zip(edges[::2], edges[1::2], strict=True) if end + 1 < start]
        blocks = [part for first, last in kept for part in blocks_of_range(block.bits, first, last)]
        return [indicator_of_block(part, poison=False) for part in blocks]

    def _host(self, host: str) -> Allowance | None:
        parsed = None if host[-1:].isalpha() and ":" not in host else parse_address(host)
        if parsed is not None:
            return self._around(Block(parsed[0], parsed[1], parsed[0]))
        return self._others.get((Kind.DOMAIN, host)) or self._above(host)

    def _above(self, name: str) -> Allowance | None:
        while "." in (name := name.partition(".")[2]):
            found = self._others.get((Kind.DOMAIN, name))
            if found is not None:
                return found
        return None

    def _around(self, block: Block) -> Allowance | None:
        family = self._networks.get(block.bits)
        return family.around(block) if family else None


@dataclass(frozen=True, slots=True)
class _Family:
    """The allowed networks of one address family: by prefix length, and as merged spans."""

    by_length: dict[int, dict[int, Allowance]]  # narrow lengths first; by the network's first address
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, bits: int, entries: Iterable[tuple[Block, Allowance]]) -> _Family:
        by_length: dict[int, dict[int, Allowance]] = {}
        mine = sorted((block for block, _ in entries if block.bits == bits), key=lambda block: -block.prefix)
        by_length = {block.prefix: {} for block in mine}
        for block, entry in entries:
            if block.bits == bits:
                by_length[block.prefix][block.first] = entry
        spans: list[list[int]] = []
        for block in sorted(mine, key=lambda block: block.first):
            if spans and block.first <= spans[-1][1] + 1:
                spans[-1][1] = max(spans[-1][1], block.last)
            else:
                spans.append([block.first, block.last])
        return cls(by_length, [start for start, _ in spans], [end for _, end in spans])

    def around(self, block: Block) -> Allowance | None:
        """Return the narrowest entry that holds all of the block."""
        for length, known in self.by_length.items():
            if length <= block.prefix:
                host = block.bits - length
                found = known.get(block.first >> host << host)
                if found is not None:
                    return found
        return None

    def within(self, block: Block) -> Iterator[tuple[int, int]]:
        """Yield the parts of the block that are allowed, (first, last), ascending and apart from each other."""
        for at in range(bisect_left(self.ends, block.first), bisect_right(self.starts, block.last)):
            yield max(self.starts[at], block.first), min(self.ends[at], block.last)


def _block(value: str) -> Block:
    """Return the network of a canonical address or network."""
    block = _read(value)
    if block is None:
        raise RefusedValue("malformed", value)
    return block


def _read(value: str) -> Block | None:
    """Return the network of an address or a network, None of what is neither."""
    address, slash, prefix = value.partition("/")
    if slash:
        return parse_block(address, prefix)
    parsed = parse_address(address)
    return None if parsed is None else Block(parsed[0], parsed[1], parsed[0])
