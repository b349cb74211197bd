"""What was forgotten stands nowhere in tracking and passive DNS."""

from __future__ import annotations

from typing import Any

import pytest
from support.fluxing import T0, mark, new, packed, run, seen

from tipd.model.canonical import canonical
from tipd.model.dns import CNAME
from tipd.model.flux import Batch, Score, State, Tier
from tipd.model.tlp import Tlp
from tipd.store.flux import forgetting
from tipd.store.flux.forgetting import cut
from tipd.store.forgetting import Forgotten, Needle
from tipd.store.store import Store

TABLES = ("dns_name", "dns_observation", "flux_name", "flux_origin", "flux_state", "flux_score", "flux_run")


async def everything(store: Store) -> str:
    """Return all there is as text, packed addresses as dotted quads too."""

    async def look(connection: Any) -> str:
        texts = []
        for table in TABLES:
            texts += [row["t"] for row in await connection.fetch(f"SELECT t::text FROM {table} AS t")]
        runs = await connection.fetch("SELECT addresses FROM flux_run")
        texts += [".".join(map(str, r["addresses"][n : n + 4])) for r in runs for n in range(0, len(r["addresses"]), 4)]
        return "\n".join(texts)

    return await store.pool.run(look)


async def forget(store: Store, value: str, *, below: bool = False) -> Forgotten:
    targets = await store.forgetting.targets(canonical(value), below=below)
    done = Forgotten(values=len(targets))
    await store.forgetting.blank(targets, Needle.of(value), done)
    return done


@pytest.fixture
async def world(store: Store) -> Store:
    await store.flux.add(
        [
            new("bad.example.org", tags=("bad.example.org", "x"), note="of bad.example.org"),
            new("other.example.net", path=("bad.example.org", "192.0.2.66"), note="like BAD.example.org, 192.0.2.66"),
        ]
    )
    known = {one.name: one.id for one in await store.flux.changed_since(0)}
    bad, other = known["bad.example.org"], known["other.example.net"]
    verdict = b'{"reasons": ["shares 192.0.2.66 with bad.example.org"]}'
    await store.flux.save(
        Batch(
            marks=(
                mark(bad, State.CONFIRMED, verdict=verdict, memo=b"x"),
                mark(other, State.LIKELY, verdict=verdict, memo=packed("192.0.2.66"), reason="with 192.0.2.66"),
            ),
            observations=(
                seen("bad.example.org", "192.0.2.66"),
                seen("bad.example.org", "192.0.2.6"),
                seen("other.example.net", "192.0.2.66"),
                seen("other.example.net", "bad.example.org", rtype=CNAME),
                seen("other.example.net", "ns.bad.example.org"),
            ),
            runs=(
                run(bad, "192.0.2.66"),
                run(other, "192.0.2.6", "192.0.2.66", cname="bad.example.org"),
                run(other, "192.0.2.66", at=60),
            ),
            scores=(
                Score(id=bad, at=T0, holz=1, n_a=1, n_asn=1, total=1, tier=Tier.LIKELY, state=State.LIKELY),
            ),
        ),
        vantage="home",
    )  # fmt: skip
    return store


async def test_a_name_goes_and_the_tracker_hears_of_it(world: Store) -> None:
    before = max(one.revision for one in await world.flux.changed_since(0))
    done = await forget(world, "bad.example.org")
    assert done.tracked > 5
    left = await everything(world)
    assert "bad.example.org" not in left.lower().replace("ns.bad.example.org", "")
    changed = {one.name: one for one in await world.flux.changed_since(before)}
    (gone,) = (one for name, one in changed.items() if name.startswith("(forgotten)"))
    assert (gone.state, gone.memo, gone.tags, gone.apex) == (State.DROPPED, b"", (), "")
    assert [one.name for one in await world.flux.list(max_tlp=Tlp.RED)] == ["other.example.net"]
    # What the tracker still says of it, before it has heard, is not kept.
    await world.flux.save(
        Batch(
            marks=(mark(gone.id, State.CONFIRMED, memo=b"y", revision=1),),
            observations=(seen("bad.example.org", "192.0.2.66"), seen("bad.example.org", "ns.example.net")),
            runs=(run(gone.id, "192.0.2.7", at=600),),
        ),
        vantage="home",
    )
    assert "bad.example.org" not in (await everything(world)).lower().replace("ns.bad.example.org", "")
    (still,) = [one for one in await world.flux.changed_since(before) if one.id == gone.id]
    assert (still.state, still.memo) == (State.DROPPED, b"")


async def test_all_below_a_name_goes_with_it(world: Store) -> None:
    await forget(world, "bad.example.org", below=True)
    assert "bad.example.org" not in (await everything(world)).lower()


@pytest.mark.parametrize("blocks", [1, 2000])
async def test_an_address_goes_from_everything_packed_too(
    world: Store, monkeypatch: pytest.MonkeyPatch, blocks: int
) -> None:
    monkeypatch.setattr(forgetting, "BLOCKS", blocks)
    await forget(world, "192.0.2.66")
    left = await everything(world)
    assert "192.0.2.66" not in left
    assert "192.0.2.6" in left
    runs = await world.flux.runs("other.example.net")
    assert [(one.addresses, one.asns) for one in runs] == [(packed("192.0.2.6"), (64500,)), (b"", ())]
    assert all(one.memo == b"" for one in await world.flux.changed_since(0))
    assert (await world.flux.pivot("192.0.2.66", max_tlp=Tlp.RED)).rows == ()


async def test_a_person_may_add_it_again(world: Store) -> None:
    await forget(world, "bad.example.org")
    added = await world.flux.add([new("bad.example.org")])
    assert added.new == ("bad.example.org",)
    await world.flux.save(Batch(observations=(seen("bad.example.org", "192.0.2.1"),)), vantage="home")
    assert len(await world.flux.pdns("bad.example.org", max_tlp=Tlp.RED)) == 1


async def test_doing_it_twice_is_doing_it_once(world: Store) -> None:
    await forget(world, "bad.example.org")
    left = await everything(world)
    assert (await forget(world, "bad.example.org")).tracked == 0
    assert await everything(world) == left


def test_an_address_is_cut_where_it_stands_not_across_two() -> None:
    a, b, c = bytes((1, 2, 3, 4)), bytes((1, 2, 1, 2)), bytes((3, 4, 3, 4))
    assert cut(b + c, [1, 2], a) == (b + c, [1, 2])
    assert cut(a + b + c, [7, 8, 9], b) == (a + c, [7, 9])
    assert cut(a, [], a) == (b"", [])
