"""What is open, page by page, and the history of one indicator."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from support.stores import START, HandClock, names, open_store, write_closed, write_opened

from tipd.model.indicator import Indicator
from tipd.model.key import unsigned_key_of
from tipd.model.kind import Kind
from tipd.model.tlp import Tlp
from tipd.store.connection import Connection
from tipd.store.sightings import Listed
from tipd.store.sources import Declared, Outcome
from tipd.store.store import Store

MIXED = [
    Indicator(Kind.IPV4, "192.0.2.1"),
    Indicator(Kind.NETWORK, "198.51.100.0/24"),
    Indicator(Kind.NETWORK, "2001:db8::/32"),
    Indicator(Kind.URL, "http://example.org/"),
    *names(1, 2, 3),
]


async def fill(store: Store, folder: Path, **lists: list[Indicator]) -> dict[str, int]:
    rows = await store.sources.declare("blacklist", dict.fromkeys(lists, Declared()))
    ids = {row.name: row.id for row in rows}
    for name, indicators in lists.items():
        round_id = await store.rounds.begin(ids[name])
        opened = write_opened(folder / name, store.hash_seed, indicators, context={"class": "c2"})
        await store.rounds.apply(round_id, ids[name], opened, None)
    return ids


async def exported(
    store: Store,
    kinds: tuple[str, ...] = (),
    sources: tuple[str, ...] = (),
    max_tlp: Tlp = Tlp.RED,
    public: bool = False,
) -> list[Listed]:
    pages = store.sightings.export(kinds, sources, max_tlp=max_tlp, public=public)
    return [row async for page in pages for row in page]


async def test_an_export_has_each_indicator_once_with_its_sources(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tipd.store.sightings.PAGE", 2)
    await fill(store, tmp_path, a=MIXED, b=names(1, 2, 9))
    rows = await exported(store)
    assert len(rows) == 8
    assert {(row.value, *row.sources) for row in rows if row.kind is Kind.DOMAIN} == {
        ("host1.example.org", "a", "b"),
        ("host2.example.org", "a", "b"),
        ("host3.example.org", "a"),
        ("host9.example.org", "b"),
    }


async def test_an_export_is_filtered(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path, a=MIXED, b=names(1, 9))
    assert {row.value for row in await exported(store, ("network",))} == {"198.51.100.0/24", "2001:db8::/32"}
    assert {row.value for row in await exported(store, sources=("b",))} == {"host1.example.org", "host9.example.org"}
    assert {tuple(row.sources) for row in await exported(store, sources=("b",))} == {("b",)}
    assert await exported(store, ("network",), ("b",)) == []
    assert await exported(store, sources=("nobody",)) == []
    with pytest.raises(ValueError, match="nothing"):
        await exported(store, ("nothing",))


async def mark_rows(store: Store, value: str, mark: Tlp | None) -> None:
    async def work(connection) -> None:
        await connection.execute("UPDATE sighting SET tlp = $2 WHERE value = $1", value, mark)

    await store.writer.write(work)


async def test_an_export_holds_what_may_be_shown(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path, a=names(1, 2), b=names(2, 3), c=names(3, 4))
    marks = {"a": Declared(tlp=Tlp.CLEAR, redistribute=True), "b": Declared(tlp=Tlp.GREEN, redistribute=True)}
    await store.sources.declare("blacklist", marks | {"c": Declared(tlp=Tlp.RED, redistribute=True)})

    async def seen(max_tlp: Tlp, **more: bool) -> dict[str, list[str]]:
        rows = await exported(store, max_tlp=max_tlp, **more)
        return {row.value.partition(".")[0]: row.sources for row in rows}

    assert await seen(Tlp.CLEAR) == {"host1": ["a"], "host2": ["a"]}
    assert await seen(Tlp.GREEN) == {"host1": ["a"], "host2": ["a", "b"], "host3": ["b"]}
    assert await seen(Tlp.AMBER_STRICT) == await seen(Tlp.GREEN)
    assert await seen(Tlp.RED) == {"host1": ["a"], "host2": ["a", "b"], "host3": ["b", "c"], "host4": ["c"]}
    await mark_rows(store, "host1.example.org", Tlp.AMBER)
    assert await seen(Tlp.GREEN) == {"host2": ["a", "b"], "host3": ["b"]}
    assert "host1" in await seen(Tlp.AMBER)
    await mark_rows(store, "host4.example.org", Tlp.CLEAR)  # the stricter of two marks holds
    assert "host4" not in await seen(Tlp.AMBER)
    assert await seen(Tlp.RED, public=True) == {"host2": ["a"]}
    await store.sources.declare("blacklist", dict.fromkeys("abc", Declared(tlp=Tlp.CLEAR)))
    assert await seen(Tlp.RED, public=True) == {}


async def test_history_holds_what_may_be_shown(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path, a=names(1), b=names(1))
    await store.sources.declare("blacklist", {"a": Declared(tlp=Tlp.CLEAR), "b": Declared(tlp=Tlp.AMBER)})

    async def seen(max_tlp: Tlp) -> list[tuple[str, Tlp]]:
        rows = await store.sightings.history("host1.example.org", max_tlp=max_tlp)
        return sorted((row.source, row.tlp) for row in rows)

    assert await seen(Tlp.GREEN) == [("a", Tlp.CLEAR)]
    assert await seen(Tlp.AMBER) == [("a", Tlp.CLEAR), ("b", Tlp.AMBER)]
    await mark_rows(store, "host1.example.org", Tlp.GREEN)
    assert await seen(Tlp.CLEAR) == []
    assert await seen(Tlp.RED) == [("a", Tlp.GREEN), ("b", Tlp.AMBER)]


async def test_what_is_or_was_listed_only_above_a_mark(store: Store, tmp_path: Path) -> None:
    ids = await fill(store, tmp_path, a=names(1), b=names(1, 2), c=[Indicator(Kind.CERT_SHA1, "a1" * 20)])
    declared = {"a": Declared(tlp=Tlp.CLEAR), "b": Declared(tlp=Tlp.RED), "c": Declared(tlp=Tlp.RED)}
    await store.sources.declare("blacklist", declared)
    gone = write_closed(tmp_path / "gone", store.hash_seed, names(2))
    await store.rounds.apply(await store.rounds.begin(ids["b"]), ids["b"], None, gone)
    asked = [(one.kind, one.value) for one in names(1, 2, 3)] + [(Kind.SHA1, "a1" * 20)]
    above = {(Kind.DOMAIN, "host2.example.org"), (Kind.SHA1, "a1" * 20)}
    assert await store.sightings.only_above(asked, Tlp.AMBER) == above
    assert await store.sightings.only_above(asked, Tlp.RED) == set()
    assert await store.sightings.only_above([], Tlp.CLEAR) == set()


async def test_what_has_left_is_not_exported(store: Store, tmp_path: Path) -> None:
    ids = await fill(store, tmp_path, a=MIXED)
    await store.rounds.close_all(1, ids["a"], reason="aged")
    assert await exported(store) == []


async def test_history_says_who_named_it_when_and_why_it_ended(dsn: str, tmp_path: Path) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        ids = await fill(store, tmp_path, a=names(1), b=names(1))
        clock.move(timedelta(hours=1))
        await store.sources.settle(
            ids["b"], Outcome(state="unchanged", at=clock.now(), due=clock.now(), confirmed=True)
        )
        await store.rounds.close_all(1, ids["a"], reason="aged")
        one, two = await store.sightings.history("host1.example.org", max_tlp=Tlp.RED)
        assert (one.source, one.kind, one.opened, one.closed, one.reason) == (
            "a",
            Kind.DOMAIN,
            START,
            clock.now(),
            "aged",
        )
        assert (two.source, two.closed, two.last_seen, two.context) == ("b", None, clock.now(), {"class": "c2"})
        assert await store.sightings.history("host2.example.org", max_tlp=Tlp.RED) == []


async def test_what_sources_say_beside_an_entry_now(store: Store, tmp_path: Path) -> None:
    marks = {"a": Declared(class_="scanner", tlp=Tlp.CLEAR), "b": Declared(tlp=Tlp.AMBER), "c": Declared(tlp=Tlp.CLEAR)}
    ids = {row.name: row.id for row in await store.sources.declare("blacklist", marks)}
    for name, says in (("a", {"port": 80}), ("b", {"port": 81}), ("c", None)):
        round_id = await store.rounds.begin(ids[name])
        opened = write_opened(tmp_path / name, store.hash_seed, names(1, 2), context=says)
        await store.rounds.apply(round_id, ids[name], opened, None)
    gone = write_closed(tmp_path / "gone", store.hash_seed, names(1))
    await store.rounds.apply(round_id, ids["c"], None, gone)
    one, other, missing = [(each.kind, each.value) for each in names(1, 2, 3)]
    said = await store.sightings.said([one, other, missing], Tlp.GREEN)
    shown = {entry: [(each.source, each.context) for each in rows] for entry, rows in said.items()}
    scanner = ("a", {"class": "scanner", "port": 80})
    assert shown == {one: [scanner], other: [scanner, ("c", {"class": "blacklist"})]}
    assert len((await store.sightings.said([one], Tlp.RED))[one]) == 2


async def test_open_keys_are_sorted_and_unsigned(store: Store, tmp_path: Path) -> None:
    many = names(*range(70_000))
    ids = await fill(store, tmp_path, a=many, b=names(1))
    assert await store.sightings.open_keys(ids["a"], tmp_path / "keys") == 70_000
    keys = np.fromfile(tmp_path / "keys", "<u8")
    assert keys.tolist() == sorted(unsigned_key_of(store.hash_seed, one.kind, one.value) for one in many)


async def test_open_keys_of_a_source_without_any(store: Store, tmp_path: Path) -> None:
    ids = await fill(store, tmp_path, a=[])
    assert await store.sightings.open_keys(ids["a"], tmp_path / "keys") == 0
    assert (tmp_path / "keys").read_bytes() == b""


async def test_whether_anything_stands_beside_open_rows(store: Store, tmp_path: Path) -> None:
    ids = await fill(store, tmp_path, a=names(1, 2), b=names(1), c=names(1), d=names(1))

    async def say(connection: Connection, name: str, sets: str) -> None:
        await connection.execute(f"UPDATE sighting SET {sets} WHERE source_id = $1", ids[name])

    await store.pool.run(say, "a", "context = NULL")
    await store.pool.run(say, "b", "closed = opened, reason = 'left'")
    await store.pool.run(say, "c", "context = NULL, until = opened, closed = opened, reason = 'aged'")
    await store.pool.run(say, "d", "context = NULL, tlp = 3")
    assert {name: await store.sightings.says_more(ids[name]) for name in "abcd"} == {
        **{"a": False, "b": False},
        **{"c": True, "d": True},
    }


async def test_a_folder_that_is_not_there_is_our_trouble_not_the_database_s(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await store.sightings.open_keys(1, tmp_path / "no" / "keys")
    assert store.available


async def test_an_export_has_what_the_sources_say_together(store: Store, tmp_path: Path) -> None:
    await store.sources.declare(
        "blacklist",
        {"a": Declared(class_="scanner"), "b": Declared(class_="spam"), "c": Declared(class_="phishing")},
    )
    ids = {row.name: row.id for row in await store.sources.all()}
    for name, said in (
        ("a", {"port": 80, "first_seen": "2026-11-01T00:00:00Z"}),
        ("b", {"port": [22, 80], "first_seen": "2026-10-01T00:00:00Z", "class": "brute-force"}),
        ("c", None),
    ):
        opened = write_opened(tmp_path / "o", store.hash_seed, names(1) if said else names(1, 2), context=said)
        await store.rounds.apply(await store.rounds.begin(ids[name]), ids[name], opened, None)
    rows = {row.value: row.context for row in await exported(store)}
    assert rows == {
        "host1.example.org": {
            "class": ["brute-force", "phishing", "scanner"],
            "port": [22, 80],
            "first_seen": "2026-10-01T00:00:00Z",
        },
        "host2.example.org": {"class": "phishing"},
    }
