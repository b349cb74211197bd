"""What a request asks: each value becomes probes, gathered for the whole request and searched at once."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xxhash

from tipd.model.canonical import canonical
from tipd.model.canonical.address import parse_address
from tipd.model.indicator import Indicator, RefusedValue
from tipd.model.key import unsigned_key_of
from tipd.model.kind import CODE_OF, Kind
from tipd.store.lookup.plain import Plain, read
from tipd.store.lookup.quick import host_of, quick

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes

EXACT, CONTAINED, PARENT, HOST = "exact", "contained", "parent", "host"

# A fingerprint of a certificate looks like a file's hash: whoever asks for one means either.
_ALSO = {Kind.SHA1: Kind.CERT_SHA1, Kind.SHA256: Kind.CERT_SHA256}
_digest = xxhash.xxh3_64_intdigest


class HashedProbe(NamedTuple):
    """An exact search by 64-bit key, and how a match answers value number `owner`."""

    owner: int
    kind: Kind
    value: str
    how: str


class InetProbe(NamedTuple):
    """A search of an address (`length` 32 or 128) or network, and of what is around it."""

    owner: int
    packed: bytes
    length: int
    host: bool  # it is the host of a URL


@dataclass(slots=True)
class Questions:
    """The values of a request and all their probes."""

    values: Sequence[str]
    seed: int
    plain: Plain
    others: list[int]  # which values are not plain
    kinds: NDArray[np.uint8]  # codes of model/kind.py; 0: not an indicator
    canonical: dict[int, str] = field(default_factory=dict)  # where it differs from what was asked
    errors: dict[int, str] = field(default_factory=dict)
    hashed: list[HashedProbe] = field(default_factory=list)
    inet4: list[InetProbe] = field(default_factory=list)
    inet6: list[InetProbe] = field(default_factory=list)

    @classmethod
    def of(cls, values: Sequence[str], seed: int) -> Questions:
        """Begin with the plain values; `work_out` does the others."""
        plain = read(values)
        kinds = np.zeros(len(values), np.uint8)
        for mask, kind in (
            (plain.is_address, Kind.IPV4),
            (plain.is_network, Kind.NETWORK),
            (plain.is_name, Kind.DOMAIN),
        ):
            kinds[mask] = CODE_OF[kind]
        return cls(values, seed, plain, np.flatnonzero(kinds == 0).tolist(), kinds)

    def work_out(self) -> Iterator[None]:
        """Bring every other value into canonical form; yields after each, so that the caller can let others run."""
        for at in self.others:
            self._other(at, self.values[at])
            yield

    def _other(self, at: int, text: str) -> None:
        try:
            indicator = quick(text) or canonical(text, poison=False)
        except RefusedValue as refused:
            self.errors[at] = refused.reason
            return
        self.kinds[at] = CODE_OF[indicator.kind]
        if indicator.value != text:
            self.canonical[at] = indicator.value
        self._probe(at, indicator)

    def _probe(self, at: int, indicator: Indicator) -> None:
        kind, value = indicator.kind, indicator.value
        if kind is Kind.IPV6 or kind is Kind.IPV4 or kind is Kind.NETWORK:
            self._inet(at, value, host=False)
        elif kind is Kind.DOMAIN:
            self._name(at, value, EXACT, PARENT)
        else:
            self.hashed.append(HashedProbe(at, kind, value, EXACT))
            if kind is Kind.URL:
                self._host(at, host_of(value))
            elif kind in _ALSO:
                self.hashed.append(HashedProbe(at, _ALSO[kind], value, EXACT))

    def _inet(self, at: int, value: str, *, host: bool) -> None:
        address, _, length = value.partition("/")
        if ":" in address:
            if not length:
                self.hashed.append(HashedProbe(at, Kind.IPV6, address, HOST if host else EXACT))
            self.inet6.append(InetProbe(at, socket.inet_pton(socket.AF_INET6, address), int(length or 128), host))
        else:
            self.inet4.append(InetProbe(at, socket.inet_pton(socket.AF_INET, address), int(length or 32), host))

    def _name(self, at: int, name: str, exact: str, parent: str) -> None:
        self.hashed.append(HashedProbe(at, Kind.DOMAIN, name, exact))
        while "." in (name := name.partition(".")[2]):
            self.hashed.append(HashedProbe(at, Kind.DOMAIN, name, parent))

    def _host(self, at: int, host: str) -> None:
        if not host[-1:].isalpha() and parse_address(host) is not None:
            self._inet(at, host, host=True)
        else:
            self._name(at, host, HOST, HOST)

    def keys(self) -> NDArray[np.uint64]:
        """Return the keys of the hashed probes."""
        return np.array([unsigned_key_of(self.seed, kind, value) for _, kind, value, _ in self.hashed], np.uint64)

    def plain_names(self) -> tuple[Indexes, Indexes, Indexes]:
        """Return (owners, starts, ends) in the joined text: each plain name, then each of its parents, near ones first.

        A parent has at least two labels: single ones are nobody's to list.
        """
        plain = self.plain
        names = np.flatnonzero(plain.is_name)
        if not len(names):
            return names, names, names
        owner_of_dot = np.searchsorted(plain.starts, plain.dots, "right") - 1
        inner = plain.is_name[owner_of_dot]
        inner[:-1] &= owner_of_dot[:-1] == owner_of_dot[1:]  # not before the last label
        inner[-1:] = False
        owners = np.concatenate((names, owner_of_dot[inner]))
        starts = np.concatenate((plain.starts[names], plain.dots[inner] + 1))
        return owners, starts, plain.ends[owners]

    def plain_keys(self, starts: Indexes, ends: Indexes) -> NDArray[np.uint64]:
        """Return the keys of the names that stand there in the joined text (as `tipd.model.key`)."""
        text, exact, seed = self.plain.text, int(np.count_nonzero(self.plain.is_name)), self.seed
        # Before a whole value stands the separator, which is the prefix of a domain's key; before a parent, a dot.
        places = zip((starts[:exact] - 1).tolist(), ends[:exact].tolist(), strict=True)
        keys = [_digest(text[start:end], seed) for start, end in places]
        places = zip(starts[exact:].tolist(), ends[exact:].tolist(), strict=True)
        keys += [_digest(b"\x04" + text[start:end], seed) for start, end in places]
        return np.array(keys, np.uint64)
