"""The index against a real database: loads one snapshot, follows the log, begins anew when the log does."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trio
from support.stores import names, open_store, whole_log, write_opened

from tipd import log
from tipd.errors import StoreAway
from tipd.model.allow import AllowList
from tipd.model.canonical import canonical
from tipd.model.key import key_of
from tipd.model.kind import CODE_OF
from tipd.model.tlp import Tlp
from tipd.store.lookup import LookupIndex, follow
from tipd.store.lookup.follow import Follower
from tipd.store.pool import Pool
from tipd.store.sources import Declared

SEED = 2**63 + 5
VALUES = [
    "192.0.2.7",
    "198.51.100.0/24",
    "2001:db8::1",
    "2001:db8:1::/48",
    "example.org",
    "http://example.net/x",
    "ab" * 32,
]


@asynccontextmanager
async def opened(dsn: str) -> AsyncIterator[Pool]:
    async with Pool.open(dsn, log=log.get("test")) as pool:
        await pool.run(prepare)
        yield pool


async def prepare(connection: Any) -> None:
    await connection.execute("CREATE TABLE finding_test PARTITION OF finding DEFAULT")
    for name, value in (("store_id", '"first"'), ("hash_seed", str(SEED))):
        await connection.execute(
            "INSERT INTO meta VALUES ($1, $2::jsonb) ON CONFLICT (name) DO UPDATE SET value = $2::jsonb", name, value
        )
    for name in ("one", "two"):
        await connection.execute("INSERT INTO source (name, module, weight) VALUES ($1, 'blacklist', 0.5)", name)


async def change(connection: Any, values: Sequence[str], source: int, listed: bool, told: bool = True) -> None:
    for value in values:
        indicator = canonical(value)
        key, kind = key_of(SEED, indicator.kind, indicator.value), CODE_OF[indicator.kind]
        if listed:
            await connection.execute(
                "INSERT INTO sighting (key, opened, opened_round, source_id, kind, value) "
                "VALUES ($1, now(), 1, $2, $3, $4)",
                key, source, kind, indicator.value,
            )  # fmt: skip
        else:
            await connection.execute(
                "UPDATE sighting SET closed = now() WHERE key = $1 AND source_id = $2", key, source
            )
        if told:
            await connection.execute(
                "INSERT INTO finding (at, key, source_id, subject_kind, kind, module, subject_value) "
                "VALUES (now(), $1, $2, $3, $4, 'blacklist', $5)",
                key, source, kind, "indicator.listed" if listed else "indicator.delisted", indicator.value,
            )  # fmt: skip


def listed(index: LookupIndex, values: Sequence[str]) -> list[list[str]]:
    return [result["sources"] for result in json.loads(index.lookup(values, Tlp.RED, AllowList()))["results"]]


@pytest.fixture
def follower_of() -> Callable[[Any], Follower]:
    return lambda pool: Follower(LookupIndex(), pool, log.get("test"))


async def test_loads_what_is_open_and_follows_the_log(dsn: str, follower_of: Any) -> None:
    async with opened(dsn) as pool:
        await pool.run(change, VALUES, 1, True)
        await pool.run(change, VALUES[:2], 2, True)
        await pool.run(change, VALUES[2:3], 1, False)
        follower = follower_of(pool)
        index = follower.index
        assert not index.ready
        await follower.catch_up()
        assert index.ready
        assert (index.entries, index.behind, index.hash_seed, index.store_id) == (6, 0, SEED, "first")
        assert listed(index, VALUES) == [["one", "two"], ["one", "two"], [], ["one"], ["one"], ["one"], ["one"]]
        await pool.run(change, VALUES, 1, False)
        await pool.run(change, VALUES[2:5], 2, True)
        assert await follower.catch_up() is False
        assert listed(index, VALUES) == [["two"]] * 5 + [[], []]
        assert index.entries == 5
        assert await follower.catch_up() is False


async def test_reads_a_long_log_in_pages(dsn: str, follower_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "PAGE", 3)
    async with opened(dsn) as pool:
        follower = follower_of(pool)
        await follower.catch_up()
        await pool.run(change, VALUES, 1, True)
        pages = 1
        while await follower.catch_up():
            pages += 1
        assert pages == 3
        assert listed(follower.index, VALUES) == [["one"]] * 7


async def test_a_new_log_or_lost_findings_mean_a_new_load(dsn: str, follower_of: Any) -> None:
    async with opened(dsn) as pool:
        follower = follower_of(pool)
        await pool.run(change, VALUES[:1], 1, True)
        await follower.catch_up()
        # What no finding tells is seen by a new load only.
        await pool.run(change, VALUES[1:2], 1, True, told=False)
        await follower.catch_up()
        assert follower.index.entries == 1
        await pool.run(lambda c: c.execute("""UPDATE meta SET value = '"second"' WHERE name = 'store_id'"""))
        await follower.catch_up()
        assert (follower.index.entries, follower.index.store_id) == (2, "second")
        await pool.run(change, VALUES[2:3], 1, True, told=False)
        await pool.run(lambda c: c.execute("UPDATE finding_floor SET pruned = 1000"))
        await follower.catch_up()
        assert (follower.index.entries, follower.index.loaded) == (3, 1000)


async def test_names_and_weights_of_sources_are_kept_up_to_date(dsn: str, follower_of: Any) -> None:
    async with opened(dsn) as pool:
        await pool.run(change, VALUES[:1], 1, True)
        follower = follower_of(pool)
        await follower.catch_up()
        await pool.run(lambda c: c.execute("UPDATE source SET weight = 0.7 WHERE name = 'one'"))
        await follower.catch_up()
        assert json.loads(follower.index.lookup(VALUES[:1], Tlp.RED, AllowList()))["results"][0]["confidence"] == 0.7


async def test_commits_wake_the_task(dsn: str, follower_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "LOOK_EVERY", 1000.0)
    async with opened(dsn) as pool, trio.open_nursery() as nursery:
        follower = follower_of(pool)
        await nursery.start(follower.run)
        with trio.fail_after(60):
            while not follower.index.ready:
                await trio.sleep(0.01)
            await pool.run(change, VALUES, 1, True)
            follower.committed(7)
            while follower.index.behind:
                await trio.sleep(0.01)
        assert listed(follower.index, VALUES) == [["one"]] * 7
        nursery.cancel_scope.cancel()


class Away:
    """A pool whose database is away at first."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.failures = pool, 2

    async def within(self, *args: Any) -> Any:
        self.failures -= 1
        if self.failures >= 0:
            raise StoreAway("gone")
        return await self.pool.within(*args)

    async def wait_available(self) -> None:
        await trio.lowlevel.checkpoint()


async def test_goes_on_after_the_database_was_away(dsn: str, follower_of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follow, "WAIT_AWAY", 0.01)
    async with opened(dsn) as pool, trio.open_nursery() as nursery:
        await pool.run(change, VALUES, 1, True)
        follower = follower_of(Away(pool))
        await nursery.start(follower.run)
        with trio.fail_after(60):
            while not follower.index.ready:
                await trio.sleep(0.01)
        assert follower.index.entries == 7
        nursery.cancel_scope.cancel()


async def test_the_marks_of_rows_and_of_sources_are_kept_up_to_date(dsn: str, tmp_path: Path) -> None:
    async with open_store(dsn) as store:
        (source,) = await store.sources.declare("blacklist", {"one": Declared(tlp=Tlp.CLEAR)})
        follower = Follower(LookupIndex(), store.pool, log.get("test"))

        async def seen_by() -> list[Tlp]:
            await follower.catch_up()
            found = []
            for mark in Tlp:
                answer = json.loads(
                    follower.index.lookup(["host1.example.org", "host2.example.org"], mark, AllowList())
                )
                if answer["results"][0]["listed"]:
                    found.append(mark)
                    assert answer["results"][0]["sources"] == ["one"]
            return found

        await follower.catch_up()
        for mark, lowest in ((None, 0), (Tlp.AMBER, 2), (Tlp.RED, 4), (Tlp.GREEN, 1)):
            round_id = await store.rounds.begin(source.id)
            opened = write_opened(tmp_path / "o", store.hash_seed, names(1), tlp=mark)
            await store.rounds.apply(round_id, source.id, opened, None)
            assert await seen_by() == list(Tlp)[lowest:]
        told = await whole_log(store)
        assert [finding.kind for finding in told] == ["indicator.listed"] + ["indicator.marked"] * 3
        await store.sources.declare("blacklist", {"one": Declared(tlp=Tlp.AMBER_STRICT)})
        assert await seen_by() == [Tlp.AMBER_STRICT, Tlp.RED]
        await store.sources.declare("blacklist", {"one": Declared(tlp=Tlp.CLEAR)})
        assert await seen_by() == list(Tlp)[1:]
        fresh = Follower(LookupIndex(), store.pool, log.get("test"))
        await fresh.catch_up()
        assert await fresh.index.count(Tlp.CLEAR) == 0
        assert await fresh.index.count(Tlp.GREEN) == 1
        assert await fresh.index.count(Tlp.RED, public=True) == 0
