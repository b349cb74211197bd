"""Commits that are lost, before they came or after: what was stored of tracked names is there once."""

from __future__ import annotations

import pytest
from support import pg
from support.fluxing import mark, new, run, seen
from support.gate import open_gate
from support.stores import open_store, whole_log

from tipd.model.canonical import canonical
from tipd.model.finding import NewFinding
from tipd.model.flux import Batch, State
from tipd.model.tlp import Tlp


@pytest.mark.parametrize("fate", ["before", "after"])
async def test_a_lost_commit_counts_once(pg_server: pg.Server, dsn: str, fate: str) -> None:
    async with open_gate(pg_server.sockets) as gate, open_store(gate.dsn(dsn)) as store:
        setattr(gate, fate, 1)
        added = await store.flux.add([new("a.example.org"), new("b.example.org")])
        assert added.new == ("a.example.org", "b.example.org")
        (one, _) = await store.flux.changed_since(0)
        told = NewFinding(kind="flux.likely", module="fastflux", subject=canonical(one.name))
        batch = Batch(
            marks=(mark(one.id, State.LIKELY),),
            observations=(seen(one.name, "192.0.2.1", count=5), seen(one.name, "ns.example.net")),
            runs=(run(one.id, "192.0.2.1", count=5),),
            findings=(told,),
        )
        for number in range(3):
            setattr(gate, fate, 1)
            await store.flux.save(batch, vantage="home")
            (address,) = [row for row in await store.flux.pdns(one.name, max_tlp=Tlp.RED) if row.rtype == 1]
            assert address.count == 5 * (number + 1)
        assert gate.lost == 4
        kinds = [finding.kind for finding in await whole_log(store)]
        assert kinds == ["flux.candidate"] * 2 + ["flux.likely"] * 3
        assert len(await store.flux.runs(one.name)) == 1
