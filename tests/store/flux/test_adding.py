"""Names on their way under watch."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.fluxing import mark, new
from support.stores import START, HandClock, whole_log

from tipd.model.canonical import canonical
from tipd.model.flux import Batch, NewName, State
from tipd.model.tlp import Tlp
from tipd.store.flux.adding import MOST_NAMES
from tipd.store.sources import Declared
from tipd.store.store import Store


async def known(store: Store) -> dict[str, object]:
    return {one.name: one for one in await store.flux.changed_since(0)}


async def told(store: Store) -> list[tuple[str, str, dict]]:
    return [(one.kind, one.subject.value, one.data) for one in await whole_log(store) if one.subject]


async def test_a_new_name_is_a_candidate_that_is_due_at_once_and_told(store: Store) -> None:
    added = await store.flux.add([new("a.example.org", tags=("b", "a"), note="seen", path=("192.0.2.1",))])
    assert (added.new, added.known, added.refused) == (("a.example.org",), (), {})
    (one,) = (await known(store)).values()
    assert (one.name, one.apex, one.state, one.tags) == ("a.example.org", "example.org", State.CANDIDATE, ("a", "b"))
    assert (one.tlp, one.due, one.samples, one.memo) == (Tlp.GREEN, START.timestamp(), 0, b"")
    (finding,) = await whole_log(store)
    assert (finding.kind, finding.module, finding.source) == ("flux.candidate", "fastflux", None)
    assert finding.subject == canonical("a.example.org")
    assert (finding.data, finding.tlp) == ({"why": "person", "tags": ["a", "b"], "path": ["192.0.2.1"]}, "green")


async def test_what_is_no_name_to_watch_is_refused_with_the_reason(store: Store) -> None:
    bad = ["Example.org", "co.uk", "localhost", "a..b", "x.example.org.", "", "192.0.2.1", "a\0.example.org"]
    added = await store.flux.add([*map(new, bad), new("good.example.org")])
    assert added.new == ("good.example.org",)
    assert set(added.refused) == set(bad)
    assert added.refused["co.uk"] == "public_suffix"
    assert added.refused["localhost"] == "localhost"
    assert added.refused[""] == "empty"


async def test_what_is_blocked_for_good_is_refused(store: Store) -> None:
    await store.forgetting.block(await store.forgetting.targets(canonical("bad.example.org")))
    added = await store.flux.add([new("bad.example.org"), new("ok.example.org")])
    assert (added.new, added.refused) == (("ok.example.org",), {"bad.example.org": "forgotten"})


async def test_a_name_twice_in_one_call_is_one_with_all_that_was_said(store: Store) -> None:
    added = await store.flux.add(
        [new("a.example.org", tags=("x",), tlp=Tlp.RED), new("a.example.org", tags=("y",), why="pivot")]
    )
    assert added.new == ("a.example.org",)
    (one,) = (await known(store)).values()
    assert (one.tags, one.tlp) == ((), Tlp.GREEN), "what was said among few is not told to all"
    (row,) = await store.flux.list(max_tlp=Tlp.RED)
    assert row.tags == ("x", "y")
    assert [kind for kind, _, _ in await told(store)] == ["flux.candidate"]


async def test_a_known_name_gains_tags_note_and_path_and_is_told_by_its_revision(store: Store) -> None:
    await store.flux.add([new("a.example.org", tags=("x",), note="one")])
    before = (await known(store))["a.example.org"]
    added = await store.flux.add([new("a.example.org", tags=("y",), note="two", path=("p",))])
    assert added.known == ("a.example.org",)
    (now,) = await store.flux.changed_since(before.revision)
    assert now.tags == ("x", "y")
    assert await store.flux.changed_since(now.revision) == []
    await store.flux.add([new("a.example.org", tags=("y",), note="two")])
    assert await store.flux.changed_since(now.revision) == []
    assert len(await whole_log(store)) == 1


async def test_names_of_lists_have_their_sources_marks_and_the_least_holds(store: Store) -> None:
    await store.sources.declare("blacklist", {"red": Declared(tlp=Tlp.RED), "clear": Declared(tlp=Tlp.CLEAR)})
    of = {"why": "list", "class_": "c2", "by": ""}
    await store.flux.add([new("a.example.org", source="red", **of)])
    assert (await known(store))["a.example.org"].tlp == Tlp.RED
    await store.flux.add([new("a.example.org", source="clear", tlp=Tlp.AMBER, **of)])
    assert (await known(store))["a.example.org"].tlp == Tlp.AMBER
    await store.flux.add([new("a.example.org", source="clear", **of)])
    assert (await known(store))["a.example.org"].tlp == Tlp.CLEAR
    (finding,) = await whole_log(store)
    assert finding.data == {"why": "list", "source": "red", "class": "c2", "tags": [], "path": []}


async def test_a_source_that_nobody_declared_is_an_error_and_nothing_is_written(store: Store) -> None:
    with pytest.raises(ValueError, match="not declared"):
        await store.flux.add([new("a.example.org", source="nobody")])
    assert await known(store) == {}


@pytest.mark.parametrize("tag", ["", "two words", "a,b", "x" * 65, "\n", "a\ud800"])
async def test_what_is_no_tag_is_an_error(store: Store, tag: str) -> None:
    with pytest.raises(ValueError, match="tag"):
        await store.flux.add([new("a.example.org", tags=(tag,))])


async def test_too_many_names_are_an_error(store: Store) -> None:
    with pytest.raises(ValueError, match="at most"):
        await store.flux.add([new("a.example.org")] * (MOST_NAMES + 1))


async def _dropped(store: Store, clock: HandClock, first: NewName) -> int:
    """Add a name and let the tracker drop it; return its id."""
    await store.flux.add([first])
    one = (await known(store))[first.name]
    await store.flux.save(Batch(marks=(mark(one.id, State.DROPPED, reason="stable", due=0.0),)), vantage="v")
    assert [page async for page in store.flux.load()] == []
    clock.move(timedelta(days=1))
    return one.id


@pytest.mark.parametrize(
    ("again", "initial", "back"),
    [
        ({"why": "list", "source": "one"}, True, False),  # a first load tells again what stands in lists
        ({"why": "list", "source": "one"}, False, True),  # it was listed anew
        ({"why": "list", "source": "two"}, True, True),  # another list has it too
        ({"why": "person"}, True, True),
    ],
)
async def test_what_was_dropped_comes_back_with_new_evidence(
    store: Store, clock: HandClock, again: dict, initial: bool, back: bool
) -> None:
    await store.sources.declare("blacklist", {"one": Declared(), "two": Declared()})
    name_id = await _dropped(store, clock, new("a.example.org", why="list", source="one"))
    await store.flux.add([new("a.example.org", **again)], initial=initial)
    (one,) = (await known(store)).values()
    assert one.id == name_id
    assert one.state == (State.CANDIDATE if back else State.DROPPED)
    kinds = [kind for kind, _, _ in await told(store)]
    assert kinds == ["flux.candidate", "flux.revived"][: 1 + back]
    if back:
        assert one.due == clock.now().timestamp()
        assert (await told(store))[-1][2]["was"] == "dropped"


async def test_what_a_person_let_go_no_list_brings_back(store: Store, clock: HandClock) -> None:
    await store.sources.declare("blacklist", {"one": Declared()})
    await store.flux.add([new("a.example.org")])
    assert await store.flux.drop("a.example.org", "ours", "uid 0")
    assert not await store.flux.drop("a.example.org", "ours", "uid 0")
    await store.flux.add([new("a.example.org", why="list", source="one")])
    await store.flux.add([new("a.example.org", why="follow", path=("b.example.org",))])
    assert (await known(store))["a.example.org"].state == State.DROPPED
    await store.flux.add([new("a.example.org")])
    assert (await known(store))["a.example.org"].state == State.CANDIDATE
    await store.flux.save(Batch(marks=(mark(1, State.DROPPED),)), vantage="v")
    await store.flux.add([new("a.example.org", why="list", source="one")])
    assert (await known(store))["a.example.org"].state == State.CANDIDATE
