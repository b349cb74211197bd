"""Sources that are known and not collected."""

from __future__ import annotations

from support.stores import START, whole_log

from tipd.model.finding import SOURCE_DISABLED, NewFinding
from tipd.model.tlp import Tlp
from tipd.store.sources import Declared
from tipd.store.store import Store
from tipd.store.switches import LEFT_OUT, OFF, Off

WHY = Off(state=OFF, why="enabled = false")


async def states(store: Store) -> dict[str, tuple[str, str | None]]:
    return {row.name: (row.state, row.error) for row in await store.sources.known()}


async def test_they_are_known_with_their_reason_and_never_leased(store: Store) -> None:
    marks = {"a": Declared(digest=b"", tlp=Tlp.RED, class_="spam", licence="CC0")}
    await store.sources.know("blacklist", {"a": WHY, "b": Off(state=LEFT_OUT, why="commercial use: no")}, START, marks)
    assert await states(store) == {"a": (OFF, "enabled = false"), "b": (LEFT_OUT, "commercial use: no")}
    assert await store.sources.all() == []
    row = await store.sources.get("a")
    assert row is not None
    assert (row.declared, row.tlp, row.class_, row.licence) == (False, Tlp.RED, "spam", "CC0")


async def test_one_that_comes_back_is_new_and_one_whose_file_goes_is_removed(store: Store) -> None:
    await store.sources.know("blacklist", {"a": WHY, "b": WHY}, START)
    await store.sources.declare("blacklist", {"a": Declared(digest=b"d")})
    await store.sources.know("blacklist", {}, START)
    assert await states(store) == {"a": ("new", None)}
    row = await store.sources.get("b")
    assert row is not None
    assert row.state == "removed"


async def test_a_declared_one_keeps_its_state(store: Store) -> None:
    await store.sources.declare("blacklist", {"a": Declared(digest=b"d")})
    await store.sources.know("blacklist", {"a": WHY}, START)
    assert await states(store) == {"a": ("new", None)}


async def test_other_modules_sources_are_not_touched(store: Store) -> None:
    await store.sources.know("spamtrap", {"a": WHY}, START)
    await store.sources.know("blacklist", {"a": Off(state=LEFT_OUT, why="x")}, START)
    assert await states(store) == {"a": (OFF, "enabled = false")}


async def test_what_changed_is_told_with_it(store: Store) -> None:
    told = NewFinding(kind=SOURCE_DISABLED, module="blacklist", source="a", data={"why": "enabled = false"})
    await store.sources.know("blacklist", {"a": WHY}, START, findings=[told])
    (finding,) = await whole_log(store)
    assert (finding.kind, finding.source) == (SOURCE_DISABLED, "a")
