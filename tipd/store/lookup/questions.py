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
from tipd.store.lookup.quick import host_of, quick, quick_url

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from tipd.store.lookup.levels import Indexes, Mask

EXACT, CONTAINED, PARENT, HOST = "exact", "contained", "parent", "host"

# A fingerprint of a certificate looks like a file's hash: whoever asks for one means either.
_ALSO = {Kind.SHA1: Kind.CERT_SHA1, Kind.SHA256: Kind.CERT_SHA256}
_URL_PREFIX = bytes([CODE_OF[Kind.URL]])
_NAME_PREFIX = bytes([CODE_OF[Kind.DOMAIN]])
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


@dataclass(frozen=True, slots=True)
class Names:
    """Names in the joined text: first `whole` whole ones (values, and hosts of URLs), then parents, near ones first."""

    owners: Indexes
    starts: Indexes
    ends: Indexes
    of_host: Mask
    whole: int


@dataclass(slots=True)
class Urls:
    """The URLs of a request that are in canonical form: which values, their keys, and where in them the host stands."""

    owners: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    host_starts: list[int] = field(default_factory=list)
    host_ends: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Questions:
    """The values of a request and all their probes."""

    values: Sequence[str]
    seed: int
    plain: Plain
    others: list[int]  # which values are not plain
    quoted: list[int]  # which of them may need quoting in JSON
    kinds: NDArray[np.uint8]  # codes of model/kind.py; 0: not an indicator
    canonical: dict[int, str] = field(default_factory=dict)  # where it differs from what was asked
    errors: dict[int, str] = field(default_factory=dict)
    urls: Urls = field(default_factory=Urls)
    hashed: list[HashedProbe] = field(default_factory=list)
    inet4: list[InetProbe] = field(default_factory=list)
    inet6: list[InetProbe] = field(default_factory=list)
    _names: Names | None = None
    _name_keys: NDArray[np.uint64] | None = None

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
        return cls(values, seed, plain, np.flatnonzero(kinds == 0).tolist(), [], kinds)

    def work_out(self) -> Iterator[None]:
        """Bring every other value into canonical form; yields after each, so that the caller can let others run."""
        for at in self.others:
            self._other(at, self.values[at])
            yield

    def _other(self, at: int, text: str) -> None:
        if text.startswith("http") and (host := quick_url(text)) is not None:
            self._quick_url(at, text, *host)
            return
        self.quoted.append(at)
        try:
            indicator = quick(text) or canonical(text, poison=False)
        except RefusedValue as refused:
            self.errors[at] = refused.reason
            return
        self.kinds[at] = CODE_OF[indicator.kind]
        if indicator.value != text:
            self.canonical[at] = indicator.value
        self._probe(at, indicator)

    def _quick_url(self, at: int, text: str, start: int, end: int) -> None:
        self.kinds[at] = _URL_PREFIX[0]
        urls = self.urls
        urls.owners.append(at)
        urls.keys.append(_digest(_URL_PREFIX + text.encode(), self.seed))
        urls.host_starts.append(start)
        urls.host_ends.append(end)

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

    def names(self) -> Names:
        """Return the plain names, the hosts of plain URLs, and the parents of both.

        A parent has at least two labels: single ones are nobody's to list. Worked out once.
        """
        if self._names is None:
            self._names = self._all_names()
        return self._names

    def _all_names(self) -> Names:
        plain, urls = self.plain, self.urls
        names, owners = np.flatnonzero(plain.is_name), np.array(urls.owners, np.intp)
        starts = np.concatenate((plain.starts[names], plain.starts[owners] + np.array(urls.host_starts, np.intp)))
        ends = np.concatenate((plain.ends[names], plain.starts[owners] + np.array(urls.host_ends, np.intp)))
        of_host = np.arange(len(starts)) >= len(names)
        owners = np.concatenate((names, owners))
        which, dots = _inner_dots(starts, ends, plain.dots)
        return Names(
            np.concatenate((owners, owners[which])),
            np.concatenate((starts, dots + 1)),
            np.concatenate((ends, ends[which])),
            np.concatenate((of_host, of_host[which])),
            len(owners),
        )

    def name_keys(self, names: Names) -> NDArray[np.uint64]:
        """Return the keys (as `tipd.model.key`) of `names()`; worked out once."""
        if self._name_keys is None:
            text, seed = self.plain.text, self.seed
            places = zip(names.starts.tolist(), names.ends.tolist(), strict=True)
            keys = [_digest(_NAME_PREFIX + text[start:end], seed) for start, end in places]
            self._name_keys = np.array(keys, np.uint64)
        return self._name_keys


def _inner_dots(starts: Indexes, ends: Indexes, dots: Indexes) -> tuple[Indexes, Indexes]:
    """Return (number of the name, dot) for every dot in a name but its last: what stands after it is a parent."""
    if not len(starts) or not len(dots):
        return dots[:0], dots[:0]
    order = np.argsort(starts)
    which = order[np.searchsorted(starts[order], dots, "right") - 1]
    inside = (starts[which] <= dots) & (dots < ends[which])
    which, dots = which[inside], dots[inside]
    followed = np.append(which[1:] == which[:-1], np.zeros(min(1, len(which)), np.bool_))
    return which[followed], dots[followed]
