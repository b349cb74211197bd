"""From one value to all that it shared something with."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.fluxing import new, seen
from support.stores import START

from tipd.model.dns import CNAME
from tipd.model.flux import Batch, State
from tipd.model.indicator import RefusedValue
from tipd.model.tlp import Tlp
from tipd.model.tracked import Pivot
from tipd.store.flux import pivot
from tipd.store.store import Store

HOUR = 3600.0


@pytest.fixture
async def world(store: Store) -> Store:
    """Give three names in two ASs, on one name server; `c` is below a domain that is not watched itself."""
    names = ["a.example.org", "b.example.net", "www.c.example.com"]
    await store.flux.add([new(name, tags=(name[0],)) for name in names])
    await store.flux.save(
        Batch(
            observations=(
                seen("a.example.org", "192.0.2.1", asn=64500, at=0, until=HOUR, count=3),
                seen("a.example.org", "192.0.2.2", asn=64500, at=HOUR),
                seen("a.example.org", "2001:db8::1", asn=64501, at=HOUR),
                seen("b.example.net", "192.0.2.1", asn=64500, at=2 * HOUR),
                seen("b.example.net", "198.51.100.1", asn=64502, at=2 * HOUR),
                seen("example.org", "ns1.example.net", at=HOUR),
                seen("example.com", "ns1.example.net", at=3 * HOUR),
                seen("ns1.example.net", "203.0.113.53", asn=64503),
                seen("www.c.example.com", "end.example.com", rtype=CNAME, at=4 * HOUR),
            )
        ),
        vantage="home",
    )
    return store


def found(answer: Pivot) -> list[tuple[str, str, str]]:
    return [(row.how, row.found, row.via) for row in answer.rows]


async def test_an_address_leads_to_names_the_latest_first(world: Store) -> None:
    answer = await world.flux.pivot("192.0.2.1", max_tlp=Tlp.RED)
    assert (answer.kind, answer.value, answer.more) == ("ipv4", "192.0.2.1", False)
    assert found(answer) == [("had_by", "b.example.net", ""), ("had_by", "a.example.org", "")]
    later, first = answer.rows
    assert (first.count, first.asn, first.rtype, first.state, first.tags) == (3, 64500, 1, State.CANDIDATE, ("a",))
    assert (first.first, first.last) == (START, START + timedelta(hours=1))
    assert later.first == START + timedelta(hours=2)


async def test_an_address_of_a_name_server_leads_to_what_it_serves(world: Store) -> None:
    answer = await world.flux.pivot("203.0.113.53", max_tlp=Tlp.RED)
    assert sorted(found(answer)) == [
        ("had_by", "ns1.example.net", ""),
        ("served_by", "a.example.org", "ns1.example.net"),
        ("served_by", "example.com", "ns1.example.net"),
        ("served_by", "example.org", "ns1.example.net"),
        ("served_by", "www.c.example.com", "ns1.example.net"),
    ]


async def test_networks_and_ass_lead_to_names(world: Store) -> None:
    answer = await world.flux.pivot("192.0.2.0/24", max_tlp=Tlp.RED)
    assert (answer.kind, answer.value) == ("network", "192.0.2.0/24")
    assert found(answer) == [("had_by", "b.example.net", "192.0.2.1"), ("had_by", "a.example.org", "192.0.2.1")] or (
        found(answer) == [("had_by", "b.example.net", "192.0.2.1"), ("had_by", "a.example.org", "192.0.2.2")]
    )
    assert [row.count for row in answer.rows] == [1, 4]
    assert [row.found for row in (await world.flux.pivot("2001:db8::/32", max_tlp=Tlp.RED)).rows] == ["a.example.org"]
    for text in ("AS64500", "as64500", "64500"):
        answer = await world.flux.pivot(text, max_tlp=Tlp.RED)
        assert (answer.kind, answer.value) == ("asn", "AS64500")
        assert [row.found for row in answer.rows] == ["b.example.net", "a.example.org"]
    assert (await world.flux.pivot("64999", max_tlp=Tlp.RED)).rows == ()


async def test_a_name_server_leads_to_domains_and_the_names_below(world: Store) -> None:
    answer = await world.flux.pivot("ns1.example.net", max_tlp=Tlp.RED)
    assert {("had_by", "example.com", ""), ("had_by", "www.c.example.com", "example.com")} <= set(found(answer))
    assert ("has", "203.0.113.53", "") in found(answer)
    assert ("has", "AS64503", "203.0.113.53") in found(answer)


async def test_an_end_of_a_chain_leads_to_its_names(world: Store) -> None:
    answer = await world.flux.pivot("end.example.com", max_tlp=Tlp.RED)
    assert [row for row in found(answer) if row[0] == "had_by"] == [("had_by", "www.c.example.com", "")]


async def test_a_name_leads_to_what_it_has_and_who_shares_it(world: Store) -> None:
    answer = await world.flux.pivot("a.example.org", max_tlp=Tlp.RED)
    rows = found(answer)
    assert {row for row in rows if row[0] == "has"} == {
        ("has", "192.0.2.1", ""),
        ("has", "192.0.2.2", ""),
        ("has", "2001:db8::1", ""),
        ("has", "AS64500", "192.0.2.2"),
        ("has", "AS64501", "2001:db8::1"),
        ("has", "ns1.example.net", ""),
    } or ("has", "AS64500", "192.0.2.1") in rows
    assert ("shares", "b.example.net", "192.0.2.1") in rows
    assert ("shares", "example.com", "ns1.example.net") in rows
    assert (await world.flux.pivot("nobody.example.org", max_tlp=Tlp.RED)).rows == ()


async def test_a_span_and_tags_choose(world: Store) -> None:
    hour = timedelta(hours=1)

    async def names(**more: object) -> list[str]:
        answer = await world.flux.pivot("192.0.2.1", max_tlp=Tlp.RED, **more)
        return sorted(row.found for row in answer.rows)

    assert await names(since=START + 1.5 * hour) == ["b.example.net"]
    assert await names(until=START + 1.5 * hour) == ["a.example.org"]
    assert await names(since=START + 0.5 * hour, until=START + 0.6 * hour) == ["a.example.org"]
    assert await names(tag=("b", "nobody")) == ["b.example.net"]
    assert await names(tag=("nobody",)) == []
    answer = await world.flux.pivot("ns1.example.net", max_tlp=Tlp.RED, tag=("w",))
    assert [row.found for row in answer.rows if row.how == "had_by"] == ["www.c.example.com"]


async def test_many_tagged_names_are_not_looked_through(world: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pivot, "MOST_TAGGED", 0)
    answer = await world.flux.pivot("192.0.2.1", max_tlp=Tlp.RED, tag=("b",))
    assert [row.found for row in answer.rows] == ["b.example.net"]


async def test_a_limit_cuts_and_says_so(world: Store) -> None:
    answer = await world.flux.pivot("192.0.2.1", max_tlp=Tlp.RED, limit=1)
    assert ([row.found for row in answer.rows], answer.more) == (["b.example.net"], True)
    answer = await world.flux.pivot("AS64500", max_tlp=Tlp.RED, limit=2)
    assert (len(answer.rows), answer.more) == (2, False)


async def test_only_what_a_visible_name_leads_to_is_shown(store: Store) -> None:
    await store.flux.add([new("red.example.org", tlp=Tlp.RED), new("green.example.net")])
    batch = Batch(
        observations=(
            seen("red.example.org", "192.0.2.1", asn=64500),
            seen("green.example.net", "192.0.2.1", asn=64500),
            seen("example.org", "ns.example.org"),
            seen("ns.example.org", "203.0.113.53"),
            seen("green.example.net", "red.example.org", rtype=CNAME),
        )
    )
    await store.flux.save(batch, vantage="home")

    async def names(value: str, max_tlp: Tlp) -> list[str]:
        return sorted({row.found for row in (await store.flux.pivot(value, max_tlp=max_tlp)).rows})

    assert await names("192.0.2.1", Tlp.RED) == ["green.example.net", "red.example.org"]
    assert await names("203.0.113.53", Tlp.RED) == ["example.org", "ns.example.org", "red.example.org"]
    for value in ("203.0.113.53", "ns.example.org", "example.org"):
        assert await names(value, Tlp.AMBER) == []
    # Known as the end of a chain, not as a name that is watched.
    (row,) = [r for r in (await store.flux.pivot("192.0.2.1", max_tlp=Tlp.GREEN)).rows if r.found == "red.example.org"]
    assert (row.state, row.tags) == (None, ())


@pytest.mark.parametrize("value", ["", "..", "1.2.3.4/99", "AS99999999999", "a b", "99999999999"])
async def test_what_is_no_value_is_refused(store: Store, value: str) -> None:
    with pytest.raises(RefusedValue):
        await store.flux.pivot(value, max_tlp=Tlp.RED)
