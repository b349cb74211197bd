"""Score over time."""

from __future__ import annotations

from support.fluxing import T0, new

from tipd.model.flux import Batch, Score, State, Tier
from tipd.store.store import Store


def score(name_id: int, at: float, holz: int | None) -> Score:
    return Score(id=name_id, at=T0 + at, holz=holz, n_a=1, n_asn=2, total=3, tier=Tier.LIKELY, state=State.LIKELY)


async def test_scores_come_back_ascending_and_the_same_moment_takes_the_place(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    await store.flux.save(Batch(scores=(score(one.id, 60, 5), score(one.id, 0, None))), vantage="home")
    await store.flux.save(Batch(scores=(score(one.id, 60, 6), score(one.id, 120, 7))), vantage="home")
    found = await store.flux.scores("a.example.org")
    assert [point.holz for point in found] == [None, 6, 7]
    point = found[-1]
    assert (point.n_a, point.n_asn, point.total, point.tier, point.state) == (1, 2, 3, Tier.LIKELY, State.LIKELY)
    assert [point.holz for point in await store.flux.scores("a.example.org", limit=2)] == [6, 7]
    assert await store.flux.scores("nobody.example.org") == []
