"""Names of the DNS by number."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from support.fluxing import new, seen

from tipd.model.flux import Batch
from tipd.store.store import Store


async def rows(store: Store, query: str) -> list[tuple[Any, ...]]:
    async def look(connection: Any) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in await connection.fetch(query)]

    return await store.pool.run(look)


async def test_numbers_are_drawn_for_new_names_alone_in_their_order(store: Store) -> None:
    await store.flux.add([new("c.example.org"), new("a.example.org")])
    for _ in range(3):
        await store.flux.add([new("c.example.org"), new("b.example.org"), new("a.example.org")])
        await store.flux.save(Batch(observations=(seen("b.example.org", "ns.example.net"),)), vantage="home")
    assert await rows(store, "SELECT id, name, apex FROM dns_name ORDER BY id") == [
        (1, "a.example.org", "example.org"),
        (2, "c.example.org", "example.org"),
        (3, "b.example.org", "example.org"),
        (4, "ns.example.net", "example.net"),
    ]


async def test_what_a_name_points_to_step_by_step_is_seen_by_who_may_see_the_name(store: Store) -> None:
    chain = ("a.example.org", "b.example.org", "c.example.net", "d.example.com")
    # The far steps are known first; the name comes last.
    for name, target in reversed(list(pairwise(chain))):
        await store.flux.save(Batch(observations=(seen(name, target),)), vantage="home")
    assert {row[0] for row in await rows(store, "SELECT tlp FROM dns_name")} == {4}
    await store.flux.add([new("a.example.org")])
    assert await rows(store, "SELECT name, tlp FROM dns_name ORDER BY name") == [(name, 1) for name in sorted(chain)]


async def test_a_domain_with_many_names_is_made_once_and_known_through_the_least_secret(store: Store) -> None:
    await store.flux.add([new(f"n{number}.example.org", tlp=number) for number in range(1, 5)])
    await store.flux.save(Batch(observations=(seen("example.org", "ns.example.org"),)), vantage="home")
    assert await rows(store, "SELECT name, tlp FROM dns_name WHERE name !~ '^n[0-9]' ORDER BY name") == [
        ("example.org", 1),
        ("ns.example.org", 1),
    ]
