from collections.abc import Callable, Iterable

import numpy as np
import pytest

from tipd.model.canonical import canonical
from tipd.model.canonical.address import parse_address
from tipd.model.key import unsigned_key_of
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex
from tipd.store.lookup.answers import SourceFacts
from tipd.store.lookup.contents import Batch, Contents, Rows
from tipd.store.lookup.sets import MARK_BITS

SEED = 77
SOURCES = {
    1: SourceFacts("one", 0.5, Tlp.CLEAR),
    2: SourceFacts("two", 0.5, Tlp.GREEN),
    3: SourceFacts('th"ree', 0.9, Tlp.AMBER),
}


def batch_of(entries: Iterable[tuple[str, int] | tuple[str, int, int]]) -> Batch:
    """Sort (value, source), or (value, source, the row's own mark), as the database's rows would be."""
    four, six, rest = [], [], []
    for value, number, *mark in entries:
        source = number << MARK_BITS | sum(mark)
        indicator = canonical(value, poison=False)
        address, _, length = indicator.value.partition("/")
        if indicator.kind in (Kind.IPV4, Kind.NETWORK):
            bits, number = parse_address(address) or (0, 0)
            (four if bits == 32 else six).append((number, int(length or bits), source))
        else:
            rest.append((unsigned_key_of(SEED, indicator.kind, indicator.value), source))
    four_keys = np.array([number for number, _, _ in four], np.uint32)
    six_keys = np.frombuffer(b"".join(number.to_bytes(16) for number, _, _ in six), np.uint8).reshape(-1, 16)
    return Batch.of(
        Rows.of(four_keys, np.array([source for _, _, source in four], np.uint32)),
        np.array([length for _, length, _ in four], np.uint8),
        Rows.of(six_keys, np.array([source for _, _, source in six], np.uint32)),
        np.array([length for _, length, _ in six], np.uint8),
        Rows.of(np.array([key for key, _ in rest], np.uint64), np.array([source for _, source in rest], np.uint32)),
    )


@pytest.fixture
def index_of() -> Callable[[Iterable[tuple[str, int]]], LookupIndex]:
    """Give a function that makes an index over (value, source id)."""

    def make(entries: Iterable[tuple[str, int]]) -> LookupIndex:
        index = LookupIndex(SEED)
        index.replace(Contents.load(batch_of(entries), 9), SOURCES)
        index.ready = True
        return index

    return make
