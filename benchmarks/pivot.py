"""Pivots over 10,000,000 observations: an address, a network, an AS, a name server, a name.

1,000,000 watched names with nine addresses each out of 2,000,000 in 5,000 ASs, below 500,000 domains with two name
servers each out of 20,000, made inside PostgreSQL. One AS has 1,000,000 of the observations, one address 20,000 names,
a name server 50,000 domains. The real store over the real PostgreSQL: what a caller of `store.flux.pivot` waits for,
1,000 rows at most. Asked right after the load, before there are any statistics; then with statistics; then with nothing
in PostgreSQL's own cache. Beside it: how fast 1,000,000 new names are taken in, and how fast observations are stored.
The database lies in memory where there is a tmpfs: what a cold disk adds is not measured.
"""

from __future__ import annotations

import random
import socket
import statistics
import sys
import time
from typing import TYPE_CHECKING

import trio
from _figure import figure, machine, say, scaled
from support.pg import make_server, remove_server
from support.stores import open_store

from tipd import log
from tipd.model.flux import Batch, NewName, Observation
from tipd.model.tlp import Tlp

if TYPE_CHECKING:
    from support.pg import Server

    from tipd.store.connection import Connection
    from tipd.store.store import Store

NAMES = scaled(1_000_000, 2000)
ADDRESSES = scaled(2_000_000, 4000)
ASNS = scaled(5_000, 20)
SERVERS = scaled(20_000, 40)
EACH = 9  # addresses a name
ROUNDS = scaled(20, 2)
IMPORTED = scaled(1_000_000, 2000)
STORED = scaled(200_000, 2000)
BIG = 64500
WANTED = {"address": 0.05, "network": 0.5, "AS": 0.5, "name server": 0.5, "name": 0.5}

_TABLES = ("dns_name", "flux_name", "flux_origin", "flux_state", "dns_observation")
# An address is `10.0.0.0` and its number; the first tenth of them is one AS.
_FILL = f"""
INSERT INTO dns_name (name, apex, tlp)
SELECT 'h' || i || '.d' || i / 2 || '.example', 'd' || i / 2 || '.example', 1 FROM generate_series(1, {{names}}) AS i;
INSERT INTO dns_name (name, apex, tlp)
SELECT 'd' || i || '.example', 'd' || i || '.example', 1 FROM generate_series(0, {{names}} / 2) AS i;
INSERT INTO dns_name (name, apex, tlp)
SELECT 'ns' || i || '.servers.example', 'servers.example', 1 FROM generate_series(0, {{servers}} - 1) AS i;
INSERT INTO flux_name (id, added, tlp, tags)
SELECT i, now(), 1, CASE WHEN i % 1000 = 0 THEN ARRAY['rare'] WHEN i % 3 = 0 THEN ARRAY['common'] ELSE '{{{{}}}}' END
  FROM generate_series(1, {{names}}) AS i;
INSERT INTO flux_origin (id, why, first, last) SELECT i, 'person', now(), now() FROM generate_series(1, {{names}}) AS i;
INSERT INTO flux_state (id, state, since) SELECT i, i % 4, now() FROM generate_series(1, {{names}}) AS i;
INSERT INTO dns_observation (name_id, rtype, address, asn, first, last, count, ttl_min, ttl_max, true_ttl)
SELECT i, 1, inet '10.0.0.0' + k, CASE WHEN k < {{addresses}} / 10 THEN {BIG} ELSE {BIG} + 1 + k % {{asns}} END,
       t - interval '3 days', t, 7, 60, 300, false
  FROM generate_series(1, {{names}}) AS i CROSS JOIN generate_series(0, {EACH - 1}) AS j
 CROSS JOIN LATERAL (SELECT CASE WHEN j = 0 AND i % 50 = 0 THEN 0
                                 ELSE (j * ({{addresses}} / {EACH}) + hashint8(i * 16 + j)::bigint + 2147483648)
                                      % {{addresses}} END AS k) AS a
 CROSS JOIN LATERAL (SELECT now() - hashint8(i * 32 + j) % 5184000 * interval '0.5 second' AS t) AS b
    ON CONFLICT DO NOTHING;
INSERT INTO dns_observation (name_id, rtype, target_id, first, last, count, ttl_min, ttl_max, true_ttl)
SELECT {{names}} + 1 + i, 2, {{names}} + {{names}} / 2 + 2 + CASE WHEN j = 0 AND i % 10 = 0 THEN 0
         ELSE 1 + (hashint8(i * 2 + j)::bigint + 2147483648) % ({{servers}} - 1) END,
       now() - interval '30 days', now() - i % 60 * interval '1 day', 7, 3600, 86400, true
  FROM generate_series(0, {{names}} / 2) AS i CROSS JOIN generate_series(0, 1) AS j ON CONFLICT DO NOTHING;
INSERT INTO dns_observation (name_id, rtype, address, asn, first, last, count, ttl_min, ttl_max, true_ttl)
SELECT {{names}} + {{names}} / 2 + 2 + i, 1, inet '10.255.0.0' + i, {BIG} - 1, now(), now(), 1, 60, 60, true
  FROM generate_series(0, {{servers}} - 1) AS i;
"""


async def fill(connection: Connection) -> None:
    """Make everything; indexes that no constraint needs are made afterwards, statistics are not."""
    indexes = await connection.fetch(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'dns_observation' AND indexdef !~ 'UNIQUE'"
    )
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")
    await connection.execute("SET maintenance_work_mem = '512MB'")
    sizes = {"names": NAMES, "addresses": ADDRESSES, "asns": ASNS, "servers": SERVERS}
    for statement in _FILL.format(**sizes).split(";\n"):
        if statement.strip():
            await connection.execute(statement)
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("RESET maintenance_work_mem")


def questions() -> dict[str, tuple[str, list[str]]]:
    """Return what is asked: what it is called, its kind of goal, and values."""
    rng = random.Random(4)

    def address(number: int) -> str:
        return socket.inet_ntoa((10 << 24 | number).to_bytes(4))

    some = [rng.randrange(ADDRESSES) for _ in range(ROUNDS)]
    return {
        "an address": ("address", [address(one) for one in some]),
        "the address of 20,000 names": ("address", [address(0)] * ROUNDS),
        "a /24": ("network", [f"{address(one & ~255)}/24" for one in some]),
        "a /16": ("network", [f"{address(one & ~65535)}/16" for one in some]),
        "the network with everything": ("network", ["10.0.0.0/8"] * ROUNDS),
        "an AS": ("AS", [f"AS{BIG + 1 + one % ASNS}" for one in some]),
        "the AS of 1,000,000 observations": ("AS", [f"AS{BIG}"] * ROUNDS),
        "a name server": ("name server", [f"ns{1 + one % (SERVERS - 1)}.servers.example" for one in some]),
        "the name server of 50,000 domains": ("name server", ["ns0.servers.example"] * ROUNDS),
        "a name server's address": ("name server", [address((255 << 16) + one % SERVERS) for one in some]),
        "a name": ("name", [f"h{n}.d{n // 2}.example" for n in (1 + one % NAMES for one in some)]),
    }


async def ask(store: Store, when: str, *, print_it: bool = True, **more: object) -> None:
    """Ask everything and print the slowest of each kind, the first time included."""
    slowest: dict[str, float] = {}
    for shown, (kind, values) in questions().items():
        times = []
        rows = 0
        for value in values:
            begun = time.perf_counter()
            answer = await store.flux.pivot(value, max_tlp=Tlp.GREEN, **more)
            times.append(time.perf_counter() - begun)
            rows = max(rows, len(answer.rows))
        middle, most = statistics.median(times) * 1000, max(times) * 1000
        say(f"{when}: {shown}: up to {rows} rows, median {middle:.1f} ms, most {most:.1f} ms")
        slowest[kind] = max(slowest.get(kind, 0.0), *times)
    for kind, took in slowest.items() if print_it else ():
        wanted = WANTED[kind]
        figure("pivot", f"{kind}, {when}, the slowest", took * 1000, "ms", f"{wanted * 1000:g} ms", took / wanted)


async def take_in(store: Store) -> None:
    """Take in new names, then store observations of them."""
    begun = time.perf_counter()
    for start in range(0, IMPORTED, 10_000):
        part = range(start, min(start + 10_000, IMPORTED))
        await store.flux.add([NewName(name=f"n{n}.z{n // 3}.example.org", why="person") for n in part], initial=True)
    took = time.perf_counter() - begun
    figure("pivot", f"{IMPORTED:,} names taken in, findings included", took, "s", "the 60 s wanted", took / 60)
    now = time.time()
    rows = [
        Observation(
            name=f"n{n // 5}.z{n // 15}.example.org",
            rtype=1,
            data=(10 << 24 | n * 7919 % ADDRESSES).to_bytes(4),
            asn=BIG + n % ASNS,
            first=now,
            last=now,
            count=1,
            ttl_min=60,
            ttl_max=60,
            true_ttl=False,
            upstream="192.0.2.53:53",
        )
        for n in range(STORED)
    ]
    for what in ("new", "known"):
        begun = time.perf_counter()
        await store.flux.save(Batch(observations=tuple(rows)), vantage="bench")
        figure("pivot", f"{what} observations stored", STORED / (time.perf_counter() - begun), "1/s")


async def sizes(store: Store) -> None:
    """Print what a row takes."""

    async def look(connection: Connection) -> None:
        rows = await connection.fetchval("SELECT count(*) FROM dns_observation")
        say(f"{rows:,} observations")
        for what, tables, number in (
            ("an observation", ("dns_observation",), rows),
            ("a watched name", ("flux_name", "flux_origin", "flux_state"), NAMES),
        ):
            whole = [await connection.fetchval("SELECT pg_total_relation_size($1::text::regclass)", t) for t in tables]
            figure("pivot", f"{what} in the database, indexes included", sum(whole) / number, "bytes")

    await store.pool.within(600, look)


async def run(server: Server, dsn: str) -> None:
    """Fill a database, then measure."""
    async with open_store(dsn) as store:
        begun = time.perf_counter()
        await store.pool.within(3600, fill)
        say(f"filled in {time.perf_counter() - begun:.0f} s")
        await sizes(store)
        await ask(store, "without statistics")
        await store.pool.within(600, _analyze)
        await ask(store, "with statistics")
        await ask(store, "of a rare tag", print_it=False, tag=("rare",))
        await ask(store, "of a common tag", print_it=False, tag=("common",))
    server.stop()
    server.start()
    async with open_store(dsn) as store:
        await ask(store, "after a restart of the server")
        await take_in(store)


async def _analyze(connection: Connection) -> None:
    await connection.execute(f"ANALYZE {', '.join(_TABLES)}")


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    log.setup("warning", stream=sys.stderr)
    server = make_server(shared_buffers="512MB", max_wal_size="8GB", autovacuum="off")
    try:
        trio.run(run, server, server.dsn(server.create_migrated()))
    finally:
        remove_server(server)


if __name__ == "__main__":
    main()
