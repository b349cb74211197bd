"""What matters to the operator: watches over networks, AS numbers, domains, patterns and look-alikes of names.

All watches are compiled into one matcher, whose cost hardly depends on how much they name: networks are flattened into
elementary ranges (one search), names are looked up with their parents, patterns run as one RE2 set.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import re2

from tipd.model.canonical.address import BITS4, BITS6, Block, parse_address, parse_block
from tipd.model.canonical.domain import canonical_name
from tipd.model.kind import Kind
from tipd.model.lookalike import Lookalikes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LONGEST_PATTERN = 2000
MOST_PATTERNS = 1000  # of all watches: one automaton
_PATTERN_MEMORY = 64 << 20
_ADDRESSES = frozenset({Kind.IPV4, Kind.IPV6})
# Of a canonical URL: scheme, what stands before an @, the host.
_HOST = re.compile(r"[a-z]+://(?:[^/?#@]*@)?(\[[^\]]*\]|[^/:?#]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """One watch, as given: `networks` in any notation, `domains` and `looks_like` as names, `patterns` as RE2."""

    name: str
    networks: Sequence[str] = ()
    asns: Sequence[int] = ()
    domains: Sequence[str] = ()
    patterns: Sequence[str] = ()
    looks_like: Sequence[str] = ()


class WatchFault(ValueError):
    """A watch that cannot be used: `watch` is its number (from 0), `key` and `at` (from 0) say where."""

    def __init__(self, watch: int, key: str, at: int, why: str) -> None:
        """Keep the place beside the words."""
        super().__init__(why)
        self.watch = watch
        self.key = key
        self.at = at


class AsnOf(Protocol):
    """Says which autonomous system announces an address."""

    def __call__(self, address: str) -> int | None:
        """Return its number; None or 0 where that is not known."""
        ...


type Numbers = frozenset[int]
_NONE: Numbers = frozenset()


class Ranges:
    """Networks of one family as elementary ranges: from `starts[i]` to the next, these watches.

    Networks lie inside each other or apart, so whatever overlaps a network contains it or lies in it.
    """

    def __init__(self, blocks: Iterable[tuple[Block, int]]) -> None:
        """Flatten the blocks, each with its watch's number."""
        edges: dict[int, list[tuple[int, int]]] = {}
        for block, watch in blocks:
            edges.setdefault(block.first, []).append((watch, 1))
            edges.setdefault(block.last + 1, []).append((watch, -1))
        self._starts: list[int] = [-1]
        self._watches: list[Numbers] = [_NONE]
        open_now: Counter[int] = Counter()
        for edge in sorted(edges):
            for watch, step in edges[edge]:
                open_now[watch] += step
            self._starts.append(edge)
            self._watches.append(frozenset(watch for watch, count in open_now.items() if count))

    def at(self, number: int) -> Numbers:
        """Return whose networks hold an address."""
        return self._watches[bisect_right(self._starts, number) - 1]

    def overlapping(self, first: int, last: int) -> Numbers:
        """Return whose networks hold any address of a range."""
        begin, end = bisect_right(self._starts, first) - 1, bisect_left(self._starts, last + 1)
        return self._watches[begin] if end - begin == 1 else _NONE.union(*self._watches[begin:end])


class Watches:
    """All watches, ready to match; true where there is one. Raises WatchFault.

    `asn_of` is asked for each address where a watch names AS numbers.
    """

    def __init__(self, watches: Sequence[Watch], asn_of: AsnOf | None = None) -> None:
        """Compile; a second for tens of thousands of networks and names is too long for the loop, so mind where."""
        self.names = tuple(watch.name for watch in watches)
        blocks = _blocks(watches)
        self._ranges = {bits: Ranges(blocks[bits]) for bits in (BITS4, BITS6) if blocks[bits]}
        self._domains = _gathered(watches, "domains", canonical_name)
        self._asns = _gathered(watches, "asns", int)
        self._patterns, self._pattern_of = _patterns(watches)
        self._lookalikes = Lookalikes(_gathered(watches, "looks_like", canonical_name), self._domains)
        self._asn_of = asn_of if self._asns else None

    def __bool__(self) -> bool:
        return bool(self.names)

    def match(self, kind: Kind, value: str) -> tuple[str, ...]:
        """Return the names of the watches that an indicator (canonical) concerns, in the order they are declared."""
        found = self._found(kind, value)
        if not found:
            return ()
        if len(found) == 1:
            return (self.names[next(iter(found))],)
        return tuple(self.names[number] for number in sorted(found))

    def why(self, kind: Kind, value: str) -> list[tuple[str, str]]:
        """Return (watch, reason in words) for each watch that matches."""
        reasons: dict[int, str] = {}
        for words, found in self._reasons(kind, value):
            for number in found:
                reasons.setdefault(number, words)
        return [(self.names[number], reasons[number]) for number in sorted(reasons)]

    def _found(self, kind: Kind, value: str) -> Numbers:
        found = _NONE
        if kind in _ADDRESSES:
            found = self._of_address(value)
        elif kind == Kind.NETWORK:
            found = self._of_network(value)
        elif kind == Kind.DOMAIN:
            found = self._of_name(value)
        elif kind in {Kind.URL, Kind.EMAIL}:
            found = self._of_host(_host(kind, value))
        elif kind == Kind.ASN:
            found = self._asns.get(_asn(value), _NONE)
        return found | self._of_patterns(value) if self._patterns is not None else found

    def _reasons(self, kind: Kind, value: str) -> Iterable[tuple[str, Numbers]]:
        host = value if kind == Kind.DOMAIN else _host(kind, value) if kind in {Kind.URL, Kind.EMAIL} else ""
        address = value if kind in _ADDRESSES else host
        if kind == Kind.NETWORK:
            yield "it overlaps a network of yours", self._of_network(value)
        if parse_address(address) is not None:
            yield "it lies in a network of yours", self._in_networks(address)
            yield "its AS is one of yours", self._in_asns(address)
        if kind == Kind.ASN:
            yield "it is an AS of yours", self._asns.get(_asn(value), _NONE)
        yield "it is a name of yours, or below one", self._below(host)
        yield from self._lookalikes.why(host)
        if self._patterns is not None:
            yield "a pattern matches it", self._of_patterns(value)

    def _of_host(self, host: str) -> Numbers:
        return self._of_address(host) if host[-1:].isdigit() or ":" in host else self._of_name(host)

    def _of_address(self, text: str) -> Numbers:
        found = self._in_networks(text)
        return found | self._in_asns(text) if self._asn_of is not None else found

    def _in_networks(self, text: str) -> Numbers:
        if not self._ranges:
            return _NONE
        parsed = parse_address(text)
        ranges = None if parsed is None else self._ranges.get(parsed[0])
        return _NONE if ranges is None or parsed is None else ranges.at(parsed[1])

    def _in_asns(self, text: str) -> Numbers:
        asn = self._asn_of(text) if self._asn_of is not None else None
        return self._asns.get(asn, _NONE) if asn else _NONE

    def _of_network(self, text: str) -> Numbers:
        block = parse_block(*text.split("/")) if text.count("/") == 1 else None
        ranges = None if block is None else self._ranges.get(block.bits)
        return _NONE if ranges is None or block is None else ranges.overlapping(block.first, block.last)

    def _of_name(self, name: str) -> Numbers:
        found = self._below(name)
        return found | self._lookalikes.match(name) if self._lookalikes else found

    def _below(self, name: str) -> Numbers:
        domains, found = self._domains, _NONE
        if not domains:
            return found
        while True:
            here = domains.get(name)
            if here is not None:
                found = found | here
            dot = name.find(".")
            if dot < 0:
                return found
            name = name[dot + 1 :]

    def _of_patterns(self, value: str) -> Numbers:
        if self._patterns is None:
            return _NONE
        return frozenset(self._pattern_of[number] for number in self._patterns.Match(value) or ())


def _host(kind: Kind, value: str) -> str:
    if kind == Kind.EMAIL:
        return value.rpartition("@")[2]
    match = _HOST.match(value)
    return "" if match is None else match[1].strip("[]")


def _asn(value: str) -> int:
    digits = value[2:] if value[:2].upper() == "AS" else value
    return int(digits) if digits.isascii() and digits.isdigit() else 0


def _blocks(watches: Sequence[Watch]) -> dict[int, list[tuple[Block, int]]]:
    blocks: dict[int, list[tuple[Block, int]]] = {BITS4: [], BITS6: []}
    for number, watch in enumerate(watches):
        for at, text in enumerate(watch.networks):
            address, slash, mask = text.strip().partition("/")
            block = parse_block(address, mask if slash else "128" if ":" in address else "32")
            if block is None:
                raise WatchFault(number, "networks", at, f"{text[:100]!r} is no network or address")
            blocks[block.bits].append((block, number))
    return blocks


def _gathered[T, K](watches: Sequence[Watch], key: str, canonical: Callable[[T], K]) -> dict[K, Numbers]:
    gathered: dict[K, set[int]] = {}
    for number, watch in enumerate(watches):
        for at, text in enumerate(getattr(watch, key)):
            try:
                gathered.setdefault(canonical(text), set()).add(number)
            except ValueError:
                raise WatchFault(number, key, at, f"{str(text)[:100]!r} is no name such as example.org") from None
    return {name: frozenset(numbers) for name, numbers in gathered.items()}


def _patterns(watches: Sequence[Watch]) -> tuple[re2.Set | None, list[int]]:
    quiet = re2.Options()
    quiet.log_errors = False
    quiet.max_mem = _PATTERN_MEMORY
    together, owners = re2.Set.SearchSet(quiet), list[int]()
    for number, watch in enumerate(watches):
        for at, pattern in enumerate(watch.patterns):
            if len(pattern) > LONGEST_PATTERN or len(owners) >= MOST_PATTERNS:
                raise WatchFault(number, "patterns", at, f"over {LONGEST_PATTERN} characters or {MOST_PATTERNS} of all")
            try:
                re2.compile(pattern, quiet)  # says what is wrong, which the set does not
                together.Add(pattern)
            except re2.error as error:
                raise WatchFault(number, "patterns", at, f"{pattern[:100]!r}: {_said(error)}") from None
            owners.append(number)
    if not owners:
        return None, []
    together.Compile()
    return together, owners


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode() if isinstance(said, bytes) else str(said)


NO_WATCHES = Watches(())
