"""Networks: names that share addresses."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.fluxing import new
from support.stores import START, HandClock

from tipd.model.tlp import Tlp
from tipd.store.flux import networks
from tipd.store.store import Store


@pytest.fixture
async def six(store: Store) -> dict[str, int]:
    await store.flux.add([new(f"{letter}.example.org", tlp=Tlp.RED if letter == "f" else None) for letter in "abcdef"])
    return {one.name[0]: one.id for one in await store.flux.changed_since(0)}


async def shown(store: Store, max_tlp: Tlp = Tlp.RED, **more: int) -> list[tuple[int, str]]:
    found = await store.flux.networks(max_tlp=max_tlp, **more)
    assert all(one.size == len(one.names) for one in found)
    return [(one.id, "".join(name[0] for name in one.names)) for one in found]


async def test_groups_become_networks_and_keep_their_numbers(
    store: Store, clock: HandClock, six: dict[str, int]
) -> None:
    async def join(*groups: str) -> list[tuple[int, str]]:
        letters = {number: letter for letter, number in six.items()}
        joined = await store.flux.join([[six[letter] for letter in group] for group in groups])
        return [(one.network, "".join(letters[each] for each in one.joined)) for one in joined]

    assert await join("ab", "cd") == [(1, "ab"), (2, "cd")]
    clock.move(timedelta(days=1))
    assert await join("abe", "cd") == [(1, "e"), (2, "")]
    assert await shown(store) == [(1, "abe"), (2, "cd")]
    assert await join("abcde") == [(1, "cd")]  # two become one
    assert await shown(store) == [(1, "abcde")]
    assert await join("ab", "cde") == [(3, "ab"), (1, "")]  # one becomes two: the greater keeps the number
    assert await join("cdef") == [(1, "f")]
    assert await shown(store) == [(1, "cdef")]
    assert await shown(store, Tlp.GREEN) == [(1, "cde")]
    (one,) = await store.flux.networks(max_tlp=Tlp.RED)
    assert (one.first, one.last) == (START, clock.now())
    assert [row.network for row in await store.flux.list(max_tlp=Tlp.RED)] == [None, None, 1, 1, 1, 1]
    assert await join() == []
    assert await shown(store) == []


async def test_pages_and_few_names(store: Store, six: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    await store.flux.join([[six["a"], six["b"]], [six["c"], six["d"]], [six["e"], six["f"]]])
    assert await shown(store) == [(1, "ab"), (2, "cd"), (3, "ef")]
    seen = {row.name[0]: row.network for row in await store.flux.list(max_tlp=Tlp.GREEN)}
    assert (seen["d"], seen["e"]) == (2, None), "who may not see the other name hears of no network"
    assert await shown(store, limit=1) == [(1, "ab")]
    assert await shown(store, limit=1, after=1) == [(2, "cd")]
    assert await shown(store, Tlp.GREEN, after=1) == [(2, "cd")]
    monkeypatch.setattr(networks, "MOST_NAMES", 1)
    (one, *_) = await store.flux.networks(max_tlp=Tlp.RED)
    assert (one.size, one.names) == (2, ("a.example.org",))
