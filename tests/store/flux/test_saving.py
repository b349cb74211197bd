"""What the tracker gathered, stored in parts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from support.fluxing import T0, mark, new, packed, run, seen
from support.stores import START, whole_log

from tipd.errors import StoreAway
from tipd.model.canonical import canonical
from tipd.model.dns import CNAME, Outcome
from tipd.model.finding import NewFinding
from tipd.model.flux import Batch, Roll, Score, State, Tier
from tipd.model.tlp import Tlp
from tipd.store.flux import saving
from tipd.store.flux.lease import Lease
from tipd.store.store import Store


async def rows(store: Store, query: str) -> list[dict[str, Any]]:
    async def look(connection: Any) -> list[dict[str, Any]]:
        return [dict(row) for row in await connection.fetch(query)]

    return await store.pool.run(look)


async def observed(store: Store) -> list[dict[str, Any]]:
    return await rows(
        store,
        "SELECT d.name, o.rtype, host(o.address) AS address, t.name AS target, o.asn, o.count, o.ttl_min, o.ttl_max,"
        " extract(epoch FROM o.last - o.first)::int AS span, v.vantage, v.upstream FROM dns_observation o"
        " JOIN dns_name d ON d.id = o.name_id LEFT JOIN dns_name t ON t.id = o.target_id"
        " LEFT JOIN dns_vantage v ON v.id = o.vantage ORDER BY 1, 2, 3, 4, 5",
    )


async def test_counts_are_added_and_first_last_and_ttls_widened(store: Store) -> None:
    name, one = "a.example.org", "192.0.2.1"
    await store.flux.save(Batch(observations=(seen(name, one, at=100, asn=64500),)), vantage="home")
    more = (
        seen(name, one, at=0, until=50, count=5, ttl_min=1, ttl_max=10, asn=64500),
        seen(name, one, at=300, ttl_min=90, ttl_max=90, asn=64500),
        seen(name, one, at=300, asn=64501),
        seen(name, "2001:db8::1", at=300),
        seen(name, "ns1.example.net"),
        seen(name, "end.example.net", rtype=CNAME),
    )
    await store.flux.save(Batch(observations=more), vantage="home")
    found = await observed(store)
    assert [(row["rtype"], row["address"], row["target"], row["asn"], row["count"]) for row in found] == [
        (1, one, None, 64500, 7),
        (1, one, None, 64501, 1),
        (2, None, "ns1.example.net", 0, 1),
        (5, None, "end.example.net", 0, 1),
        (28, "2001:db8::1", None, 0, 1),
    ]
    assert (found[0]["ttl_min"], found[0]["ttl_max"], found[0]["span"]) == (1, 90, 300)
    assert (found[0]["vantage"], found[0]["upstream"]) == ("home", "192.0.2.53:53")


async def test_what_no_name_or_address_can_be_is_left_out(store: Store) -> None:
    bad = (
        seen("bad..name", "192.0.2.1"),
        seen("a.example.org", "192.0.2.1", data=b"123"),
        seen("a.example.org", "ns1.example.org", data=b"\xff\0 bad"),
        seen("a.example.org", "192.0.2.2"),
    )
    await store.flux.save(Batch(observations=bad), vantage="home")
    assert [(row["name"], row["address"]) for row in await observed(store)] == [("a.example.org", "192.0.2.2")]


async def test_marks_rolls_scores_runs_and_findings_are_stored(store: Store) -> None:
    await store.flux.add([new("a.example.org"), new("b.example.org")])
    ids = {one.name: one.id for one in await store.flux.changed_since(0)}
    a, b = ids["a.example.org"], ids["b.example.org"]
    told = NewFinding(kind="flux.likely", module="fastflux", subject=canonical("a.example.org"), data={"tags": []})
    first = mark(a, State.LIKELY, reason="window", holz=21180, tier=Tier.LIKELY, verdict=b'{"x":1}', memo=b"\0\1")
    score = Score(id=a, at=T0, holz=21180, n_a=20, n_asn=10, total=20, tier=Tier.LIKELY, state=State.LIKELY)
    roll = Roll(id=b, due=T0 + 7, ttl=7, samples=9, last_sample=T0)
    await store.flux.save(
        Batch(
            marks=(first,), rolls=(roll,), scores=(score, score), runs=(run(a, "192.0.2.1", "192.0.2.2"),),
            findings=(told,),
        ),
        vantage="home",
    )  # fmt: skip
    loaded = {one.name: one for page in [p async for p in store.flux.load()] for one in page}
    one, other = loaded["a.example.org"], loaded["b.example.org"]
    assert (one.state, one.due, one.last_sample, one.samples, one.memo) == (State.LIKELY, T0 + 60, T0, 1, b"\0\1")
    assert (other.state, other.due, other.ttl, other.samples) == (State.CANDIDATE, T0 + 7, 7, 9)
    assert len(await rows(store, "SELECT * FROM flux_score")) == 1
    (stored,) = await rows(store, "SELECT * FROM flux_run")
    assert (stored["addresses"], stored["asns"]) == (packed("192.0.2.1", "192.0.2.2"), [64500, 64500])
    assert [one.kind for one in await whole_log(store)][-1] == "flux.likely"


async def test_a_mark_that_does_not_know_what_a_person_decided_is_passed_over(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    await store.flux.drop("a.example.org", "ours", "uid 0")
    await store.flux.save(Batch(marks=(mark(one.id, State.WATCHED, revision=one.revision),)), vantage="home")
    (now,) = await store.flux.changed_since(one.revision)
    assert now.state == State.DROPPED
    await store.flux.save(Batch(rolls=(Roll(id=one.id, due=T0, ttl=1, samples=2, last_sample=T0),)), vantage="home")
    assert (await store.flux.changed_since(one.revision))[0].due == 0
    await store.flux.save(Batch(marks=(mark(one.id, State.WATCHED, revision=now.revision),)), vantage="home")
    assert (await store.flux.changed_since(0))[0].state == State.WATCHED


async def test_a_mark_without_a_since_leaves_reason_and_begin_of_the_state(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    said = mark(one.id, State.LIKELY, reason="holz", since=T0 + 5)
    await store.flux.save(Batch(marks=(said,)), vantage="home")
    again = mark(one.id, State.LIKELY, reason="", since=0.0, samples=9)
    await store.flux.save(Batch(marks=(again,)), vantage="home")
    (row,) = await store.flux.list(max_tlp=Tlp.RED)
    assert (row.reason, row.since.timestamp(), row.samples) == ("holz", T0 + 5, 9)


async def test_what_is_half_stored_is_not_begun_again_when_the_database_goes_away(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.flux.add([new("a.example.org")])
    (one,) = await store.flux.changed_since(0)
    looks = [run(one.id, "192.0.2.1", at=n) for n in range(3)]
    asked, whole = [], store.pool.run

    async def away(work: Any, *args: Any) -> Any:
        asked.append(work)
        if work is saving.shut and asked.count(work) == 2:
            raise StoreAway("away")
        return await whole(work, *args)

    monkeypatch.setattr(saving, "MOST_ROWS", 2)
    monkeypatch.setattr(store.pool, "run", away)
    seen_once = [seen("a.example.org", "192.0.2.1")]
    await store.flux.save(Batch(observations=tuple(seen_once), runs=tuple(looks)), vantage="home")
    assert asked.count(saving.shut) == 3
    assert [row["count"] for row in await rows(store, "SELECT * FROM flux_run")] == [3]
    asked[:] = [saving.shut]
    with pytest.raises(StoreAway):
        await store.flux.save(Batch(runs=tuple(looks)), vantage="home")


async def test_of_names_that_are_gone_nothing_is_kept(store: Store) -> None:
    gone = 4711
    score = Score(id=gone, at=T0, holz=None, n_a=0, n_asn=0, total=0, tier=Tier.UNKNOWN, state=State.CANDIDATE)
    await store.flux.save(Batch(marks=(mark(gone),), scores=(score,), runs=(run(gone, "192.0.2.1"),)), vantage="v")
    for table in ("flux_state", "flux_score", "flux_run"):
        assert await rows(store, f"SELECT * FROM {table}") == []


async def test_runs_that_go_on_are_one_and_others_are_kept_apart(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (a,) = [one.id for one in await store.flux.changed_since(0)]
    hour = 3600.0
    parts = [
        run(a, "192.0.2.1"),
        run(a, "192.0.2.1", at=60, until=hour, count=59),
        run(a, "192.0.2.1", at=hour + 60, until=2 * hour, count=59, ttl_min=30),
        run(a, at=2 * hour + 60, outcome=Outcome.TIMEOUT, asns=()),
        run(a, "192.0.2.1", at=2 * hour + 120, cname="end.example.net"),
        run(a, "192.0.2.1", at=9 * hour, cname="end.example.net"),  # nobody asked meanwhile
        run(a, "192.0.2.1", at=24 * 30 * hour, cname="end.example.net"),  # another month
    ]
    for part in parts:
        await store.flux.save(Batch(runs=(part,)), vantage="home")
    stored = await rows(
        store, "SELECT count, outcome, ttl_min, cname_id IS NOT NULL AS cname, first FROM flux_run ORDER BY first"
    )
    assert [(row["count"], row["outcome"], row["ttl_min"], row["cname"]) for row in stored] == [
        (119, 0, 30, False),
        (1, 6, 60, False),
        (1, 0, 60, True),
        (1, 0, 60, True),
        (1, 0, 60, True),
    ]
    assert stored[0]["first"] == START
    assert stored[-1]["first"] == START + timedelta(days=30)


async def test_the_same_runs_in_one_batch_are_joined_too(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    (a,) = [one.id for one in await store.flux.changed_since(0)]
    await store.flux.save(
        Batch(runs=(run(a, "192.0.2.1", at=60), run(a, "192.0.2.1"), run(a, "192.0.2.2", at=120))), vantage="home"
    )
    assert [row["count"] for row in await rows(store, "SELECT count FROM flux_run ORDER BY first")] == [2, 1]


@pytest.mark.parametrize("forever", [True, False])
async def test_what_was_forgotten_is_not_taken_in(store: Store, forever: bool) -> None:
    await store.flux.add([new("a.example.org")])
    (a,) = [one.id for one in await store.flux.changed_since(0)]
    for value in ("192.0.2.1", "bad.example.org"):
        (target,) = await store.forgetting.targets(canonical(value))
        if forever:
            await store.forgetting.block([target])
        else:
            await rows(store, f"INSERT INTO flux_forgotten VALUES ({target.key}, now()) RETURNING key")
    await store.flux.save(
        Batch(
            observations=(
                seen("a.example.org", "192.0.2.1"),
                seen("a.example.org", "192.0.2.2"),
                seen("a.example.org", "bad.example.org"),
                seen("bad.example.org", "192.0.2.2"),
            ),
            runs=(run(a, "192.0.2.1", "192.0.2.2", cname="bad.example.org"),),
        ),
        vantage="home",
    )
    assert [(row["name"], row["address"]) for row in await observed(store)] == [("a.example.org", "192.0.2.2")]
    (stored,) = await rows(store, "SELECT addresses, asns, cname_id FROM flux_run")
    assert stored == {"addresses": packed("192.0.2.2"), "asns": [64500], "cname_id": None}
    assert "bad.example.org" not in {row["name"] for row in await rows(store, "SELECT name FROM dns_name")}


def test_no_transaction_has_too_many_rows_and_marks_come_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saving, "MOST_ROWS", 10)
    monkeypatch.setattr(saving, "MOST_TOLD", 3)
    told = NewFinding(kind="flux.likely", module="fastflux")
    whole = Batch(
        marks=tuple(mark(number) for number in range(12)),
        observations=tuple(seen("a.example.org", f"192.0.2.{number}") for number in range(25)),
        findings=(told,) * 7,
    )
    parts = list(saving.parts(whole))
    assert all(0 < len(part) <= 10 and len(part.findings) <= 3 for part in parts)
    assert sum(map(len, parts)) == len(whole)
    assert [bool(part.marks) for part in parts] == sorted(bool(part.marks) for part in parts)
    assert [one for part in parts for one in part.marks] == list(whole.marks)


def test_what_fits_is_one_transaction() -> None:
    whole = Batch(marks=(mark(1),), observations=(seen("a.example.org", "192.0.2.1"),), runs=(run(1, "192.0.2.1"),))
    assert len(list(saving.parts(whole))) == 1
    assert list(saving.parts(Batch())) == []


async def test_where_names_stand_is_not_said_by_who_lost_the_lease(store: Store) -> None:
    """A process that was stopped for a while stores what it had gathered before it learns that another probes."""
    await store.flux.add([new("a.example.org")])
    (known,) = [each async for page in store.flux.load() for each in page]
    one, other, valid = uuid4(), uuid4(), timedelta(seconds=15)
    assert (await store.flux.lease.take(one, START, valid)).ours
    late = Batch(marks=[mark(known.id, state=State.LIKELY)], observations=[seen("a.example.org", "192.0.2.1", count=1)])
    await store.flux.save(Batch(marks=[mark(known.id, state=State.CONFIRMED)]), vantage="here")
    await Lease(store.writer).take(other, START + 2 * valid, valid)
    await store.flux.save(late, vantage="here")
    (now,) = [each async for page in store.flux.load() for each in page]
    assert now.state is State.CONFIRMED
    assert len(await observed(store)) == 1  # what was observed is true all the same
