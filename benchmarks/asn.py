"""The AS table with a million prefixes: look-ups, memory, and exchanging it under a running loop.

The file is RouteViews' form (network, length, AS), prefixes of 12 to 24 bits nested as they are announced, a tenth
IPv6. Look-ups are of the tracker's kind: packed sets of five addresses, spread over all of IPv4. The bare limit is the
binary search alone over the same borders, without an index and without the AS. Exchanging: the built table is mapped
again and again while another task measures how long the loop was held.
"""

from __future__ import annotations

import os
import random
import statistics
import struct
import tempfile
import time
from bisect import bisect_right
from pathlib import Path

import trio
from _figure import figure, machine, say, scaled

from tipd.net.asn import AsnTable
from tipd.net.asn_build import AsnJob, build

PREFIXES = scaled(1_000_000, 1000)
SETS = scaled(200_000, 1000)
ROUNDS = 5


def write(path: Path, rng: random.Random) -> None:
    """Write the announcements."""
    with path.open("w") as file:
        for index in range(PREFIXES):
            if index % 10:
                length = rng.choice((12, 16, 19, 20, 22, 22, 23, 24, 24, 24, 24, 24))
                number = rng.randrange(1 << 24, 224 << 24) >> (32 - length) << (32 - length)
                text = ".".join(map(str, number.to_bytes(4)))
            else:
                length = rng.choice((32, 36, 40, 44, 48, 48, 48, 64))
                number = (0x2000 << 112 | rng.getrandbits(125)) >> (128 - length) << (128 - length)
                text = ":".join(f"{number >> shift & 0xFFFF:x}" for shift in range(112, -1, -16))
            file.write(f"{text}\t{length}\t{rng.randrange(1, 400_000)}\n")


def rate(look, made: list[bytes]) -> float:
    """Return addresses a second of CPU."""
    begun = time.process_time()
    for addresses in made:
        look(addresses)
    return 5 * len(made) / (time.process_time() - begun)


def bare(table: AsnTable):
    """Return the binary search alone."""
    borders = memoryview(table._starts4)

    def look(addresses: bytes) -> list[int]:
        return [bisect_right(borders, number) for number in struct.unpack(">5I", addresses)]

    return look


def resident() -> int:
    """Return our resident bytes, mapped files included."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


async def exchange(path: Path) -> tuple[float, float]:
    """Map the table in a thread as the daemon does; return how long that took and how long the loop was held."""
    held = 0.0
    async with trio.open_nursery() as nursery:

        async def beat() -> None:
            nonlocal held
            while True:
                before = time.perf_counter()
                await trio.lowlevel.checkpoint()
                held = max(held, time.perf_counter() - before)

        nursery.start_soon(beat)
        begun = time.perf_counter()
        for _ in range(ROUNDS):
            await trio.to_thread.run_sync(AsnTable.open, path)
        took = (time.perf_counter() - begun) / ROUNDS
        nursery.cancel_scope.cancel()
    return took, held


def main() -> None:
    """Measure."""
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder:
        source, built = Path(folder, "pfx2as"), Path(folder, "asn.table")
        write(source, rng)
        say(f"{PREFIXES:,} prefixes on {machine()}")
        begun = time.perf_counter()
        done = build(AsnJob(path=str(source), into=str(built)))
        assert not done.error, done.error
        figure("asn", "built from the file", time.perf_counter() - begun, "s, in a worker")
        made = [rng.randbytes(20) for _ in range(SETS)]
        rates, limits = [], []
        before = resident()
        table = AsnTable.open(built)
        for _ in range(ROUNDS):
            rates.append(rate(table.of_packed, made))
            limits.append(rate(bare(table), made))
        resident_after = resident() - before
        ours, limit = statistics.median(rates), statistics.median(limits)
        known = sum(map(bool, table.of_packed(b"".join(made)))) / (5 * SETS)
        say(f"{len(table):,} borders; {known:.0%} of the addresses are announced")
        figure("asn", "look-ups, packed sets of 5", ours, "addresses/s", "binary search alone", ours / limit)
        figure("asn", "table: file and index", (built.stat().st_size + 65537 * 40) / 1e6, "MB")
        figure("asn", "resident memory it takes after all look-ups", resident_after / 1e6, "MB")
        took, held = trio.run(exchange, built)
        figure("asn", "exchanged from what was built", took, "s")
        figure("asn", "longest the loop was held meanwhile", held * 1000, "ms")


if __name__ == "__main__":
    main()
