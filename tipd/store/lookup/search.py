"""Search all probes of a request; the matches of a value are written as they are found, the nearest first."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import compress
from json.encoder import encode_basestring_ascii as quoted
from typing import TYPE_CHECKING, Any

import numpy as np

from tipd.model.canonical.address import BITS4, Block, format_address, format_block
from tipd.store.lookup.levels import NO_SOURCES
from tipd.store.lookup.networks import keys4, keys6
from tipd.store.lookup.questions import CONTAINED, EXACT, HOST, PARENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from tipd.store.lookup.contents import Contents
    from tipd.store.lookup.levels import Indexes, Keys, Mask, SetIds
    from tipd.store.lookup.networks import Networks
    from tipd.store.lookup.questions import InetProbe, Questions

type SetNumbers = int | frozenset[int]  # one set of sources, or several


@dataclass(slots=True)
class Hits:
    """What was found, by the number of the value: the matches as JSON, and the sets of sources behind them."""

    matches: dict[int, str] = field(default_factory=dict)
    sets: dict[int, SetNumbers] = field(default_factory=dict)

    def first(self, owners: list[int], matches: Iterable[str], sets: list[int]) -> None:
        """Add the first match of each of these values."""
        self.matches.update(zip(owners, matches, strict=True))
        self.sets.update(zip(owners, sets, strict=True))

    def add(self, owner: int, match: str, set_id: int) -> None:
        """Add a match."""
        before = self.matches.get(owner)
        if before is None:
            self.matches[owner] = match
            self.sets[owner] = set_id
            return
        self.matches[owner] = f"{before},{match}"
        known = self.sets[owner]
        if known != set_id:
            self.sets[owner] = (frozenset((known,)) if isinstance(known, int) else known) | {set_id}


def search(questions: Questions, contents: Contents, hidden: Mask | None = None) -> Hits:
    """Return the matches of each value that has any; `hidden` says which sets are as if they were not there."""
    hits, seen = Hits(), Seen(contents, hidden)
    _plain_addresses(questions, seen, hits)
    _plain_urls(questions, seen, hits)
    _plain_names(questions, seen, hits)
    _hashed(questions, seen, hits)
    _inet4(questions.inet4, seen, hits)
    _inet6(questions.inet6, seen, hits)
    return hits


@dataclass(frozen=True, slots=True)
class Seen:
    """Contents without what the asker may not see."""

    contents: Contents
    hidden: Mask | None

    def addresses4(self, keys: Keys) -> SetIds:
        """Return the set of each IPv4 address."""
        return self.only(self.contents.addresses4.find(keys))

    def networks4(self, keys: Keys) -> SetIds:
        """Return the set of each IPv4 network."""
        return self.only(self.contents.networks4.table.find(keys))

    def networks6(self, keys: Keys) -> SetIds:
        """Return the set of each IPv6 network."""
        return self.only(self.contents.networks6.table.find(keys))

    def hashed(self, keys: Keys) -> SetIds:
        """Return the set of each key of anything else."""
        return self.only(self.contents.hashed.find(keys))

    def only(self, sets: SetIds) -> SetIds:
        """Return the sets with `NO_SOURCES` in the place of what is hidden."""
        if self.hidden is not None:
            # A set the follower numbers while we answer is in no table of ours.
            sets[self.hidden[sets]] = NO_SOURCES
        return sets


def _match(kind: str, value: str, how: str) -> str:
    """Write a match whose value needs no quoting."""
    return f'{{"kind":"{kind}","value":"{value}","how":"{how}"}}'


def _plain_addresses(questions: Questions, seen: Seen, hits: Hits) -> None:
    plain, values = questions.plain, questions.values
    owners = np.flatnonzero(plain.is_address | plain.is_network)
    lengths, addresses = plain.lengths, plain.addresses
    single = lengths == 32
    sets = seen.addresses4(addresses)
    sets[~single] = seen.networks4(keys4(addresses[~single], lengths[~single]))
    at = np.flatnonzero(sets)
    found = owners[at].tolist()
    for kind, mask in (("ipv4", single[at]), ("network", ~single[at])):
        these = list(compress(found, mask.tolist()))
        hits.first(these, [_match(kind, values[owner], EXACT) for owner in these], sets[at[mask]].tolist())
    _Around(owners, addresses, lengths, None).into(hits, seen, seen.contents.networks4)


def _plain_urls(questions: Questions, seen: Seen, hits: Hits) -> None:
    urls, values = questions.urls, questions.values
    sets = seen.hashed(np.array(urls.keys, np.uint64))
    at = np.flatnonzero(sets)
    owners = np.array(urls.owners, np.intp)[at].tolist()
    hits.first(owners, [_match("url", values[owner], EXACT) for owner in owners], sets[at].tolist())


def _plain_names(questions: Questions, seen: Seen, hits: Hits) -> None:
    names, values, text = questions.names(), questions.values, questions.plain.text
    sets = seen.hashed(questions.name_keys(names))
    at = np.flatnonzero(sets)
    exact = (at < names.whole) & ~names.of_host[at]
    owners = names.owners[at[exact]].tolist()
    hits.first(owners, [_match("domain", values[owner], EXACT) for owner in owners], sets[at[exact]].tolist())
    at = at[~exact]
    columns = (column[at].tolist() for column in (names.owners, names.starts, names.ends, names.of_host, sets))
    for owner, start, end, of_host, set_id in zip(*columns, strict=True):
        hits.add(owner, _match("domain", text[start:end].decode(), HOST if of_host else PARENT), set_id)


def _hashed(questions: Questions, seen: Seen, hits: Hits) -> None:
    for at, set_id in _found(seen.hashed(questions.keys())):
        owner, kind, value, how = questions.hashed[at]
        hits.add(owner, f'{{"kind":"{kind}","value":{quoted(value)},"how":"{how}"}}', set_id)


def _found(sets: SetIds) -> zip[tuple[int, int]]:
    at = np.flatnonzero(sets)
    return zip(at.tolist(), sets[at].tolist(), strict=True)


def _inet4(probes: list[InetProbe], seen: Seen, hits: Hits) -> None:
    """Search addresses and networks that were not asked in their plain form, and hosts."""
    if not probes:
        return
    addresses = np.frombuffer(b"".join([probe.packed for probe in probes]), ">u4").astype(np.uint32)
    lengths = np.array([probe.length for probe in probes])
    networks = seen.networks4(keys4(addresses, lengths))
    _exact(probes, np.where(lengths == 32, seen.addresses4(addresses), networks), hits)
    _Around.of(probes, addresses, lengths).into(hits, seen, seen.contents.networks4)


def _inet6(probes: list[InetProbe], seen: Seen, hits: Hits) -> None:
    """Search IPv6 networks, and networks around IPv6 addresses (which themselves are found by their key)."""
    if not probes:
        return
    rows = np.frombuffer(b"".join([probe.packed for probe in probes]), np.uint8).reshape(-1, 16)
    lengths = np.array([probe.length for probe in probes])
    _exact(probes, seen.networks6(keys6(rows, lengths)), hits)
    _Around.of(probes, rows, lengths).into(hits, seen, seen.contents.networks6)


def _exact(probes: list[InetProbe], sets: SetIds, hits: Hits) -> None:
    for at, set_id in _found(sets):
        owner, packed, length, host = probes[at]
        hits.add(owner, _inet_match(packed, length, HOST if host else EXACT), set_id)


def _inet_match(packed: bytes, length: int, how: str) -> str:
    """Write the match of the address, or of the network of that length around it."""
    bits = len(packed) * 8
    block = Block(bits, int.from_bytes(packed) >> (bits - length) << (bits - length), length)
    if length < bits:
        return _match("network", format_block(block), how)
    return _match("ipv4" if bits == BITS4 else "ipv6", format_address(bits, block.first), how)


@dataclass(frozen=True, slots=True)
class _Around:
    """Addresses or networks whose wider listed networks are looked for."""

    owners: Indexes
    addresses: NDArray[Any]
    lengths: NDArray[Any]
    hosts: list[bool] | None  # None: none is

    @classmethod
    def of(cls, probes: list[InetProbe], addresses: NDArray[Any], lengths: NDArray[Any]) -> _Around:
        """Return it for probes."""
        return cls(np.array([probe.owner for probe in probes]), addresses, lengths, [probe.host for probe in probes])

    def into(self, hits: Hits, seen: Seen, networks: Networks) -> None:
        """Add what is found to the hits."""
        for places, length, found in networks.around(self.addresses, self.lengths):
            shown = seen.only(found) != NO_SOURCES
            which, sets = places[shown], found[shown]
            packed = self.addresses[which].astype(">u4").tobytes() if self.addresses.ndim == 1 else None
            owners = self.owners[which].tolist()
            for place, (at, owner, set_id) in enumerate(zip(which.tolist(), owners, sets.tolist(), strict=True)):
                one = packed[place * 4 : place * 4 + 4] if packed is not None else self.addresses[at].tobytes()
                how = HOST if self.hosts is not None and self.hosts[at] else CONTAINED
                hits.add(owner, _inet_match(one, length, how), set_id)
