"""Passive DNS as rows."""

from __future__ import annotations

from datetime import timedelta

from support.fluxing import new, seen
from support.stores import START

from tipd.model.dns import CNAME
from tipd.model.flux import Batch
from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_rows_by_name_address_network_and_as(store: Store) -> None:
    await store.flux.add([new("a.example.org"), new("b.example.net", tlp=Tlp.RED)])
    batch = Batch(
        observations=(
            seen("a.example.org", "192.0.2.1", asn=64500, at=0, until=60, count=4),
            seen("a.example.org", "192.0.2.1", asn=64501, at=120, ttl_max=90),
            seen("a.example.org", "2001:db8::1", at=300),
            seen("b.example.net", "192.0.2.9", asn=64500, at=500),
            seen("b.example.net", "a.example.org", rtype=CNAME, at=600),
        )
    )
    await store.flux.save(batch, vantage="home")

    async def rows(value: str, max_tlp: Tlp = Tlp.RED, limit: int = 100) -> list[tuple[str, int, str, int]]:
        found = await store.flux.pdns(value, max_tlp=max_tlp, limit=limit)
        return [(one.name, one.rtype, one.data, one.count) for one in found]

    own = [("a.example.org", 28, "2001:db8::1", 1), ("a.example.org", 1, "192.0.2.1", 5)]
    assert await rows("a.example.org") == [("b.example.net", 5, "a.example.org", 1), *own]
    assert await rows("a.example.org", Tlp.GREEN) == own
    assert await rows("192.0.2.1") == own[1:]
    assert await rows("192.0.2.0/24") == [("b.example.net", 1, "192.0.2.9", 1), own[1]]
    assert await rows("192.0.2.0/24", Tlp.GREEN) == own[1:]
    assert await rows("AS64500", limit=1) == [("b.example.net", 1, "192.0.2.9", 1)]
    assert await rows("2001:db8::/64") == own[:1]
    assert await rows("b.example.net", Tlp.GREEN) == []
    (one,) = await store.flux.pdns("192.0.2.1", max_tlp=Tlp.GREEN)
    assert (one.asn, one.first, one.last, one.ttl_min, one.ttl_max) == (
        64501,
        START,
        START + timedelta(seconds=120),
        60,
        90,
    )
    assert (one.vantage, one.upstream) == ("home", "192.0.2.53:53")
