"""What is known of names, CNAME ends, name servers, ASes and addresses, asked a million times."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

import msgspec

from tipd.model.canonical.address import BITS4, BITS6
from tipd.modules.fastflux.knowledge.entry import BARRED, Entry, Kind, block_of, canonical_suffix
from tipd.modules.fastflux.knowledge.reading import read_all
from tipd.modules.fastflux.scores.look import PRIVATE, SINKHOLE, Look, numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tipd.modules.fastflux.scores.history import History
    from tipd.modules.fastflux.scores.spread import Spread

MOSTLY = 0.9  # the share of a name's addresses in known ASes from which on they are what the name is
ELSEWHERE = 2  # ASes that the few other addresses may be in
RECENT = 86400.0  # seconds of look-ups whose CNAME chains count
_BITS = {Kind.SINKHOLE: SINKHOLE, Kind.PRIVATE: PRIVATE}


class Fact(msgspec.Struct, frozen=True, gc=False):
    """One thing known: its kind, which suffix, AS or network it is, and why and from where it is known."""

    kind: Kind
    what: str
    reason: str
    source: str

    @property
    def label(self) -> str:
        """Kind and what, as verdicts show it: `cdn:cdn.example`."""
        return f"{self.kind}:{self.what}"


class Knowledge:
    """All facts, by what they are about. Where two are about the same, the later one, the operator's, holds."""

    def __init__(self, entries: Iterable[tuple[Kind, Entry]] = ()) -> None:
        """Take entries; `load` reads them from files."""
        self._names: dict[str, Fact] = {}
        self._cnames: dict[str, Fact] = {}
        self._servers: dict[str, Fact] = {}
        self._asns: dict[int, Fact] = {}
        blocks: dict[int, list[tuple[int, int, Fact]]] = {BITS4: [], BITS6: []}
        for kind, entry in entries:
            self._learn(kind, entry, blocks)
        self._numbers = frozenset(self._asns)
        self._networks = {bits: _Segments(found) for bits, found in blocks.items()}

    @classmethod
    def load(cls, folders: Sequence[Path] = ()) -> Knowledge:
        """Read the shipped files and the operator's folders. Raises ConfigError: file, line, key."""
        return cls(read_all(folders))

    def _learn(self, kind: Kind, entry: Entry, blocks: dict[int, list[tuple[int, int, Fact]]]) -> None:
        def fact(what: str) -> Fact:
            return Fact(kind, what, entry.reason, entry.source)

        for key, into in (("name", self._names), ("cname", self._cnames), ("ns", self._servers)):
            for suffix in getattr(entry, key):
                what = canonical_suffix(key, suffix)
                into[what] = fact(what)
        self._asns.update({asn: fact(f"AS{asn}") for asn in entry.asn})
        for network in entry.network:
            block = block_of(network)
            blocks[block.bits].append((block.first, block.last, fact(network)))

    def of_name(self, name: str) -> Fact | None:
        """Return what is known of a name (canonical), by its longest suffix."""
        return _of_suffix(self._names, name)

    def of_cname(self, end: str) -> Fact | None:
        """Return what is known of the end of a CNAME chain."""
        return _of_suffix(self._cnames, end) if end else None

    def of_server(self, server: str) -> Fact | None:
        """Return what is known of a name server's name."""
        return _of_suffix(self._servers, server)

    def of_asn(self, asn: int) -> Fact | None:
        """Return what is known of an AS."""
        return self._asns.get(asn)

    def of_address(self, packed: bytes) -> Fact | None:
        """Return what is known of an address (4 or 16 bytes), by its narrowest network."""
        return self._networks[len(packed) * 8].of(int.from_bytes(packed))

    def sift(self, look: Look) -> Look:
        """Return the look-up without addresses that count for no feature: sinkholes, private and reserved ones.

        Which kinds were taken out stands in `barred`. One that holds none of them is returned as it is.
        """
        barred4, barred6 = self._networks[BITS4].barred, self._networks[BITS6].barred
        found = numbers(look.addresses)
        marks = [barred4(number) for number in found]
        six = look.addresses6
        found6 = [six[at : at + 16] for at in range(0, len(six), 16)]
        marks6 = [barred6(int.from_bytes(each)) for each in found6]
        if not any(marks) and not any(marks6):
            return look
        bits = look.barred
        for mark in (*marks, *marks6):
            bits |= mark
        return msgspec.structs.replace(
            look,
            addresses=b"".join(number.to_bytes(4) for number, mark in zip(found, marks, strict=True) if not mark),
            asns=tuple(asn for asn, mark in zip(look.asns, marks, strict=False) if not mark) if look.placed else (),
            addresses6=b"".join(each for each, mark in zip(found6, marks6, strict=True) if not mark),
            barred=bits,
        )

    def known(self, name: str, history: History, servers: Iterable[str] = ()) -> tuple[str, ...]:
        """Return the labels of all that is known of a name and what it leads to, for `Given.known`."""
        found: list[Fact] = []
        if (fact := _of_suffix(self._names, name)) is not None:
            found.append(fact)
        for server in servers:
            if (fact := _of_suffix(self._servers, server)) is not None:
                found.append(fact)
        if history.cnames:
            found += self._of_ends(history.ends(RECENT))
        spread = history.spread
        if not self._numbers.isdisjoint(spread.asns):
            found += self._of_asns(spread)
        if self._networks[BITS4].open:
            found += self._of_networks(spread)
        return tuple(dict.fromkeys(fact.label for fact in found)) if found else ()

    def _of_ends(self, ends: Sequence[str]) -> list[Fact]:
        """Return the facts on where CNAME chains ended lately; none where one ended elsewhere, or there was no chain.

        Whoever leads every other look-up to a CDN is not behind it.
        """
        facts = [fact for end in ends if (fact := _of_suffix(self._cnames, end)) is not None]
        return facts if len(facts) == len(ends) else []

    def _of_asns(self, spread: Spread) -> list[Fact]:
        """Return the facts on the ASes that hold nearly all of a name's addresses, and all but a few of its ASes.

        A botnet among many decoys of a CDN is not a CDN.
        """
        inside = [(self._asns[asn], spread.counts[at]) for at, asn in enumerate(spread.asns) if asn in self._asns]
        enough = sum(count for _, count in inside) >= MOSTLY * len(spread.numbers)
        return [fact for fact, _ in inside] if enough and len(spread.asns) - len(inside) <= ELSEWHERE else []

    def _of_networks(self, spread: Spread) -> list[Fact]:
        """Return the facts on the networks that hold nearly all of them; the least and the greatest are tried first."""
        segments, kept = self._networks[BITS4], spread.numbers
        if not kept or (segments.of(kept[0]) is None and segments.of(kept[-1]) is None):
            return []
        facts = [fact for fact in map(segments.of, kept) if fact is not None]
        return facts if len(facts) >= MOSTLY * len(kept) else []


def _of_suffix(facts: dict[str, Fact], name: str) -> Fact | None:
    """Return the fact on the longest suffix of the name, itself included."""
    while True:
        if (fact := facts.get(name)) is not None:
            return fact
        _, dot, name = name.partition(".")
        if not dot:
            return None


class _Segments:
    """Networks of one family, flattened: the narrower one holds where two overlap. `open`: some count for features."""

    def __init__(self, blocks: list[tuple[int, int, Fact]]) -> None:
        self.bounds: list[int] = []
        self.facts: list[Fact | None] = [None]
        self.marks = bytearray(1)
        self.open = any(fact.kind not in BARRED for *_, fact in blocks)
        edges = sorted({edge for first, last, _ in blocks for edge in (first, last + 1)})
        narrow_last = sorted(blocks, key=lambda block: block[0] - block[1])
        inner: dict[int, Fact | None] = dict.fromkeys(edges)
        places = {edge: place for place, edge in enumerate(edges)}
        for first, last, fact in narrow_last:
            for edge in edges[places[first] : places[last + 1]]:
                inner[edge] = fact
        for edge in edges:
            self.bounds.append(edge)
            known = inner[edge]
            self.facts.append(known)
            self.marks.append(_BITS.get(known.kind, 0) if known else 0)

    def of(self, number: int) -> Fact | None:
        return self.facts[bisect_right(self.bounds, number)]

    def barred(self, number: int) -> int:
        return self.marks[bisect_right(self.bounds, number)]
