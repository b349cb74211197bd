"""Names of classes that are chosen no longer."""

from __future__ import annotations

import pytest
from support.fluxing import new
from support.stores import whole_log

from tipd.model.flux import State
from tipd.model.tlp import Tlp
from tipd.store.flux import unchosen
from tipd.store.sources import Declared
from tipd.store.store import Store


@pytest.fixture
async def brought(store: Store) -> Store:
    await store.sources.declare("blacklist", {"one": Declared(tlp=Tlp.RED), "two": Declared(tlp=Tlp.GREEN)})
    by_list = {"why": "list", "by": ""}
    await store.flux.add([
        new("spam.example.org", source="one", class_="spam", **by_list),
        new("phish.example.org", source="one", class_="phishing", **by_list),
        new("both.example.org", source="one", class_="spam", **by_list),
        new("both.example.org", source="two", class_="phishing", **by_list),
        new("mail.example.org", why="spam", class_="spam", by=""),
        new("person.example.org", source="one", class_="spam", **by_list),
        new("person.example.org"),
        new("walked.example.org", why="follow"),
    ])  # fmt: skip
    return store


async def states(store: Store) -> dict[str, State]:
    return {one.name: one.state for one in await store.flux.changed_since(0)}


async def test_what_nothing_else_brought_is_let_go_and_told_once(brought: Store) -> None:
    before = await brought.flux.revision()
    since = len(await whole_log(brought))
    assert await brought.flux.let_go_unchosen(("phishing", "c2-server")) == 2
    gone = {name for name, state in (await states(brought)).items() if state is State.DROPPED}
    assert gone == {"spam.example.org", "mail.example.org"}
    assert {one.name for one in await brought.flux.changed_since(before)} == gone
    told = (await whole_log(brought))[since:]
    assert {(one.kind, one.subject.value, one.tlp) for one in told if one.subject} == {
        ("flux.dropped", "spam.example.org", "red"),
        ("flux.dropped", "mail.example.org", "green"),
    }
    assert told[0].data == {"reason": "unchosen", "was": "candidate", "tags": []}
    assert await brought.flux.let_go_unchosen(("phishing", "c2-server")) == 0
    assert len(await whole_log(brought)) == since + 2


async def test_by_pages_and_all_where_no_class_is_chosen(brought: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unchosen, "AT_ONCE", 1)
    assert await brought.flux.let_go_unchosen(()) == 4
    left = {name for name, state in (await states(brought)).items() if state is not State.DROPPED}
    assert left == {"person.example.org", "walked.example.org"}


async def test_chosen_again_they_come_back_with_a_first_load(brought: Store) -> None:
    await brought.flux.let_go_unchosen(())
    again = [new(f"{word}.example.org", source="one", class_="spam", why="list", by="") for word in ("spam", "both")]
    await brought.flux.add(again, initial=True)
    now = await states(brought)
    assert [now[one.name] for one in again] == [State.CANDIDATE, State.CANDIDATE]
    assert now["phish.example.org"] is State.DROPPED


async def test_what_a_person_let_go_stays_so(brought: Store) -> None:
    await brought.flux.drop("spam.example.org", unchosen.REASON, "ops")
    await brought.flux.let_go_unchosen(())
    again = [new("spam.example.org", source="one", class_="spam", why="list", by="")]
    await brought.flux.add(again, initial=True)
    assert (await states(brought))["spam.example.org"] is State.DROPPED
