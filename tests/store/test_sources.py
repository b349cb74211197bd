"""Sources: declared, leased, settled; never deleted."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
import trio
from support.stores import START, note, open_store, whole_log

from tipd.errors import TryAgain
from tipd.model.tlp import Tlp
from tipd.store.sources import Acceptance, Declared, Outcome, acceptance
from tipd.store.store import Store

HOUR = timedelta(hours=1)
LEASE = timedelta(minutes=10)


def outcome(state: str = "ok", **more: object) -> Outcome:
    return Outcome(state=state, at=START, due=START + HOUR, **more)


async def declare(store: Store, *names: str, module: str = "blacklist", digest: bytes = b"d") -> dict[str, int]:
    return {
        row.name: row.id
        for row in await store.sources.declare(module, dict.fromkeys(names, Declared(digest=digest)))
        if row.declared
    }


async def leased(store: Store, now=START, names: list[str] | None = None) -> list[str]:
    return sorted(row.name for row in await store.sources.lease("blacklist", now, LEASE, names))


async def test_what_is_declared_no_more_is_kept_and_may_return(store: Store) -> None:
    ids = await declare(store, "a", "b")
    assert set(await declare(store, "b", "c")) == {"b", "c"}
    assert [row.name for row in await store.sources.all()] == ["b", "c"]
    assert [row.name for row in await store.sources.all(declared_only=False)] == ["a", "b", "c"]
    assert await leased(store, names=["a"]) == []
    assert (await declare(store, "a", "b"))["a"] == ids["a"]
    assert await declare(store) == {}
    assert await store.sources.all() == []


async def test_modules_have_their_own_sources(store: Store) -> None:
    await declare(store, "a")
    await declare(store, "b", module="spamtrap")
    assert [row.name for row in await store.sources.all()] == ["a", "b"]
    assert await leased(store) == ["a"]
    await declare(store, "a", "b", module="spamtrap")
    assert await leased(store) == []
    row = await store.sources.get("a")
    assert row is not None
    assert row.module == "spamtrap"
    assert await store.sources.get("z") is None


async def test_a_source_read_differently_loses_its_validators_and_nothing_else(store: Store) -> None:
    ids = await declare(store, "a", "b")
    for number in ids.values():
        await store.sources.settle(number, outcome(etag='"x"', last_modified="y", read_digest=b"d", confirmed=True))
    await store.sources.declare("blacklist", {"a": Declared(digest=b"d"), "b": Declared(digest=b"other")})
    same, other = await store.sources.all()
    assert (same.etag, same.last_modified) == ('"x"', "y")
    assert (other.etag, other.last_modified, other.read_digest) == (None, None, b"d")
    assert same.due == other.due == START + HOUR


async def test_the_marks_of_a_declaration_are_kept_while_it_cannot_be_read(store: Store) -> None:
    mine = Declared(tlp=Tlp.RED, redistribute=True, class_="c2-server", licence="mine")
    await store.sources.declare("blacklist", {"a": Declared(), "b": mine})
    a, _ = await store.sources.all()
    assert (a.tlp, a.redistribute, a.class_, a.licence) == (Tlp.AMBER, False, "blacklist", "")
    await store.sources.declare("blacklist", {"a": mine, "b": None})
    for row in await store.sources.all():
        assert (row.tlp, row.redistribute, row.class_, row.licence) == (Tlp.RED, True, "c2-server", "mine")
    await store.sources.declare("blacklist", {"new": None})
    (new,) = await store.sources.all()
    assert (new.tlp, new.redistribute) == (Tlp.RED, False)  # it may say so where it cannot be read


async def test_a_lease_moves_the_due_time(store: Store) -> None:
    ids = await declare(store, "a", "b")
    assert await leased(store) == ["a", "b"]
    assert await leased(store) == []
    await store.sources.settle(ids["a"], outcome())
    assert await leased(store, START + LEASE) == ["b"]  # its lease has passed unsettled
    assert await store.sources.next_due("blacklist") == START + LEASE + LEASE
    assert await leased(store, START + HOUR) == ["a", "b"]


async def test_who_is_named_is_leased_due_or_not(store: Store) -> None:
    await declare(store, "a", "b")
    await leased(store)
    assert await leased(store, names=["b"]) == ["b"]
    assert await leased(store, names=[]) == []


async def test_no_two_processes_get_the_same(dsn: str) -> None:
    got: list[str] = []

    async def take(store: Store) -> None:
        for _ in range(5):
            got.extend(await leased(store))

    async with open_store(dsn) as one, open_store(dsn) as two:
        await declare(one, *(f"s{number}" for number in range(50)))
        async with trio.open_nursery() as nursery:
            nursery.start_soon(take, one)
            nursery.start_soon(take, two)
    assert sorted(got) == sorted(f"s{number}" for number in range(50))


async def test_next_due(store: Store) -> None:
    assert await store.sources.next_due("blacklist") is None
    ids = await declare(store, "a", "b")
    await store.sources.settle(ids["a"], outcome())
    assert await store.sources.next_due("blacklist") is None  # b never ran
    await store.sources.settle(ids["b"], Outcome(state="ok", at=START, due=START + HOUR * 2))
    assert await store.sources.next_due("blacklist") == START + HOUR


async def test_an_unchanged_poll_renews_the_set_and_costs_one_row(store: Store) -> None:
    ids = await declare(store, "a")
    await store.sources.settle(ids["a"], outcome(confirmed=True, changed=True, refused={"bogon": 1}, etag='"1"'))
    later = START + HOUR
    await store.sources.settle(ids["a"], Outcome(state="unchanged", at=later, due=later + HOUR, confirmed=True))
    (row,) = await store.sources.all()
    assert (row.last_success, row.last_change, row.last_attempt) == (later, START, later)
    assert (row.etag, row.refused, row.state, row.state_since) == ('"1"', {"bogon": 1}, "unchanged", later)
    assert await whole_log(store) == []


async def test_a_failure_keeps_what_was_good_and_is_told_with_it(store: Store) -> None:
    ids = await declare(store, "a")
    await store.sources.settle(ids["a"], outcome(confirmed=True, etag='"1"'))
    for number in (1, 2):
        at = START + HOUR * number
        failed = Outcome(
            state="wrong_page",
            at=at,
            due=at + HOUR,
            failures=number,
            error="HTML\0 " + "x" * 10_000,
            set_aside={"path": "set_aside/a", "why": "html"},
        )
        await store.sources.settle(ids["a"], failed, [note(number)])
    (row,) = await store.sources.all()
    assert (row.last_success, row.etag, row.failures) == (START, '"1"', 2)
    assert row.state_since == START + HOUR  # since the first of them
    assert row.set_aside == {"path": "set_aside/a", "why": "html"}
    assert row.error is not None
    assert row.error.startswith("HTML\N{REPLACEMENT CHARACTER} xx")
    assert len(row.error) == 2000
    assert len(await whole_log(store)) == 2
    await store.sources.settle(ids["a"], outcome(confirmed=True, set_aside=None))
    (row,) = await store.sources.all()
    assert (row.error, row.set_aside, row.failures) == (None, None, 0)


async def test_a_source_that_never_was_cannot_be_settled(store: Store) -> None:
    with pytest.raises(LookupError):
        await store.sources.settle(17, outcome(), [note(1)])
    assert await whole_log(store) == []


async def test_a_lease_given_back_ends_only_where_it_still_holds(store: Store) -> None:
    ids = await declare(store, "a", "b", "c")
    assert await leased(store) == ["a", "b", "c"]
    await store.sources.settle(ids["b"], outcome())
    soon = START + timedelta(seconds=5)
    await store.sources.give_back("blacklist", START + LEASE, dict.fromkeys(("a", "b"), soon))
    due = {row.name: row.due for row in await store.sources.all()}
    assert due == {"a": soon, "b": START + HOUR, "c": START + LEASE}


async def test_a_clock_that_stood_ahead_stops_no_source(store: Store) -> None:
    ids = await declare(store, "a", "b")
    ahead = START + timedelta(days=3650)
    await store.sources.settle(ids["a"], Outcome(state="ok", at=ahead, due=ahead + HOUR))
    await store.sources.settle(ids["b"], outcome())
    assert await leased(store) == []  # now it is the start again: nobody is asked sooner than planned …
    assert await leased(store, START + HOUR) == ["a", "b"]  # … nor ten years late


async def test_a_clock_set_back_by_minutes_makes_a_source_wait_that_much_longer(store: Store) -> None:
    ids = await declare(store, "a")
    await store.sources.settle(ids["a"], outcome())
    assert await leased(store, START - HOUR / 2) == []
    row = await store.sources.get("a")
    assert row is not None
    assert (row.last_attempt, row.due) == (START, START + HOUR)


ASIDE = {"path": "set_aside/a", "sha256": "ab" * 32, "why": "shrank", "rows": 5, "entries": 4}
LATER = START + HOUR


async def refused(store: Store, number: int, **more: object) -> None:
    await store.sources.settle(number, outcome("shrunk", failures=1, set_aside=ASIDE | more))


async def test_a_body_set_aside_is_accepted_once_and_told(store: Store) -> None:
    ids = await declare(store, "a", "b")
    await refused(store, ids["a"])
    before = await store.sources.get("a")
    for _ in range(2):
        assert await store.sources.accept("a", LATER) is not None
    row = await store.sources.get("a")
    assert row is not None
    assert before is not None
    assert acceptance(before.set_aside) is None
    word = Acceptance(at=LATER, sha256="ab" * 32, entries=4, rows=5)
    assert acceptance(row.set_aside) == word
    assert {key: value for key, value in row.set_aside.items() if key != "accepted"} == ASIDE
    assert (row.state, row.due, row.failures) == (before.state, before.due, before.failures)
    (told,) = await whole_log(store)
    assert (told.kind, told.module, told.source) == ("source.accepted", "blacklist", "a")
    assert told.data == {"sha256": "ab" * 32, "why": "shrank", "entries": 4}


@pytest.mark.parametrize("aside", [None, {"path": "x", "sha256": "ab"}, ASIDE | {"entries": None}])
async def test_where_nothing_is_to_accept_nothing_is_written(store: Store, aside: object) -> None:
    ids = await declare(store, "a")
    await store.sources.settle(ids["a"], outcome("wrong_page", set_aside=aside))
    assert await store.sources.accept("a", LATER) is None
    assert await store.sources.accept("nobody", LATER) is None
    row = await store.sources.get("a")
    assert row is not None
    assert row.set_aside == aside
    assert await whole_log(store) == []


async def test_an_acceptance_stays_with_its_body_until_the_source_is_well(store: Store) -> None:
    ids = await declare(store, "a")
    await refused(store, ids["a"])
    await store.sources.accept("a", LATER)
    await refused(store, ids["a"], sha256="cd" * 32, entries=3)
    await store.sources.settle(ids["a"], outcome("unreachable", failures=3))
    row = await store.sources.get("a")
    assert row is not None
    assert (row.set_aside["sha256"], row.set_aside["entries"]) == ("cd" * 32, 3)
    assert acceptance(row.set_aside) == Acceptance(at=LATER, sha256="ab" * 32, entries=4, rows=5)
    await store.sources.accept("a", LATER + HOUR)
    row = await store.sources.get("a")
    assert row is not None
    assert acceptance(row.set_aside) == Acceptance(at=LATER + HOUR, sha256="cd" * 32, entries=3, rows=5)
    await store.sources.settle(ids["a"], outcome(confirmed=True, set_aside=None))
    await refused(store, ids["a"])
    row = await store.sources.get("a")
    assert row is not None
    assert row.set_aside == ASIDE
    assert len(await whole_log(store)) == 2


async def test_a_body_that_took_the_place_of_the_one_looked_at_is_not_accepted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await declare(store, "a")
    await refused(store, ids["a"])
    looked_at = await store.sources.get("a")
    await refused(store, ids["a"], sha256="cd" * 32)

    async def as_it_was(_: str) -> object:
        return looked_at

    with monkeypatch.context() as patch, pytest.raises(TryAgain, match="has changed meanwhile"):
        patch.setattr(store.sources, "get", as_it_was)
        await store.sources.accept("a", LATER)
    row = await store.sources.get("a")
    assert row is not None
    assert "accepted" not in row.set_aside
    assert await whole_log(store) == []


async def test_since_when_a_list_fails_is_kept_until_it_is_read(store: Store) -> None:
    (row,) = await store.sources.declare("blacklist", {"one": None})
    for hours, failures, since in ((1, 1, 1), (2, 2, 1), (3, 0, None), (4, 1, 4)):
        at = START + timedelta(hours=hours)
        state = "unreachable" if failures else "ok"
        await store.sources.settle(row.id, Outcome(state=state, at=at, due=at, failures=failures))
        (kept,) = await store.sources.all()
        assert kept.failing_since == (None if since is None else START + timedelta(hours=since))


async def test_a_round_is_not_believed_where_somebody_closed_rows_meanwhile(store: Store) -> None:
    (row,) = await store.sources.declare("blacklist", {"one": None})
    good = Outcome(state="ok", at=START, due=START, last_round=7, moves=row.moves)
    await store.sources.settle(row.id, good)
    assert (await store.sources.all())[0].last_round == 7
    await store.rounds.close_all(1, row.id, reason="source_gone")
    await store.sources.settle(row.id, good)
    (moved,) = await store.sources.all()
    assert (moved.last_round, moved.moves) == (None, row.moves + 1)
    await store.sources.settle(row.id, msgspec.structs.replace(good, moves=moved.moves))
    assert (await store.sources.all())[0].last_round == 7
