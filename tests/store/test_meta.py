"""Facts about the database."""

from __future__ import annotations

import trio
from support.stores import open_store

from tipd.store import meta
from tipd.store.store import Store


async def test_facts_are_kept_and_replaced(store: Store) -> None:
    assert await store.meta.get("colour") is None
    for value in ({"a": [1, None, "é"]}, 2**64 - 1, "text", False):
        await store.meta.put("colour", value)
        assert await store.meta.get("colour") == value


async def test_the_seed_is_drawn_once(dsn: str) -> None:
    async with open_store(dsn) as one, open_store(dsn) as two:
        assert one.hash_seed == two.hash_seed
        assert 0 <= one.hash_seed < 2**64
    async with open_store(dsn) as three:
        assert three.hash_seed == one.hash_seed


async def test_the_seed_is_one_also_when_many_draw(store: Store) -> None:
    await store.pool.run(lambda connection: connection.execute("DELETE FROM meta WHERE name = 'hash_seed'"))
    drawn: list[int] = []

    async def draw() -> None:
        drawn.append(await store.pool.run(meta.hash_seed))

    async with trio.open_nursery() as nursery:
        for _ in range(8):
            nursery.start_soon(draw)
    assert len(drawn) == 8
    assert len(set(drawn)) == 1
