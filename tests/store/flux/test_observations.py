"""Passive DNS: however observations are split into batches, the rows are the same."""

from __future__ import annotations

import socket
from typing import Any

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pg
from support.fluxing import seen
from support.stores import open_store

from tipd.model.flux import Batch, Observation

_NAMES = st.sampled_from(["a.example.org", "b.example.org", "ns.example.net"])
_DATA = st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1", "ns.example.net"])


@st.composite
def observations(draw: st.DrawFn) -> Observation:
    at = draw(st.integers(0, 100_000))
    return seen(
        draw(_NAMES),
        draw(_DATA),
        at=at,
        until=at + draw(st.integers(0, 5000)),
        count=draw(st.integers(1, 9)),
        asn=draw(st.sampled_from([0, 64500])),
        ttl_min=draw(st.integers(0, 300)),
        ttl_max=draw(st.integers(300, 600)),
        true_ttl=draw(st.booleans()),
    )


def expected(rows: list[Observation]) -> set[tuple[Any, ...]]:
    found: dict[tuple[Any, ...], list[Any]] = {}
    for one in rows:
        data = one.data.decode() if one.rtype == 2 else socket.inet_ntop(_family(one.data), one.data)
        known = found.setdefault((one.name, one.rtype, data, one.asn), [one.first, one.last, 0, 999, 0, False])
        known[:] = [
            min(known[0], one.first),
            max(known[1], one.last),
            known[2] + one.count,
            min(known[3], one.ttl_min),
            max(known[4], one.ttl_max),
            known[5] or one.true_ttl,
        ]
    return {(*key, *known) for key, known in found.items()}


def _family(packed: bytes) -> int:
    return socket.AF_INET if len(packed) == 4 else socket.AF_INET6


async def _rows(connection: Any) -> set[tuple[Any, ...]]:
    rows = await connection.fetch(
        "SELECT d.name, o.rtype, coalesce(host(o.address), t.name), o.asn, extract(epoch FROM o.first)::float8,"
        " extract(epoch FROM o.last)::float8, o.count, o.ttl_min, o.ttl_max, o.true_ttl"
        " FROM dns_observation o JOIN dns_name d ON d.id = o.name_id LEFT JOIN dns_name t ON t.id = o.target_id"
    )
    await connection.execute("TRUNCATE dns_observation")
    return {tuple(row.values()) for row in rows}


def test_any_order_and_split_gives_the_same_rows(pg_server: pg.Server) -> None:
    name = pg_server.create_migrated()

    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.lists(observations(), max_size=8), max_size=4))
    def holds(batches: list[list[Observation]]) -> None:
        async def main() -> set[tuple[Any, ...]]:
            async with open_store(pg_server.dsn(name)) as store:
                for batch in batches:
                    await store.flux.save(Batch(observations=tuple(batch)), vantage="home")
                return await store.pool.run(_rows)

        assert trio.run(main) == expected([one for batch in batches for one in batch])

    holds()
    pg_server.drop(name)
