"""The whole of it, as the rest of tipd meets it."""

from __future__ import annotations

from typing import Any

import pytest
from support.fluxing import mark, new, run, seen

from tipd.model.flux import Batch, State
from tipd.store.flux import saving
from tipd.store.store import Store


async def test_another_database_has_other_keys(store: Store) -> None:
    store.flux.begin_anew(12345)
    await store.flux.add([new("a.example.org")])

    async def key(connection: Any) -> int:
        return await connection.fetchval("SELECT key FROM finding")

    from tipd.model.key import key_of
    from tipd.model.kind import Kind

    assert await store.pool.run(key) == key_of(12345, Kind.DOMAIN, "a.example.org")


async def test_what_changes_while_rows_are_made_ready_is_made_ready_anew(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tipd.model.canonical import canonical

    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    ready, made = saving.ready, []

    async def late(*args: Any) -> Any:
        rows = await ready(*args)
        if not made:  # somebody blocks an address at the worst moment
            await store.forgetting.block(await store.forgetting.targets(canonical("192.0.2.1")))
        made.append(rows.shut)
        return rows

    monkeypatch.setattr(saving, "ready", late)
    await store.flux.save(Batch(runs=(run(one.id, "192.0.2.1", "192.0.2.2"),)), vantage="home")
    assert made == [0, 1]
    (stored,) = await store.flux.runs("a.example.org")
    assert stored.addresses == bytes((192, 0, 2, 2))


async def test_it_gives_up_where_it_never_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    ready = saving.ready

    async def wrong(*args: Any) -> Any:
        return (await ready(*args))._replace(shut=7)

    monkeypatch.setattr(saving, "ready", wrong)
    with pytest.raises(saving.Moved):
        await store.flux.save(Batch(runs=(run(one.id, "192.0.2.1"),)), vantage="home")


async def test_a_great_batch_is_stored_whole(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MOST_ROWS", 7)
    await store.flux.add([new(f"n{number}.example.org") for number in range(20)])
    known = await store.flux.changed_since(0)
    marks = tuple(mark(one.id, State.WATCHED) for one in known)
    observations = tuple(seen(one.name, "192.0.2.1") for one in known)
    runs = tuple(run(one.id, "192.0.2.1") for one in known)
    await store.flux.save(Batch(marks=marks, observations=observations, runs=runs), vantage="home")
    assert {one.state for one in await store.flux.changed_since(0)} == {State.WATCHED}
    counts = [len(await store.flux.runs(one.name)) for one in known]
    assert counts == [1] * 20
