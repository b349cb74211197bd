"""What doors read, before there is anything."""

from __future__ import annotations

from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_an_empty_store_answers_everything(store: Store) -> None:
    flux, max_tlp = store.flux, Tlp.RED
    assert await flux.list(max_tlp=max_tlp) == []
    assert await flux.get("a.example.org", max_tlp=max_tlp) is None
    assert await flux.counts(max_tlp=max_tlp) == {}
    assert await flux.networks(max_tlp=max_tlp) == []
    assert await flux.revision() == 0
    for of in ("names", "nodes"):
        assert [page async for page in flux.export(of=of, max_tlp=max_tlp)] == []
        assert await flux.count(of=of, max_tlp=max_tlp) == 0
    for value in ("a.example.org", "192.0.2.1", "192.0.2.0/24", "AS64500"):
        assert (await flux.pivot(value, max_tlp=max_tlp)).rows == ()
        assert await flux.pdns(value, max_tlp=max_tlp) == []
    assert [page async for page in flux.load()] == []
    assert await flux.listed(["spam"], None, 100) == ([], None)
