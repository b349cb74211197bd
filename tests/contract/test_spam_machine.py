"""Mails taken, repeated, taken back and let age, in whatever order, by whichever source: the store against a model."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import pg
from support.spam_model import KEEP, Model
from support.spamming import batch, declare, file, mail, sha, table, url
from support.stores import START, HandClock, open_store, whole_log

from tipd.model.spam import MailRow
from tipd.model.tlp import Tlp
from tipd.store.store import Store

SOURCES = {"mx1": Tlp.GREEN, "mx2": Tlp.RED, "mx3": Tlp.GREEN}
URLS = (url("www.example.org"), url("www.example.org", "b"), url("*.example.net"), url("192.0.2.80"))
FILES = (file(1), file(2))
MAILS = st.lists(
    st.fixed_dictionaries(
        {
            "keys": st.lists(st.integers(1, 7), max_size=3, unique=True).map(tuple),
            "at": st.integers(-20 * 24, 30).map(lambda hours: START + timedelta(hours=hours)),
            "relay": st.sampled_from([None, "192.0.2.1", "192.0.2.2", "2001:db8::1"]),
            "trap": st.sampled_from([b"", b"\1" * 8, b"\2" * 8]),
            "urls": st.lists(st.integers(0, len(URLS) - 1), max_size=3, unique=True).map(tuple),
            "files": st.lists(st.integers(0, len(FILES) - 1), max_size=2, unique=True).map(tuple),
            "sighted": st.booleans(),
            "class_": st.integers(0, 3),
        }
    ),
    min_size=8,
    max_size=14,
)
NUMBERS = st.lists(st.integers(0, 13), max_size=12)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.sampled_from(sorted(SOURCES)), NUMBERS),
        st.tuples(st.just("take"), st.sampled_from(sorted(SOURCES)), NUMBERS),
        st.tuples(st.just("withdraw"), st.sampled_from(sorted(SOURCES)), NUMBERS),
        st.tuples(st.just("wait"), st.integers(1, 10 * 24), st.none()),
    ),
    max_size=10,
)


def made(drawn: list[dict[str, Any]]) -> list[MailRow]:
    """Return the mails there are; one without a relay is evidence of nothing."""
    return [
        mail(number, **{**one, "sighted": one["sighted"] and one["relay"] is not None})
        for number, one in enumerate(drawn)
    ]


async def step(store: Store, clock: HandClock, model: Model, mails: list[MailRow], what: tuple[Any, ...]) -> None:
    verb, who, numbers = what
    if verb == "take":
        some = [mails[number % len(mails)] for number in numbers]
        taken = await store.spam.take(batch(*some, source=who, urls=URLS, files=FILES), sighting_keep=KEEP)
        assert taken.new == model.take(who, some)
        assert taken.known == len(some) - taken.new
    elif verb == "withdraw":
        names = [sha(number % len(mails)) for number in numbers]
        taken = await store.spam.take(batch(source=who, withdraws=tuple(names)))
        assert taken.withdrawn == model.withdraw(who, names)
    else:
        clock.move(timedelta(hours=who))
        model.now = clock.now()
        assert await store.spam.age(clock.now(), sighting_keep=KEEP) == model.age()


async def check(store: Store, model: Model) -> None:
    for max_tlp in (Tlp.CLEAR, Tlp.GREEN, Tlp.RED):
        rows = (await store.spam.campaigns(max_tlp=max_tlp)).rows
        assert {
            (one.first, one.last, one.mails, one.traps, one.relays, one.urls, one.hosts, one.attachments, one.sources)
            for one in rows
        } == model.shown(max_tlp)
        found: dict[str, Counter[object]] = {
            "hosts": Counter(),
            "urls": Counter(),
            "files": Counter(),
            "days": Counter(),
        }
        for row in rows:
            detail = await store.spam.campaign(row.key, max_tlp=max_tlp)
            assert detail is not None
            found["hosts"].update({one.host: one.count for one in detail.hosts})
            found["urls"].update({(one.host, one.shape): one.count for one in detail.urls})
            found["files"].update({one.sha256: one.count for one in detail.attachments})
            found["days"].update({one.day: one.mails for one in detail.days})
        assert found == {what: model.counted(max_tlp, what) for what in found}
        assert len(await store.spam.mails(limit=1000, max_tlp=max_tlp)) == len(
            model.volume(max_tlp) and model._seen(max_tlp)
        )
    volume = await table(store, "SELECT class, day, sum(mails)::int AS n FROM spam_day GROUP BY 1, 2")
    assert {(row["class"], row["day"]): row["n"] for row in volume} == model.volume(Tlp.RED)


async def check_relays(store: Store, model: Model) -> None:
    rows = await table(
        store,
        "SELECT name, host(relay) AS relay, mails, sighted, first, last FROM spam_relay JOIN source ON id = source_id",
    )
    assert {
        (row["name"], row["relay"]): (row["mails"], row["sighted"], row["first"], row["last"]) for row in rows
    } == model.relays()
    rows = await table(
        store,
        "SELECT name, value, opened, closed, reason FROM sighting JOIN source ON id = source_id ORDER BY opened, closed",  # noqa: E501
    )
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        found.setdefault((row["name"], row["value"]), []).append((row["opened"], row["closed"], row["reason"]))
    assert found == {
        at: [(one.opened, one.closed, one.reason) for one in intervals] for at, intervals in model.sightings.items()
    }
    entries = {row.name: row.entries for row in await store.sources.all()}
    assert entries == {
        name: sum(one.closed is None for (by, _), all_ in model.sightings.items() if by == name for one in all_)
        for name in SOURCES
    }


async def check_log(store: Store, model: Model) -> None:
    log = await whole_log(store)
    grown = [(one.source, one.data["mails"]) for one in log if one.kind == "spam.campaign"]
    assert sorted(grown) == sorted(model.grown)
    hosts = Counter((one.source, one.data["host"], one.at.date()) for one in log if one.kind == "spam.url")
    assert hosts == model.hosts
    listed = Counter(one.kind for one in log if one.kind.startswith("indicator."))
    intervals = [one for all_ in model.sightings.values() for one in all_]
    assert listed["indicator.listed"] == len(intervals)
    assert listed["indicator.delisted"] == sum(one.closed is not None for one in intervals)


async def play(dsn: str, drawn: list[dict[str, Any]], steps: list[tuple[Any, ...]]) -> None:
    clock = HandClock()
    async with open_store(dsn, clock) as store:
        await store.pool.run(_empty)
        await declare(store, **SOURCES)
        model = Model(SOURCES, URLS, FILES, clock.now())
        mails = made(drawn)
        for what in steps:
            await step(store, clock, model, mails, what)
        await check(store, model)
        await check_relays(store, model)
        await check_log(store, model)


async def _empty(connection: Any) -> None:
    names = await connection.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND (relname ^@ 'spam_' OR relname IN ('sighting', 'finding', 'source', 'round'))"
    )
    await connection.execute(f"TRUNCATE {', '.join(row['relname'] for row in names)}")


def test_whatever_is_taken_and_taken_back_is_as_the_model_says(pg_server: pg.Server) -> None:
    name = pg_server.create_migrated()

    @settings(max_examples=15, suppress_health_check=list(HealthCheck))
    @given(MAILS, STEPS)
    def holds(drawn: list[dict[str, Any]], steps: list[tuple[Any, ...]]) -> None:
        trio.run(play, pg_server.dsn(name), drawn, steps)

    holds()
    pg_server.drop(name)
