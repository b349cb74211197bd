"""What a question about the past asks the database: the same probes as the live index has, one at a time."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from tipd.model.key import key_of
from tipd.model.kind import Kind
from tipd.store.lookup.questions import CONTAINED, EXACT, HOST, PARENT, Questions

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGN = 1 << 63
_WRAP = 1 << 64


class KeyProbe(NamedTuple):
    """A search by key; a row counts only where its value is `value` too."""

    owner: int  # the number of the value that asks
    key: int  # signed, as the database has it
    value: str
    how: str


class AroundProbe(NamedTuple):
    """A search for networks around an address or a network, itself left out."""

    owner: int
    value: str
    how: str


def key_probes(questions: Questions) -> Iterator[KeyProbe]:
    """Yield the searches by key of questions that were worked out."""
    seed, values, plain = questions.seed, questions.values, questions.plain
    for mask, kind in ((plain.is_address, Kind.IPV4), (plain.is_network, Kind.NETWORK)):
        for owner in np.flatnonzero(mask).tolist():
            yield KeyProbe(owner, key_of(seed, kind, values[owner]), values[owner], EXACT)
    yield from _names(questions)
    for owner, key in zip(questions.urls.owners, questions.urls.keys, strict=True):
        yield KeyProbe(owner, _signed(key), values[owner], EXACT)
    for owner, kind, value, how in questions.hashed:
        yield KeyProbe(owner, key_of(seed, kind, value), value, how)
    for probe in (*questions.inet4, *questions.inet6):
        if probe.length == 128:
            continue  # an IPv6 address stands among the hashed ones
        kind, value = _inet(probe.packed, probe.length)
        yield KeyProbe(probe.owner, key_of(seed, kind, value), value, HOST if probe.host else EXACT)


def _names(questions: Questions) -> Iterator[KeyProbe]:
    names, text = questions.names(), questions.plain.text
    keys = questions.name_keys(names).tolist()
    columns = (column.tolist() for column in (names.owners, names.starts, names.ends, names.of_host))
    for place, (owner, start, end, of_host) in enumerate(zip(*columns, strict=True)):
        how = HOST if of_host else EXACT if place < names.whole else PARENT
        yield KeyProbe(owner, _signed(keys[place]), text[start:end].decode(), how)


def around_probes(questions: Questions) -> Iterator[AroundProbe]:
    """Yield the searches for networks around addresses and networks."""
    plain = questions.plain
    for owner in np.flatnonzero(plain.is_address | plain.is_network).tolist():
        yield AroundProbe(owner, questions.values[owner], CONTAINED)
    for probe in (*questions.inet4, *questions.inet6):
        _, value = _inet(probe.packed, probe.length)
        yield AroundProbe(probe.owner, value, HOST if probe.host else CONTAINED)


def _inet(packed: bytes, length: int) -> tuple[Kind, str]:
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    text = socket.inet_ntop(family, packed)
    if length < len(packed) * 8:
        return Kind.NETWORK, f"{text}/{length}"
    return (Kind.IPV4 if len(packed) == 4 else Kind.IPV6), text


def _signed(key: int) -> int:
    return key - _WRAP if key >= _SIGN else key
