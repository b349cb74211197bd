"""The store as a whole: opened, kept up, and exchanged under a running daemon."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import trio
from support import pg
from support.stores import HandClock, note, numbers, open_store, whole_log

from tipd.errors import StoreAway
from tipd.model.finding import NewFinding
from tipd.store.sources import Declared


async def test_opening_an_empty_database_makes_it_a_store(empty_dsn: str) -> None:
    async with open_store(empty_dsn) as store:
        assert store.available
        assert store.store_id
        await store.writer.tell([note(1)])
    async with open_store(empty_dsn) as again:
        assert (again.store_id, again.hash_seed) == (store.store_id, store.hash_seed)
        assert numbers(await whole_log(again)) == [1]


async def test_nobody_there_is_said_as_itself() -> None:
    with pytest.raises(StoreAway):
        async with open_store("postgresql://tipd@/x?host=/nonexistent"):
            pass


async def test_upkeep_prunes_notes_sizes_and_makes_partitions(dsn: str) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await store.writer.tell([note(1)])
        clock.move(timedelta(days=100))
        assert await store.upkeep(timedelta(days=400)) == []
        assert "finding_2026_03" in await store.upkeep(timedelta(days=30))
        clock.move(timedelta(days=1))
        assert "finding" in await store.sizes.growth(clock.now().date())


async def test_upkeep_forgets_writers_that_are_long_gone(dsn: str) -> None:
    clock = HandClock()
    for _ in range(2):
        async with open_store(dsn, clock) as store:
            await store.writer.tell([note(1)])
    async with open_store(dsn, clock) as store:
        assert await store.pool.run(_writers) == 3
        clock.move(timedelta(days=31))
        await store.upkeep(timedelta(days=400))
        assert await store.pool.run(_writers) == 1  # its own
        assert store.writer.fill.used == 0


async def _writers(connection: Any) -> int:
    return await connection.fetchval("SELECT count(*) FROM batch")


async def test_a_database_exchanged_for_another_is_noticed_before_anything_is_written(
    pg_server: pg.Server, dsn: str
) -> None:
    """As when a dump is restored under a running daemon: ids and seeds that were known belong to another database."""
    name = dsn.split("/")[3].split("?")[0]
    async with open_store(dsn) as store:
        await store.sources.declare("blacklist", {"a": Declared(), "b": Declared()})
        await store.writer.tell([NewFinding(kind="source.loaded", module="blacklist", source="b")])
        _, secret = await store.tokens.create(["read"])
        assert await store.tokens.verify(secret)
        was = (store.store_id, store.hash_seed)
        heard: list[tuple[int, frozenset[str]]] = []
        store.writer.subscribe(lambda seq, kinds: heard.append((seq, kinds)))
        await trio.to_thread.run_sync(exchange, pg_server, name)
        with trio.fail_after(60):
            await store.pool.wait_available()
            await store.writer.tell([NewFinding(kind="source.loaded", module="blacklist", source="b")])
        assert store.store_id != was[0]
        assert store.hash_seed != was[1]
        (finding,) = await whole_log(store)
        assert finding.source == "b"
        assert (0, frozenset()) in heard
        assert await store.tokens.verify(secret) is None


def exchange(server: pg.Server, name: str) -> None:
    """Put a database in the place of another, cutting everybody off."""
    server.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    server.psql(f"DROP DATABASE {name} WITH (FORCE)")
    fresh = server.create_migrated()
    server.psql("INSERT INTO source (name, module) VALUES ('z', 'm'), ('y', 'm'), ('b', 'blacklist')", database=fresh)
    server.psql(f"ALTER DATABASE {fresh} RENAME TO {name}")
