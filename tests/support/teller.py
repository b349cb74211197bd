"""A process that tells findings: `python -m support.teller DSN WRITER COUNT SEED`.

Prints one line for each write that was acknowledged: the numbers it told. A finding's number is unique to its write.
"""

from __future__ import annotations

import random
import sys

import trio

from support.stores import note, open_store
from tipd import log

_TASKS = 4


async def main(dsn: str, writer: int, count: int, seed: int) -> None:
    """Tell `count` findings in writes of 1 to 60, from several tasks at once."""
    rng = random.Random(seed)
    left = list(range(writer * count, (writer + 1) * count))

    async def tell() -> None:
        while left:
            size = rng.randint(1, 60)
            part, left[:size] = left[:size], []
            await store.writer.tell([note(number) for number in part])
            print(*part, flush=True)

    async with open_store(dsn) as store, trio.open_nursery() as nursery:
        for _ in range(_TASKS):
            nursery.start_soon(tell)


if __name__ == "__main__":
    log.setup()
    trio.run(main, sys.argv[1], *map(int, sys.argv[2:]))
