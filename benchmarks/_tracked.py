"""What the benchmark of the tracker runs: one size a process, without a database.

`python _tracked.py NAMES TTL FLOOR RATE WARM SECONDS` prints one line of JSON: the tracker and the resolver engine as
they are, names that never change but for one in fifty, a settled state after WARM seconds, then SECONDS of measuring.
What would be stored is thrown away each second. RATE: how many names a second are due for the first time.
"""

from __future__ import annotations

import gc
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import trio
from _figure import say
from _name_server import NameServer

from tipd import log
from tipd.clock import SystemClock
from tipd.model.flux import KnownName, State
from tipd.model.tlp import Tlp
from tipd.modules.fastflux.knowledge.knowledge import Knowledge
from tipd.modules.fastflux.lateness import Lateness
from tipd.modules.fastflux.monitor import Monitor
from tipd.modules.fastflux.settings import FluxSettings
from tipd.net.asn import AsnTable
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings

ADDRESSES = 5
FLUXING = 50  # one name in so many
BORDERS = 500_000  # of the AS table


class Asns:
    """An AS table with half a million announcements."""

    def __init__(self) -> None:
        draw = np.random.default_rng(1)
        starts = np.unique(draw.integers(0, 2**32, BORDERS, np.uint32))
        none = np.zeros(0, np.uint32)
        arrays = dict.fromkeys(("asns6", "named", "ends"), none) | {
            "starts4": starts,
            "asns4": draw.integers(1, 70_000, len(starts)).astype(np.uint32),
            "starts6": np.zeros(0, "S16"),
        }
        self.table = AsnTable(None, arrays)


def name_of(number: int) -> str:
    """Return a name of usual length; every fiftieth fluxes."""
    first = "flux" if number % FLUXING == 0 else "host"
    return f"{first}-{number:07}.domain{number // 2:07}.example"


def resident() -> int:
    """Return the bytes that this process holds in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def counted(monitor: Monitor) -> int:
    """Return the bytes of records, names and last sets of addresses, wheel and domains, as Python counts them."""
    records, wheel = monitor._records, monitor._wheel
    parts = [*vars(records).values(), *vars(monitor._apexes).values(), *records._pages.values(), *records.wires]
    parts += [wheel._buckets, *(bucket for bucket in wheel._buckets if bucket is not None)]
    return sum(map(sys.getsizeof, parts)) + sum(sys.getsizeof(one) for one in records.sets if one)


def monitor_of(resolver: Resolver, asns: Asns, names: int, floor: str) -> Monitor:
    """Build the tracker that the module builds."""
    settings = FluxSettings(
        max_domains=max(names, 10),
        queries_per_second=1_000_000,
        per_apex_per_second=1e9,
        ttl_floor=floor,
        let_go_after=1_000_000,
    )
    return Monitor(
        resolver,
        asns,
        Knowledge.load(),
        settings,
        clock=SystemClock(),
        rng=random.Random(1),
        log=log.get("bench"),
    )


async def load(monitor: Monitor, names: int, rate: float) -> None:
    """Take the names in pages, due one after the other at `rate` a second."""
    begun = time.time() + 0.5
    for start in range(0, names, 500):
        page = []
        for number in range(start, min(start + 500, names)):
            name = name_of(number)
            page.append(
                KnownName(
                    id=number + 1,
                    name=name,
                    apex=name.partition(".")[2],
                    state=State.WATCHED,
                    tags=(),
                    tlp=Tlp.GREEN,
                    revision=1,
                    due=begun + number / rate,
                    ttl=60,
                    samples=10,
                    last_sample=begun - 60,
                    memo=b"",
                )
            )
        monitor.take(page)
        await trio.lowlevel.checkpoint()


async def throw_away(monitor: Monitor) -> None:
    """Do each second what the module does, but for storing."""
    while True:
        monitor.roll(monitor.count // 3600 + 1)
        monitor.drain()
        await trio.sleep(1)


async def measure(names: int, ttl: int, floor: str, rate: float, warm: float, seconds: float) -> dict[str, object]:
    """Run one size."""
    asns = Asns()
    with NameServer(ADDRESSES, ttl=ttl) as server:
        resolver = Resolver(
            NetSettings(resolvers=(f"127.0.0.1:{server.port}",), queries_per_second=0, queries_in_flight=2000)
        )
        monitor = monitor_of(resolver, asns, names, floor)
        async with trio.open_nursery() as nursery:
            await nursery.start(resolver.run)
            gc.collect()
            before = resident()
            await load(monitor, names, rate)
            loaded = resident() - before
            monitor.allowed_until = float("inf")
            nursery.start_soon(monitor.run)
            nursery.start_soon(throw_away, monitor)
            await trio.sleep(warm)
            answered = sum(monitor.facts()["outcomes"].values())
            cpu, wall = time.process_time(), time.perf_counter()
            monitor._asking.lateness = Lateness()
            await trio.sleep(seconds)
            cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
            facts = monitor.facts()
            say(f"{names:,} names: {json.dumps(facts)}")
            nursery.cancel_scope.cancel()
        probes = sum(facts["outcomes"].values()) - answered
        return {
            "names": names,
            "probes": probes,
            "rate": probes / wall,
            "cpu": cpu,
            "busy": cpu / wall,
            "p99": facts["late"]["p99_s"],
            "worst": facts["late"]["worst_s"],
            "loaded": loaded / names,
            "settled": (resident() - before) / names,
            "counted": counted(monitor) / names,
            "resident": resident(),
            "lost": facts["lost"] + facts["outcomes"]["timeout"],
        }


if __name__ == "__main__":
    words = sys.argv[1:]
    found = trio.run(measure, int(words[0]), int(words[1]), words[2], *map(float, words[3:]))
    print(json.dumps(found))
