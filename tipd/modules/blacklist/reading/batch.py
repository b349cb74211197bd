"""Canonical indicators of many texts at once.

Most rows of most lists are canonical already: plain addresses, networks, names, hashes. Those are recognised over the
joined bytes with numpy, some 60 ns each, and everything else goes one by one through `tipd.model.canonical.read`. Both
ways give the same answer (held by a property test); this file only knows what it may wave through.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import compress, repeat
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xxhash

from tipd.model.canonical import read
from tipd.model.canonical.domain import LOCAL_TOPS
from tipd.model.canonical.suffix import rules
from tipd.model.indicator import RefusedValue
from tipd.model.kind import CODE_OF, Kind
from tipd.modules.blacklist.reading import quads

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

type U64 = NDArray[np.uint64]
type Index = NDArray[np.int64]
type Bools = NDArray[np.bool_]

# Bits of what a text is made of.
DIGIT, DOT, SLASH, A_TO_F, G_TO_Z, HYPHEN, OTHER, TWO_DOTS = (1 << bit for bit in range(8))
LETTER = A_TO_F | G_TO_Z
_PAD = 8  # bytes before the first text, so that its last eight can be read as one number
_TEXTS_LONGEST = 63  # a longer name may have a label that is too long
_DIGESTS = ((Kind.MD5, 32), (Kind.SHA1, 40), (Kind.SHA256, 64))
_CERTIFICATES = ((Kind.CERT_SHA1, 40), (Kind.CERT_SHA256, 64))
_READ_BY_ONE_KIND = frozenset({Kind.ASN, Kind.EMAIL, Kind.URL})


def _classes() -> NDArray[np.uint8]:
    table = np.full(256, OTHER, np.uint8)
    table[ord("\n")] = 0
    table[ord("0") : ord("9") + 1] = DIGIT
    table[ord(".")] = DOT
    table[ord("/")] = SLASH
    table[ord("a") : ord("f") + 1] = A_TO_F
    table[ord("g") : ord("z") + 1] = G_TO_Z
    table[ord("-")] = HYPHEN
    return table


_CLASSES = _classes()


class Group(NamedTuple):
    """Indicators of one kind: their canonical values, unsigned keys, and the index of the text each came from."""

    code: int
    values: list[bytes]
    keys: U64
    rows: Index


class Found(NamedTuple):
    """What the texts said: `refused` as (index of the text, reason); `ports` by index of the text."""

    groups: list[Group]
    refused: list[tuple[int, str]]
    ports: dict[int, int]


def keys_of(seed: int, code: int, values: Iterable[bytes], count: int) -> U64:
    """Return the unsigned keys (tipd/model/key.py) of canonical values of one kind."""
    prefixed = map(bytes([code]).__add__, values)
    return np.fromiter(map(xxhash.xxh3_64_intdigest, prefixed, repeat(seed)), np.uint64, count)


def hashes_of(seed: int, units: Sequence[bytes]) -> U64:
    """Return the seeded hash of each unit of a body."""
    return np.fromiter(map(xxhash.xxh3_64_intdigest, units, repeat(seed)), np.uint64, len(units))


def positions(within: U64, wanted: U64) -> tuple[Index, Bools]:
    """Return where each wanted number stands in a sorted array, and whether it does."""
    if not len(within):
        return np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.bool_)
    at = np.searchsorted(within, wanted)
    at[at == len(within)] = 0
    return at, within[at] == wanted


@lru_cache(maxsize=2)
def _suffix_keys(seed: int) -> U64:
    names = [name.encode() for name in rules().names]
    return np.sort(keys_of(seed, CODE_OF[Kind.DOMAIN], names, len(names)))


def _ending(text: bytes, size: int) -> int:
    return int.from_bytes(text[-size:], "little") << (8 * (8 - size))


@lru_cache(maxsize=1)
def _delicate_endings() -> tuple[U64, U64]:
    """Return the last eight bytes, and the last three, of names that go the long way: local, children of wildcards."""
    ends = [f".{name}".encode() for name in (*rules().wildcards, *LOCAL_TOPS, "home.arpa")]
    long = sorted({_ending(end, 8) for end in ends if len(end) >= 8})
    short = sorted({_ending(end, 3) for end in ends if len(end) < 8})
    return np.array(long, np.uint64), np.array(short, np.uint64)


class Texts:
    """Texts joined to one buffer, and what each is made of: what the recognisers below look at."""

    def __init__(self, values: Sequence[bytes]) -> None:
        """Join and classify; no value may hold a newline."""
        joined = b"".join((b"\n" * _PAD, b"\n".join(values), b"\n" * _PAD))
        self.bytes = np.frombuffer(joined, np.uint8)
        lengths = np.fromiter(map(len, values), np.int64, len(values))
        self.lengths = lengths
        self.ends = np.cumsum(lengths + 1) + (_PAD - 1)
        self.starts = self.ends - lengths
        classes = _CLASSES.take(self.bytes)
        # A dot next to another, or at either end of its text: an empty label, a trailing dot.
        edge = classes & ~np.uint8(DOT) == 0
        dots = classes == DOT
        bad = dots[1:] & edge[:-1] | dots[:-1] & edge[1:]
        classes[1:][bad] |= TWO_DOTS
        self.made_of = np.bitwise_or.reduceat(classes, self.starts) if len(values) else np.zeros(0, np.uint8)

    def only(self, allowed: int, needed: int) -> Bools:
        """Say which texts have no other bits than `allowed` and all of `needed`."""
        fits: Bools = (self.made_of & ~np.uint8(allowed) == 0) & (self.made_of & np.uint8(needed) == needed)
        return fits

    def last_eight(self, which: Index) -> U64:
        """Return the last eight bytes of texts (with what stands before shorter ones) as numbers."""
        view = np.ndarray((len(self.bytes) - 7,), np.uint64, self.bytes.data, 0, (1,))
        return view[self.ends[which] - 8]


class BatchReader:
    """Reads texts of the kinds a source may hold; `seed` is the database's."""

    def __init__(self, kinds: frozenset[Kind], seed: int) -> None:
        """Choose the recognisers that may be used for these kinds."""
        self._kinds = kinds
        self._seed = seed
        one = next(iter(kinds)) if len(kinds) == 1 else None
        self._marks = one not in _READ_BY_ONE_KIND and not (one and one in dict([*_DIGESTS, *_CERTIFICATES]))
        self._digests = [pair for pair in _DIGESTS if pair[0] in kinds]
        taken = {length for _, length in self._digests}
        self._digests += [pair for pair in _CERTIFICATES if pair[0] in kinds and pair[1] not in taken]

    def read(self, values: Sequence[bytes]) -> Found:
        """Return all indicators in the texts (UTF-8, or Latin-1 where that fails; no newlines)."""
        texts = Texts(values)
        left = np.ones(len(values), np.bool_)
        groups: list[Group] = []
        for code, rows in self._recognised(texts):
            group = self._group(code, rows, values)
            if len(group.rows):
                left[group.rows] = False
                groups.append(group)
        found = Found(groups, [], {})
        self._one_by_one(np.flatnonzero(left), values, found)
        return found

    def _recognised(self, texts: Texts) -> Iterable[tuple[int, Index]]:
        """Yield (code of a kind, indices of texts that are canonical values of it)."""
        if self._marks:
            if Kind.IPV4 in self._kinds or Kind.NETWORK in self._kinds:
                yield CODE_OF[Kind.IPV4], quads.addresses(texts)
            if Kind.NETWORK in self._kinds:
                yield CODE_OF[Kind.NETWORK], quads.networks(texts)
            if Kind.DOMAIN in self._kinds:
                yield CODE_OF[Kind.DOMAIN], _names(texts)
        for kind, length in self._digests:
            yield CODE_OF[kind], _hexadecimal(texts, length)

    def _group(self, code: int, rows: Index, values: Sequence[bytes]) -> Group:
        chosen = list(values) if len(rows) == len(values) else [values[row] for row in rows.tolist()]
        keys = keys_of(self._seed, code, chosen, len(chosen))
        if code == CODE_OF[Kind.DOMAIN]:
            _, suffix = positions(_suffix_keys(self._seed), keys)
            if suffix.any():  # the long way says why
                fine = ~suffix
                return Group(code, list(compress(chosen, fine.tolist())), keys[fine], rows[fine])
        return Group(code, chosen, keys, rows)

    def _one_by_one(self, rows: Index, values: Sequence[bytes], found: Found) -> None:
        by_kind: dict[Kind, tuple[list[bytes], list[int]]] = {}
        for row in rows.tolist():
            try:
                reading = read(text_of(values[row]), self._kinds)
            except RefusedValue as refusal:
                found.refused.append((row, refusal.reason))
                continue
            if reading.port is not None:
                found.ports[row] = reading.port
            for indicator in reading.indicators:
                column = by_kind.setdefault(indicator.kind, ([], []))
                column[0].append(indicator.value.encode())
                column[1].append(row)
        for kind, (chosen, at) in by_kind.items():
            code = CODE_OF[kind]
            keys = keys_of(self._seed, code, chosen, len(chosen))
            found.groups.append(Group(code, chosen, keys, np.array(at, np.int64)))


def text_of(raw: bytes) -> str:
    """Return the bytes as text: UTF-8, or Latin-1 where they are not."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _names(texts: Texts) -> Index:
    """Return indices of lower-case names without underscore; public suffixes are still among them."""
    shape = texts.only(DIGIT | DOT | LETTER | HYPHEN, DOT) & (texts.made_of & np.uint8(LETTER) != 0)
    rows = np.flatnonzero(shape & (texts.lengths <= _TEXTS_LONGEST))
    if not len(rows):
        return rows
    # The top-level domain begins with a letter and has no hyphen at its end; one that holds a digit or a hyphen at
    # all (A-labels, typing errors) goes the long way.
    dots = np.flatnonzero(texts.bytes == ord("."))
    top = dots[np.searchsorted(dots, texts.ends[rows]) - 1] + 1
    classes = np.bitwise_or.reduceat(_CLASSES.take(texts.bytes), np.column_stack((top, texts.ends[rows])).ravel())[::2]
    rows = rows[classes & ~np.uint8(LETTER) == 0]
    long, short = _delicate_endings()
    last = texts.last_eight(rows)
    delicate = positions(long, last)[1] | positions(short, last & np.uint64(0xFFFFFF0000000000))[1]
    plain: Index = rows[~delicate]
    return plain


def _hexadecimal(texts: Texts, length: int) -> Index:
    """Return indices of digests of this length, without those that end like an empty file's or repeat one digit."""
    rows = np.flatnonzero((texts.made_of & ~np.uint8(DIGIT | A_TO_F) == 0) & (texts.lengths == length))
    last = texts.last_eight(rows)
    repeated = last & np.uint64(0xFF) == last >> np.uint64(56)
    repeated &= last & np.uint64(0xFFFF) == last >> np.uint64(48)
    empty = np.isin(last, _EMPTY_FILE_ENDINGS)
    ordinary: Index = rows[~(repeated | empty)]
    return ordinary


_EMPTY_FILE_ENDINGS = np.array(
    [_ending(text, 8) for text in (b"ecf8427e", b"afd80709", b"7852b855")],
    np.uint64,
)
