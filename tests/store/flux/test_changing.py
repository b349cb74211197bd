"""What people change of one name."""

from __future__ import annotations

import pytest
from support.fluxing import new
from support.stores import whole_log

from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.store.store import Store


async def test_tags_and_note_change_and_are_audited(store: Store) -> None:
    await store.flux.add([new("a.example.org", tags=("x", "y"), note="old")])
    assert await store.flux.edit("a.example.org", add_tags=("z", "x"), remove_tags=("y",), note="new\0", by="uid 7")
    (row,) = await store.flux.list(max_tlp=Tlp.RED)
    assert (row.tags, row.note) == (("x", "z"), "new\N{REPLACEMENT CHARACTER}")
    assert not await store.flux.edit("b.example.org", add_tags=("z",), by="uid 7")
    (act,) = await store.audit.read()
    assert (act.by, act.action, act.subject, act.data["remove_tags"]) == (
        "uid 7",
        "flux.edited",
        "a.example.org",
        ["y"],
    )
    with pytest.raises(ValueError, match="tag"):
        await store.flux.edit("a.example.org", add_tags=("a b",), by="uid 7")


async def test_a_change_has_a_revision(store: Store) -> None:
    await store.flux.add([new("a.example.org")])
    before = await store.flux.revision()
    await store.flux.edit("a.example.org", note="x", by="uid 7")
    assert [one.name for one in await store.flux.changed_since(before)] == ["a.example.org"]


async def test_letting_go_is_told_and_audited(store: Store) -> None:
    await store.flux.add([new("a.example.org", tags=("x",), tlp=Tlp.AMBER)])
    assert await store.flux.drop("a.example.org", "ours", "uid 7")
    assert not await store.flux.drop("a.example.org", "ours", "uid 7")
    assert not await store.flux.drop("b.example.org", "ours", "uid 7")
    (row,) = await store.flux.list(max_tlp=Tlp.RED)
    assert (row.state, row.reason, row.due) == (State.DROPPED, "ours", None)
    last = (await whole_log(store))[-1]
    assert (last.kind, last.tlp) == ("flux.dropped", "amber")
    assert last.data == {"reason": "ours", "was": "candidate", "by": "person", "tags": ["x"]}
    (act,) = await store.audit.read()
    assert (act.action, act.subject, act.reason) == ("flux.dropped", "a.example.org", "ours")
