"""The whole tracker: against dnsperf, with a million names, and as the work grows.

First: 120,000 names of which one in fifty has other addresses in each answer (far more than in real lists), TTL 1 s:
some 58,000 are due a second, always more than can be asked for, as the lateness in what is printed shows. The real
resolver engine, AS table (half a million announcements), histories, verdicts, states, findings, and the real store over
the real PostgreSQL, all on the loop of one process; the server in C on loopback answers with five addresses. Turns of
dnsperf with one thread (the ceiling) and of the tracker one after the other, against the same server, with the same
names. Because a machine that has other work lends each of them less than a core, CPU time is compared as well: of the
whole process a probe, and of dnsperf (a sending and a receiving thread) a query. PostgreSQL runs beside it and lies in
memory where there is a tmpfs: its CPU time is not in the tracker's, and on two cores it shares one with the server. Of
a name that fluxes, each change is stored with its score, and where it stands once a minute. Left out: what the slower
chores ask (name servers, wildcards, networks), and all else that a daemon does.

Then 1,065,000 watched names with TTL 60, a process of its own, 17,000 probes a second wanted; what would be stored is
thrown away (hourly for a name that does not change). Lateness is from the moment a name is due until its question is
handed to the resolver. Memory: of records, wheel and domains as Python counts it, and of the whole process.

Last: probes per CPU second (of the whole process, system calls included) at 1,000 to 1,000,000 names, each at about
17,000 probes a second; the fewer names, the shorter their TTL.
"""

from __future__ import annotations

import json
import random
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import trio
from _figure import SCALE, figure, machine, say, scaled
from _name_server import NameServer, dnsperf
from _tracked import ADDRESSES, Asns, monitor_of, name_of
from support.pg import make_server, remove_server
from support.stores import open_store

from tipd import log
from tipd.model.flux import NewName
from tipd.modules.fastflux.flush import Flushing
from tipd.modules.fastflux.monitor import Monitor
from tipd.net.resolver.resolver import Resolver
from tipd.net.settings import NetSettings

NAMES = scaled(120_000, 200)
ROUNDS = scaled(3)
TURN = max(1.0, 10 * min(SCALE, 1.0))  # seconds
RATE = 17_000
# Names, TTL (s), floor, seconds until all is settled.
SIZES = ((1_000, 0, "59ms", 5), (10_000, 0, "588ms", 10), (100_000, 5, "1s", 20), (1_065_000, 60, "1s", 200))
MEASURED = 30  # seconds


async def whole(dsn: str) -> None:
    """Take turns with dnsperf."""
    names = [name_of(number) for number in range(NAMES)]
    with NameServer(ADDRESSES, ttl=1) as server:
        resolver = Resolver(
            NetSettings(resolvers=(f"127.0.0.1:{server.port}",), queries_per_second=0, queries_in_flight=2000)
        )
        async with open_store(dsn) as store, trio.open_nursery() as nursery:
            for start in range(0, NAMES, 10_000):
                part = [NewName(name=name, why="person") for name in names[start : start + 10_000]]
                await store.flux.add(part, initial=True)
            monitor = monitor_of(resolver, Asns(), NAMES, "1s")
            flushing = Flushing(monitor, store.flux, "bench", log.get("bench"))
            await nursery.start(resolver.run)
            async for page in store.flux.load(500):
                monitor.take(page, 0.0)
                await trio.lowlevel.checkpoint()
            nursery.start_soon(monitor.run)
            nursery.start_soon(flushing.run)
            await settled(monitor, flushing)
            rates, ceilings, costs = [], [], []
            for _ in range(ROUNDS):
                monitor.allowed_until = 0.0
                await trio.sleep(0.2)
                cost = -children()
                ceilings.append(await trio.to_thread.run_sync(dnsperf, server.port, names, TURN))
                cost = (cost + children()) / (ceilings[-1] * TURN) * 1e6
                stored = flushing.stored
                rate, cpu = await turn(monitor)
                rates.append(rate)
                costs.append((cpu, cost))
                rows = (flushing.stored - stored) / TURN
                ceiling = ceilings[-1]
                say(f"tracker {rate:,.0f}/s, {cpu:.1f} µs CPU a probe, {rows:,.0f} rows/s")
                say(f"dnsperf {ceiling:,.0f}/s, {cost:.1f} µs CPU a query")
            say(json.dumps(monitor.facts()))
            nursery.cancel_scope.cancel()
    ratio = statistics.median(one / other for one, other in zip(rates, ceilings, strict=True))
    figure("flux", "whole tracker", statistics.median(rates), "probes/s", "dnsperf, one thread (0.25 wanted)", ratio)
    ratio = statistics.median(other / own for own, other in costs)
    figure(
        "flux", "whole tracker", statistics.median(own for own, _ in costs), "µs CPU a probe", "dnsperf's CPU", ratio
    )


def children() -> float:
    """Return the CPU seconds of the programs that were run and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


async def settled(monitor: Monitor, flushing: Flushing) -> None:
    """Let every name have its first answers, and what they brought be stored."""
    monitor.allowed_until = float("inf")
    answers = 0
    while answers < 3 * NAMES:
        await trio.sleep(0.5)
        answers = sum(monitor.facts()["outcomes"].values())
    while len(monitor.pending) + sum(map(len, flushing._waiting)) > 20_000:  # noqa: ASYNC110 - nobody tells
        await trio.sleep(0.5)


async def turn(monitor: Monitor) -> tuple[float, float]:
    """Let it ask as fast as it can for a while; return answers a second, and microseconds of CPU an answer."""
    monitor.allowed_until = float("inf")
    answered = sum(monitor.facts()["outcomes"].values())
    cpu, begun = time.process_time(), time.perf_counter()
    await trio.sleep(TURN)
    cpu, took = time.process_time() - cpu, time.perf_counter() - begun
    count = sum(monitor.facts()["outcomes"].values()) - answered
    return count / took, cpu / max(count, 1) * 1e6


def sizes() -> list[dict[str, float]]:
    """Run each size in a process of its own."""
    found = []
    for names, ttl, floor, warm in SIZES:
        words = [scaled(names, 10), ttl, floor, scaled(RATE / 2, 100), warm, MEASURED]
        if SCALE < 1:
            words[4:] = [1, 1]
        words = [sys.executable, str(Path(__file__).with_name("_tracked.py")), *map(str, words)]
        one = json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout)
        say(json.dumps(one))
        found.append(one | {"per_cpu": one["probes"] / one["cpu"]})
    return found


def main() -> None:
    """Measure and print."""
    log.setup("warning", stream=sys.stderr)
    say(f"on {machine()}")
    random.seed(1)
    server = make_server(shared_buffers="256MB", max_wal_size="8GB")
    try:
        trio.run(whole, server.dsn(server.create_migrated()))
    finally:
        remove_server(server)
    found = sizes()
    most = found[-1]
    names = f"{most['names']:,} names"
    figure("flux", f"{names}: probes", most["rate"], "probes/s", f"{RATE:,} wanted", most["rate"] / RATE)
    figure("flux", f"{names}: of one core", most["busy"] * 100, "%")
    figure(
        "flux", f"{names}: lateness, p99 (upper bound of its class)", most["p99"] or 0.0, "s", "1 s", most["p99"] or 0.0
    )
    figure("flux", f"{names}: scheduler", most["counted"], "bytes a name", "the 250 allowed", most["counted"] / 250)
    gigabyte = most["resident"] / 2**30
    figure("flux", f"{names}: whole process", gigabyte * 1024, "MB", "the 1 GB allowed", gigabyte)
    for one in found:
        figure("flux", f"{one['names']:,} names", one["per_cpu"], "probes per CPU second")
    spread = min(one["per_cpu"] for one in found) / max(one["per_cpu"] for one in found)
    figure("flux", "slowest size", 1 - spread, "less than the quickest", "the 0.35 allowed", (1 - spread) / 0.35)


if __name__ == "__main__":
    main()
