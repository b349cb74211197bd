"""Names and upstreams by their places."""

from __future__ import annotations

from typing import Any

from tipd.store.flux import mentioned
from tipd.store.flux.mentioned import Mentioned
from tipd.store.store import Store


def test_each_name_and_upstream_has_one_place() -> None:
    said = Mentioned()
    assert [said.name(name) for name in ("a.example.org", "b.example.org", "a.example.org")] == [0, 1, 0]
    assert [said.name(name) for name in ("A.example.org", "a..b", "", "x.example.org.")] == [None] * 4
    assert [said.upstream(one) for one in ("x:53", "y:53", "x:53")] == [1, 2, 1]
    assert list(said.upstreams) == ["x:53", "y:53"]


async def test_vantages_are_made_once_and_come_in_the_order_asked(store: Store) -> None:
    async def ask(connection: Any, *upstreams: str) -> list[int]:
        async with connection.transaction():
            return await mentioned.vantages(connection, "home", upstreams)

    assert await store.pool.run(ask, "y:53", "x:53") == [2, 1]
    assert await store.pool.run(ask, "x:53", "z:53", "y:53") == [1, 3, 2]


async def test_names_have_numbers_by_their_places(store: Store) -> None:
    said = Mentioned()
    places = {name: said.name(name) for name in ("b.example.org", "a.example.org")}
    named = await said.packed(store.hash_seed)

    async def take(connection: Any) -> dict[int, str]:
        async with connection.transaction():
            await mentioned.take(connection, named)
            rows = await connection.fetch("SELECT n, name FROM flux_ids JOIN dns_name USING (id)")
            return {row["n"]: row["name"] for row in rows}

    assert await store.pool.run(take) == {place: name for name, place in places.items()}
