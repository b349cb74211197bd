"""Look-ups of moments: 10,000 values, each with a moment of its own, over 10,000,000 intervals.

The real HTTP server over the real store and PostgreSQL; only the rest of the daemon is a stand-in. 2,000,000 indicators
(of ten five addresses, one a network, two domains, two URLs) have five intervals each, of five of forty sources, spread
over a year; half of the values asked are known, the moments are spread over the year too. The bare limit is one
indexed read of the table a value, as many a statement, without containment and without what was listed only later.
The database lies in memory where there is a tmpfs: what a cold disk adds is not measured.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import trio
from _figure import figure, machine, say, scaled
from _indicators import asked, known
from support.api import World, body_of, served
from support.pg import make_server, remove_server
from support.stores import open_store

from tipd import log
from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tipd.store.connection import Connection
    from tipd.store.store import Store

INDICATORS = scaled(2_000_000, 500)
EACH = 5  # intervals an indicator
VALUES = scaled(10_000, 200)
ROUNDS = 5 if VALUES == 10_000 else 1
SOURCES = 40
YEAR = timedelta(days=365)
START = datetime(2026, 1, 1, tzinfo=UTC)
WANTED = 2.0  # seconds
_BARE = """
SELECT a.n, s.source_id, s.value FROM unnest($1::int[], $2::bigint[], $3::timestamptz[]) AS a (n, key, at)
  JOIN sighting s ON s.key = a.key WHERE s.opened <= a.at AND (s.closed IS NULL OR s.closed > a.at)
"""


def rows(seed: int) -> Iterator[bytes]:
    """Yield the intervals as lines of COPY's text form, some thousand at a time."""
    lines: list[str] = []
    spread = YEAR / EACH
    for number in range(INDICATORS):
        kind, value = known(number)
        key, code = key_of(seed, kind, value), CODE_OF[kind]
        for place in range(EACH):
            opened = START + place * spread + timedelta(minutes=number % 60_000)
            closed = opened + spread * 0.6
            source = (number + place * 7) % SOURCES + 1
            lines.append(f"{key}\t{opened:%F %T}+00\t{closed:%F %T}+00\t1\t2\t{source}\t{code}\tleft\t{value}\n")
        if len(lines) >= 20_000:
            yield "".join(lines).encode()
            lines = []
    yield "".join(lines).encode()


async def fill(connection: Connection, seed: int) -> None:
    """Load everything; indexes are made afterwards."""
    indexes = await connection.fetch("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'sighting'")
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['indexname']}")

    async def pieces() -> AsyncIterator[bytes]:
        for piece in rows(seed):
            yield piece

    columns = ("key", "opened", "closed", "opened_round", "closed_round", "source_id", "kind", "reason", "value")
    await connection.copy_to_table("sighting", source=pieces(), columns=columns)
    await connection.execute("SET maintenance_work_mem = '1GB'")
    for index in indexes:
        await connection.execute(index["indexdef"])
    await connection.execute("RESET maintenance_work_mem")
    await connection.execute("ANALYZE sighting")


def questions(turn: int) -> list[tuple[str, datetime]]:
    """Return the values of one request with their moments."""
    rng = random.Random(turn)
    return [(asked(number + turn * VALUES, INDICATORS), START + rng.random() * YEAR) for number in range(VALUES)]


async def bare(connection: Connection, keys: list[int], moments: list[datetime]) -> int:
    """Ask for the exact keys only."""
    async with connection.transaction():
        await connection.execute("SET LOCAL enable_hashjoin = off; SET LOCAL enable_seqscan = off")
        found = 0
        for start in range(0, len(keys), 2500):
            part = slice(start, start + 2500)
            found += len(await connection.fetch(_BARE, list(range(len(keys[part]))), keys[part], moments[part]))
    return found


async def _exact(store: Store, one: list[tuple[str, datetime]]) -> float:
    indicators = [canonical(value, poison=False) for value, _ in one]
    keys = [key_of(store.hash_seed, each.kind, each.value) for each in indicators]
    begun = time.perf_counter()
    await store.pool.within(600, bare, keys, [at for _, at in one])
    return time.perf_counter() - begun


async def measure(store: Store, folder: Path) -> None:
    """Ask in turns and print."""
    world = World()
    world.tokens.add("tip_red", "read", max_tlp="red")
    services = world.services()
    object.__setattr__(services, "store", store)
    object.__setattr__(store, "tokens", world.tokens)
    times: dict[str, list[float]] = {"http": [], "store": [], "bare": []}
    async with served(services, folder) as api:
        for turn in range(ROUNDS):
            one = questions(turn)
            body: Any = {"values": [{"value": value, "at": at} for value, at in one]}
            begun = time.perf_counter()
            answer = await api.ask("POST", "/api/v1/lookup", token="tip_red", body=body)
            times["http"].append(time.perf_counter() - begun)
            results = body_of(answer)["results"]
            begun = time.perf_counter()
            await store.past.at(one, max_tlp=Tlp.RED)
            times["store"].append(time.perf_counter() - begun)
            times["bare"].append(await _exact(store, one))
            listed = sum(row["listed"] for row in results) / len(results)
            later = sum(row["listed_later"] is not None for row in results) / len(results)
            say(
                f"{listed:.0%} listed then, {later:.0%} later; "
                + ", ".join(f"{k} {v[-1]:.2f} s" for k, v in times.items())
            )
    took = statistics.median(times["http"])
    shown = f"{VALUES:,} values over {INDICATORS * EACH:,} intervals, over HTTP"
    figure("asof", shown, took, "s", f"the {WANTED:g} s wanted", took / WANTED)
    for name, against in (("store", "the store alone"), ("bare", "exact keys alone, one read a value")):
        ratios = [http / other for http, other in zip(times["http"], times[name], strict=True)]
        figure("asof", shown, took, "s", against, statistics.median(ratios))


async def run(dsn: str) -> None:
    """Fill a database, then measure."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_store(dsn) as store:
            declared = {f"source_{number}": Declared(tlp=Tlp.CLEAR) for number in range(SOURCES)}
            await store.sources.declare("blacklist", declared)
            begun = time.perf_counter()
            await store.pool.within(3600, fill, store.hash_seed)
            say(f"{INDICATORS * EACH:,} intervals filled in {time.perf_counter() - begun:.0f} s")
            await measure(store, Path(folder))


def main() -> None:
    """Measure and print."""
    say(f"on {machine()}")
    log.setup("warning", stream=sys.stderr)
    server = make_server(shared_buffers="512MB", max_wal_size="8GB")
    try:
        trio.run(run, server.dsn(server.create_migrated()))
    finally:
        remove_server(server)


if __name__ == "__main__":
    main()
