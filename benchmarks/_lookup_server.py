"""A server process for `lookup.py`: the real HTTP server over a look-up index filled in memory, and two bare limits.

`python _lookup_server.py ROWS VALUES` prints two ports, of the real look-up and of the same server over an index that
answers every request with the same ready bytes, then one line of JSON about the index. Each line of its standard input
asks the index once without HTTP and gives the seconds that took. It ends with its standard input.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import trio
from _indicators import asked, known
from support.api import World, served

from tipd.model.allow import AllowList
from tipd.model.key import unsigned_key_of
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.lookup.answers import SourceFacts
from tipd.store.lookup.contents import Batch, Contents, Rows
from tipd.store.lookup.index import LookupIndex
from tipd.store.lookup.sets import MARK_BITS

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 0x5EED
SOURCES = 40
TOKEN = "tip_read"


def filled(rows: int) -> LookupIndex:
    """Return an index that knows so many indicators, built the way a load builds it, from arrays."""
    index = LookupIndex(SEED)
    facts = {number: SourceFacts(f"source_{number}", 0.5, Tlp.CLEAR) for number in range(1, SOURCES + 1)}
    index.replace(Contents.load(_batch(rows), 1), facts)
    index.ready = True
    return index


def _batch(rows: int) -> Batch:
    inet4: list[bytes] = []
    lengths: list[int] = []
    hashed: list[int] = []
    for number in range(rows):
        kind, value = known(number)
        if kind in {Kind.DOMAIN, Kind.URL}:
            hashed.append(unsigned_key_of(SEED, kind, value))
        else:
            address, _, length = value.partition("/")
            inet4.append(bytes(map(int, address.split("."))))
            lengths.append(int(length or 32))
    addresses = np.frombuffer(b"".join(inet4), ">u4").astype(np.uint32)
    return Batch.of(
        _rows(addresses),
        np.array(lengths, np.uint8),
        _rows(np.empty((0, 16), np.uint8)),
        np.empty(0, np.uint8),
        _rows(np.array(hashed, np.uint64)),
    )


def _rows(keys: np.ndarray) -> Rows:
    return Rows.of(keys, (np.arange(len(keys)) % SOURCES + 1 << MARK_BITS).astype(np.uint32))


class Bare:
    """Answers at once with what was answered once."""

    ready, behind = True, 0

    def __init__(self, answer: bytes, index: LookupIndex) -> None:
        """Keep the answer."""
        self._answer = answer
        self.entries, self.bytes = index.entries, index.bytes

    async def answer(self, values: Sequence[str], *_: object) -> bytes:
        """Answer."""
        await trio.lowlevel.checkpoint()
        return self._answer


async def main() -> None:
    """Serve until the standard input ends."""
    index = filled(int(sys.argv[1]))
    values = [asked(number, int(sys.argv[1])) for number in range(int(sys.argv[2]))]
    answer = index.lookup(values, Tlp.RED, AllowList())
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        real, bare = World(index=index), World(index=Bare(answer, index))
        async with served(real.services(), Path(one)) as first, served(bare.services(), Path(other)) as second:
            listed = sum(row["listed"] for row in msgspec.json.decode(answer)["results"])
            about = {
                "entries": index.entries,
                "bytes": index.bytes,
                "listed": listed / len(values),
                "answer": len(answer),
            }
            print(first.port, second.port, flush=True)
            print(json.dumps(about), flush=True)
            while (await trio.to_thread.run_sync(sys.stdin.readline)).strip():
                begun = time.perf_counter()
                index.lookup(values, Tlp.RED, AllowList())
                print(time.perf_counter() - begun, flush=True)


if __name__ == "__main__":
    trio.run(main)
